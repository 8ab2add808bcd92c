'use client'

import { Download } from 'lucide-react'
import { type ReactNode, useMemo } from 'react'
import { Badge } from '@/app/_ui/badge.tsx'
import { buttonClass } from '@/app/_ui/button-class.ts'
import { CopyButton } from '@/app/_ui/copy-button.tsx'
import { formatBytes, formatCount } from '@/app/_ui/format-number.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { ScrollBox } from '@/app/_ui/scroll-box.tsx'
import { Tabs } from '@/app/_ui/tabs.tsx'
import { decodeBase64 } from '@/lib/domain/value/base64.ts'
import {
  describeValue,
  type ValueDescription,
  type ValueForm,
  type ValueView,
} from '@/lib/domain/value/describe-value.ts'
import { formatJsonText } from '@/lib/domain/value/json-text.ts'
import { parseProperties } from '@/lib/domain/value/properties-text.ts'
import { formatXmlText } from '@/lib/domain/value/xml-text.ts'
import { HexView } from './hex-view.tsx'

const FORM_NAMES: Record<ValueForm, string> = {
  null: 'null',
  empty: 'empty',
  text: 'text',
  json: 'JSON',
  xml: 'XML',
  properties: 'properties',
  binary: 'binary',
}
export const VALUE_VIEWS: readonly ValueView[] = ['text', 'json', 'xml', 'properties', 'hex']
const VIEW_NAMES: Record<ValueView, string> = {
  text: 'Text',
  json: 'JSON',
  xml: 'XML',
  properties: 'Properties',
  hex: 'Hex',
}

/** A value in the view that suits it; the others stay a click away, or say why they cannot show it. */
export function ValueViewer({
  data,
  truncated,
  dataLength,
  view,
  onView,
  downloadHref,
}: {
  /** base64; null is null data. */
  data: string | null
  truncated: boolean
  dataLength: number
  view: ValueView | null
  onView: (view: ValueView) => void
  downloadHref: string
}) {
  const bytes = useMemo(() => (data === null ? null : decodeBase64(data)), [data])
  const description = useMemo(() => describeValue(bytes), [bytes])
  const shown = view !== null && description.unavailable[view] === undefined ? view : description.best
  return (
    <section aria-label="Value" className="flex min-w-0 flex-col gap-2">
      {truncated && (
        <Notice
          tone="warn"
          title={`Only the first ${formatBytes(bytes?.length ?? 0)} of ${formatBytes(dataLength)} are shown`}
        >
          Download the value to see all of it.
        </Notice>
      )}
      <Tabs
        label="Views of the value"
        value={shown}
        onChange={onView}
        trailing={
          <span className="flex items-center gap-2 pb-1 text-muted text-xs">
            <Badge>{FORM_NAMES[description.form]}</Badge>
            <span title={`${formatCount(dataLength)} bytes`}>{formatBytes(dataLength)}</span>
            {description.text !== null && description.text !== '' && !truncated && (
              <CopyButton text={description.text} what="value" />
            )}
            <a href={downloadHref} download className={buttonClass({ size: 'small', tone: 'quiet' })}>
              <Download aria-hidden className="size-3.5" />
              Download raw
            </a>
          </span>
        }
        tabs={VALUE_VIEWS.map((name) => ({
          value: name,
          label: VIEW_NAMES[name],
          disabledReason: description.unavailable[name],
          content: <ValueContent description={description} bytes={bytes} view={name} />,
        }))}
      />
    </section>
  )
}

function ValueContent({
  description,
  bytes,
  view,
}: {
  description: ValueDescription
  bytes: Uint8Array | null
  view: ValueView
}): ReactNode {
  if (bytes === null) {
    return (
      <p className="rounded-md border border-dashed px-3 py-4 text-muted text-sm">
        <strong className="text-fg">Null.</strong> This znode has no data at all, which is not the same as an empty
        value.
      </p>
    )
  }
  if (bytes.length === 0) {
    return (
      <p className="rounded-md border border-dashed px-3 py-4 text-muted text-sm">
        <strong className="text-fg">Empty.</strong> The value has zero bytes, which is not the same as null.
      </p>
    )
  }
  if (view === 'hex') {
    return (
      <>
        {description.signature && <p className="mb-2 text-muted text-sm">It begins like {description.signature}.</p>}
        <HexView bytes={bytes} label="Value as hex" />
      </>
    )
  }
  const text = description.text ?? ''
  if (view === 'properties') return <PropertiesTable text={text} />
  const shown = view === 'json' ? formatJsonText(text) : view === 'xml' ? formatXmlText(text) : text
  return (
    <ScrollBox
      label={`Value as ${view === 'text' ? 'text' : VIEW_NAMES[view]}`}
      className="max-h-[32rem] rounded-md border bg-sunken"
    >
      <pre className="whitespace-pre-wrap break-words p-3 font-mono text-xs leading-5">{shown}</pre>
    </ScrollBox>
  )
}

function PropertiesTable({ text }: { text: string }) {
  const pairs = parseProperties(text) ?? []
  return (
    <ScrollBox label="Value as Properties" className="max-h-[32rem] rounded-md border bg-sunken">
      <table className="w-full text-left font-mono text-xs">
        <thead>
          <tr className="border-b text-muted">
            <th scope="col" className="px-3 py-1.5 font-normal font-sans">
              Key
            </th>
            <th scope="col" className="px-3 py-1.5 font-normal font-sans">
              Value
            </th>
          </tr>
        </thead>
        <tbody className="divide-y">
          {pairs.map((pair) => (
            <tr key={pair.line}>
              <td className="px-3 py-1 align-top">{pair.key}</td>
              <td className="whitespace-pre-wrap break-all px-3 py-1">{pair.value}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollBox>
  )
}
