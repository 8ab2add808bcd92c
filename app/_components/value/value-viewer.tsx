'use client'

import { Download as DownloadIcon } from 'lucide-react'
import { type ReactNode, useMemo } from 'react'
import { Badge } from '@/app/_ui/badge.tsx'
import { buttonClass } from '@/app/_ui/button-class.ts'
import { CopyButton } from '@/app/_ui/copy-button.tsx'
import { formatCount } from '@/app/_ui/format-number.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { type Tab, Tabs } from '@/app/_ui/tabs.tsx'
import { formatBytes } from '@/lib/base/format-bytes.ts'
import { decodeBase64 } from '@/lib/domain/value/base64.ts'
import { describeValue, type ValueForm, type ValueView } from '@/lib/domain/value/describe-value.ts'
import type { UnpackedView } from '@/lib/services/tree/views.ts'
import { HexView } from './hex-view.tsx'
import { PackedNote } from './packed-note.tsx'
import { ValueContent, VIEW_NAMES } from './value-content.tsx'

const FORM_NAMES: Record<ValueForm, string> = {
  null: 'null',
  empty: 'empty',
  text: 'text',
  json: 'JSON',
  xml: 'XML',
  properties: 'properties',
  binary: 'binary',
}
/** `packed`: the bytes as they are stored, where the other views show what they unpack to. */
export type ShownView = ValueView | 'packed'
const VIEWS: readonly ValueView[] = ['text', 'json', 'xml', 'properties', 'protobuf', 'hex']
export const VALUE_VIEWS: readonly ShownView[] = [...VIEWS, 'packed']

/** A value in the view that suits it; the others stay a click away, or say why they cannot show it. What is packed is shown unpacked. */
export function ValueViewer({
  data,
  truncated,
  unpacked,
  dataLength,
  view,
  onView,
  downloadHref,
  unpackedHref,
}: {
  /** base64; null is null data. */
  data: string | null
  truncated: boolean
  unpacked: UnpackedView | null
  dataLength: number
  view: ShownView | null
  onView: (view: ShownView) => void
  /** Null: it is not given out as a file. */
  downloadHref: string | null
  unpackedHref: string | null
}) {
  const inside = unpacked?.kind === 'unpacked' ? unpacked : null
  const stored = useMemo(() => (data === null ? null : decodeBase64(data)), [data])
  const bytes = useMemo(() => (inside ? decodeBase64(inside.data) : stored), [inside, stored])
  const description = useMemo(() => describeValue(bytes), [bytes])
  const best = description.best
  const shown =
    view === 'packed' ? (inside ? view : best) : view && description.unavailable[view] === undefined ? view : best
  const isCut = inside && shown !== 'packed' ? inside.truncated : truncated
  const tabs: Tab<ShownView>[] = VIEWS.map((name) => ({
    value: name,
    label: VIEW_NAMES[name],
    disabledReason: description.unavailable[name],
    content: <ValueContent description={description} bytes={bytes} view={name} />,
  }))
  if (inside && stored) {
    tabs.push({
      value: 'packed',
      label: 'Packed',
      content: <HexView bytes={stored} label="Packed bytes as hex" />,
    })
  }
  return (
    <section aria-label="Value" className="flex min-w-0 flex-col gap-2">
      {inside && (
        <div className="flex flex-wrap items-center gap-x-2 text-sm">
          <p>
            <PackedNote packing={inside.packing} packed={dataLength} unpacked={inside.bytes} />. What it unpacks to is
            shown.
          </p>
          {unpackedHref !== null && <Download href={unpackedHref}>Download unpacked</Download>}
        </div>
      )}
      {unpacked?.kind === 'failed' && (
        <Notice tone="warn" title={`It begins like ${unpacked.packing} but is not unpacked: ${unpacked.message}`}>
          Its bytes are shown as they are stored.
        </Notice>
      )}
      {isCut && (
        <Notice
          tone="warn"
          title={`Only the first ${formatBytes((shown === 'packed' ? stored : bytes)?.length ?? 0)} of ${formatBytes(
            inside && shown !== 'packed' ? inside.bytes : dataLength,
          )} are shown`}
        >
          {downloadHref === null ? 'The rest is not shown here.' : 'Download the value to see all of it.'}
        </Notice>
      )}
      <Tabs
        label="Views of the value"
        value={shown}
        onChange={onView}
        trailing={
          <span className="flex items-center gap-2 pb-1 text-muted text-xs">
            <Badge>{FORM_NAMES[description.form]}</Badge>
            {!inside && <span title={`${formatCount(dataLength)} bytes`}>{formatBytes(dataLength)}</span>}
            {description.text !== null && description.text !== '' && !isCut && (
              <CopyButton text={description.text} what="value" />
            )}
            {downloadHref !== null && <Download href={downloadHref}>Download raw</Download>}
          </span>
        }
        tabs={tabs}
      />
    </section>
  )
}

function Download({ href, children }: { href: string; children: ReactNode }) {
  return (
    <a href={href} download className={buttonClass({ size: 'small', tone: 'quiet' })}>
      <DownloadIcon aria-hidden className="size-3.5" />
      {children}
    </a>
  )
}
