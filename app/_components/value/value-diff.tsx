'use client'

import clsx from 'clsx'
import { useMemo, useState } from 'react'
import { Button } from '@/app/_ui/button.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { ScrollBox } from '@/app/_ui/scroll-box.tsx'
import { formatBytes } from '@/lib/base/format-bytes.ts'
import { decodeBase64 } from '@/lib/domain/value/base64.ts'
import { describeValue, type ValueDescription } from '@/lib/domain/value/describe-value.ts'
import { formatJsonText } from '@/lib/domain/value/json-text.ts'
import type { Packing } from '@/lib/domain/value/packing.ts'
import { formatXmlText } from '@/lib/domain/value/xml-text.ts'
import type { UnpackedView } from '@/lib/services/tree/views.ts'
import { HexView } from './hex-view.tsx'
import { PackedNote } from './packed-note.tsx'
import { compareTexts, foldSame, type SideLine, type SideRow } from './side-by-side.ts'

type Mode = 'text' | 'formatted' | 'hex'

interface Side {
  readonly label: string
  /** base64; null is null data; undefined: there is no znode on this side. */
  readonly data: string | null | undefined
  readonly unpacked?: UnpackedView | null
  /** Without data: whether there was a znode is not known. */
  readonly isUnknown?: true
}

/** Two values side by side: what both sides unpack to where they are packed alike, else the bytes as stored. */
export function ValueDiff({ left, right }: { left: Side; right: Side }) {
  const [asStored, setAsStored] = useState(false)
  const inside = useMemo(() => unpackBoth(left, right), [left, right])
  if (!inside) return <PlainDiff left={left} right={right} />
  const { packing } = inside
  const isSame = inside.left.data === inside.right.data && !inside.isCut
  return (
    <div className="flex min-w-0 flex-col gap-2">
      <Notice
        title={asStored ? `Compared as stored: packed bytes (${packing})` : `Compared as unpacked (${packing})`}
        action={
          <Button size="small" aria-pressed={asStored} onClick={() => setAsStored(!asStored)}>
            Compare packed bytes
          </Button>
        }
      >
        {inside.notes.map((note) => (
          <p key={note.label}>
            {note.label}: <PackedNote packing={packing} packed={note.packed} unpacked={note.unpacked} />
          </p>
        ))}
        {isSame && <p>Both unpack to the same bytes: they were only packed differently.</p>}
        {inside.isCut && !asStored && <p>Only the first part of what they unpack to is compared here.</p>}
      </Notice>
      {asStored ? (
        <PlainDiff key="stored" left={left} right={right} />
      ) : (
        <PlainDiff key="unpacked" left={inside.left} right={inside.right} />
      )}
    </div>
  )
}

interface UnpackedPair {
  readonly packing: Packing
  readonly left: Side
  readonly right: Side
  readonly notes: readonly { readonly label: string; readonly packed: number; readonly unpacked: number }[]
  readonly isCut: boolean
}

/** Null unless both sides are packed the same way, or one is and the other has no bytes at all. */
function unpackBoth(left: Side, right: Side): UnpackedPair | null {
  const notes: { label: string; packed: number; unpacked: number }[] = []
  const packings = new Set<Packing>()
  let isCut = false
  const unpack = (side: Side): Side | null => {
    if (side.data === undefined || side.data === null || side.data === '') return { ...side, unpacked: null }
    if (side.unpacked?.kind !== 'unpacked') return null
    const { packing, bytes, data, truncated } = side.unpacked
    packings.add(packing)
    isCut ||= truncated
    notes.push({ label: side.label, packed: decodeBase64(side.data).length, unpacked: bytes })
    return { label: side.label, data }
  }
  const [before, after] = [unpack(left), unpack(right)]
  const [packing, another] = packings
  if (!before || !after || packing === undefined || another !== undefined) return null
  return { packing, left: before, right: after, notes, isCut }
}

/** Words marked in text, bytes marked in hex. Says so where a side is null, empty or not there. */
function PlainDiff({ left, right }: { left: Side; right: Side }) {
  const sides = useMemo(() => ({ left: describeSide(left), right: describeSide(right) }), [left, right])
  const isText = sides.left.text !== null && sides.right.text !== null
  const formatted = isText ? formatBoth(sides.left, sides.right) : null
  const [asked, setAsked] = useState<Mode | null>(null)
  const best: Mode = !isText ? 'hex' : formatted && isOneLine(sides.left, sides.right) ? 'formatted' : 'text'
  const mode = asked === null || (asked === 'formatted' && !formatted) || (asked === 'text' && !isText) ? best : asked
  return (
    <div className="flex min-w-0 flex-col gap-2">
      <fieldset className="flex flex-wrap items-center gap-1">
        <legend className="sr-only">How the values are compared</legend>
        <ModeButton
          name="text"
          label="As stored"
          current={mode}
          onChoose={setAsked}
          reason={!isText && 'One side is not text'}
        />
        <ModeButton
          name="formatted"
          label="Formatted"
          current={mode}
          onChoose={setAsked}
          reason={!formatted && 'Only JSON and XML can be formatted'}
        />
        <ModeButton name="hex" label="Hex" current={mode} onChoose={setAsked} />
      </fieldset>
      {mode === 'hex' ? (
        <HexDiff left={left} right={right} sides={sides} />
      ) : (
        <TextDiff
          left={left.label}
          right={right.label}
          leftText={mode === 'formatted' && formatted ? formatted.left : (sides.left.text ?? '')}
          rightText={mode === 'formatted' && formatted ? formatted.right : (sides.right.text ?? '')}
          notes={{ left: sides.left.note, right: sides.right.note }}
        />
      )}
    </div>
  )
}

function ModeButton({
  name,
  label,
  current,
  reason,
  onChoose,
}: {
  name: Mode
  label: string
  current: Mode
  reason?: string | false | null
  onChoose: (mode: Mode) => void
}) {
  return (
    <Button
      size="small"
      tone={name === current ? 'plain' : 'quiet'}
      aria-pressed={name === current}
      disabledReason={reason}
      onClick={() => onChoose(name)}
    >
      {label}
    </Button>
  )
}

interface DescribedSide {
  readonly bytes: Uint8Array | null
  readonly text: string | null
  readonly form: ValueDescription['form'] | 'absent'
  readonly note: string | null
}

function describeSide({ data, isUnknown }: Side): DescribedSide {
  const note = isUnknown ? 'What was here is not known' : 'There is no such znode here'
  if (data === undefined) return { bytes: null, text: '', form: 'absent', note }
  const bytes = data === null ? null : decodeBase64(data)
  const { form, text } = describeValue(bytes)
  if (form === 'null') return { bytes, text: '', form, note: 'Null: no data at all' }
  if (form === 'empty') return { bytes, text: '', form, note: 'Empty: zero bytes' }
  return { bytes, text: form === 'binary' ? null : text, form, note: null }
}

const isOneLine = (...sides: DescribedSide[]) => sides.every((side) => !side.text?.trim().includes('\n'))

function formatBoth(left: DescribedSide, right: DescribedSide): { left: string; right: string } | null {
  for (const format of [formatJsonText, formatXmlText]) {
    const form = format === formatJsonText ? 'json' : 'xml'
    const texts = [left, right].map((side) => (side.form === form ? format(side.text ?? '') : side.note ? '' : null))
    const [before, after] = texts
    if (before !== null && before !== undefined && after !== null && after !== undefined && (before || after)) {
      return { left: before, right: after }
    }
  }
  return null
}

function HexDiff({
  left,
  right,
  sides,
}: {
  left: Side
  right: Side
  sides: { left: DescribedSide; right: DescribedSide }
}) {
  return (
    <div className="grid gap-3 2xl:grid-cols-2">
      {(['left', 'right'] as const).map((name) => {
        const side = sides[name]
        const other = sides[name === 'left' ? 'right' : 'left']
        const label = name === 'left' ? left.label : right.label
        return (
          <div key={name} className="min-w-0">
            <p className="mb-1 truncate text-muted text-xs" title={label}>
              {label}
              {side.bytes && `, ${formatBytes(side.bytes.length)}`}
            </p>
            {side.note || !side.bytes ? (
              <p className="rounded-md border border-dashed px-3 py-2 text-muted text-sm">{side.note}</p>
            ) : (
              <HexView
                bytes={side.bytes}
                other={other.bytes ?? new Uint8Array()}
                tone={name === 'left' ? 'removed' : 'added'}
                label={`${label} as hex`}
                className="max-h-96"
              />
            )}
          </div>
        )
      })}
    </div>
  )
}

const ROW_TONES: Record<SideRow['kind'], { left: string; right: string }> = {
  same: { left: '', right: '' },
  changed: { left: 'bg-removed-soft', right: 'bg-added-soft' },
  removed: { left: 'bg-removed-soft', right: 'bg-sunken' },
  added: { left: 'bg-sunken', right: 'bg-added-soft' },
}

/** Rows beyond this would make the page slow; the rest is told, and the hex view has no limit. */
const ROWS_MAX = 3000

function TextDiff({
  left,
  right,
  leftText,
  rightText,
  notes,
}: {
  left: string
  right: string
  leftText: string
  rightText: string
  notes: { left: string | null; right: string | null }
}) {
  const compared = useMemo(() => compareTexts(leftText, rightText), [leftText, rightText])
  const [opened, setOpened] = useState<ReadonlySet<number>>(new Set())
  if (compared.kind === 'too-large') {
    return (
      <p className="rounded-md border px-3 py-3 text-sm">
        The values are too large or too different to compare line by line here. Use Hex, or download both.
      </p>
    )
  }
  const { rows } = compared
  const folded = foldSame(rows).flatMap((row) =>
    row.kind === 'fold' && opened.has(row.from) ? rows.slice(row.from, row.from + row.count) : [row],
  )
  return (
    <ScrollBox label="Values side by side" className="max-h-[36rem] rounded-md border">
      <table className="w-full min-w-[36rem] table-fixed border-collapse font-mono text-xs leading-5">
        <colgroup>
          <col className="w-10" />
          <col />
          <col className="w-10" />
          <col />
        </colgroup>
        <thead>
          <tr className="sticky top-0 z-10 bg-surface text-left font-sans shadow-[0_1px_0_var(--line)]">
            <th scope="colgroup" colSpan={2} className="truncate px-2 py-1.5 font-medium">
              {left}
            </th>
            <th scope="colgroup" colSpan={2} className="truncate border-l px-2 py-1.5 font-medium">
              {right}
            </th>
          </tr>
        </thead>
        <tbody>
          {(notes.left || notes.right) && (
            <tr className="font-sans text-muted italic">
              <td colSpan={2} className="px-2 py-1">
                {notes.left}
              </td>
              <td colSpan={2} className="border-l px-2 py-1">
                {notes.right}
              </td>
            </tr>
          )}
          {folded.slice(0, ROWS_MAX).map((row) =>
            row.kind === 'fold' ? (
              <tr key={`fold ${row.from}`} className="bg-sunken">
                <td colSpan={4} className="px-2 py-0.5 text-center font-sans">
                  <button type="button" className="link" onClick={() => setOpened(new Set(opened).add(row.from))}>
                    Show {plural(row.count, 'equal line')}
                  </button>
                </td>
              </tr>
            ) : (
              <tr key={`${row.left?.number ?? ''} ${row.right?.number ?? ''}`}>
                <SideCells
                  line={row.left}
                  tone={ROW_TONES[row.kind].left}
                  sign={row.kind === 'same' ? '' : '−'}
                  mark="bg-removed-mark"
                />
                <SideCells
                  line={row.right}
                  tone={ROW_TONES[row.kind].right}
                  sign={row.kind === 'same' ? '' : '+'}
                  mark="bg-added-mark"
                  right
                />
              </tr>
            ),
          )}
          {folded.length > ROWS_MAX && (
            <tr>
              <td colSpan={4} className="px-2 py-1 text-center font-sans text-muted">
                {plural(folded.length - ROWS_MAX, 'more line')} not shown
              </td>
            </tr>
          )}
        </tbody>
      </table>
    </ScrollBox>
  )
}

function SideCells({
  line,
  tone,
  sign,
  mark,
  right,
}: {
  line: SideLine | null
  tone: string
  sign: string
  mark: string
  right?: boolean
}) {
  return (
    <>
      <td className={clsx('select-none px-1 text-right align-top text-muted', tone, right && 'border-l')}>
        {line?.number}
        <span aria-hidden>{line ? sign : ''}</span>
      </td>
      <td className={clsx('whitespace-pre-wrap break-words px-2 align-top', tone)}>
        {line?.segments.map((segment, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: segments of one line, in order
          <span key={index} className={segment.marked ? clsx('rounded-sm', mark) : undefined}>
            {segment.text}
          </span>
        ))}
      </td>
    </>
  )
}
