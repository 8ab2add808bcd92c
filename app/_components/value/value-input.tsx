'use client'

import { useState } from 'react'
import { Choice } from '@/app/_ui/choice.tsx'
import { TextAreaField } from '@/app/_ui/field.tsx'
import { decodeBase64, encodeBase64 } from '@/lib/domain/value/base64.ts'
import { formatHex, parseHex } from '@/lib/domain/value/hex.ts'
import {
  decodeUtf8,
  encodeUtf8,
  findTextEditFault,
  type LineEnds,
  lineEndsOf,
  withLineEnds,
} from '@/lib/domain/value/utf8.ts'

export type ValueMode = 'text' | 'hex' | 'empty' | 'null'

export interface ValueDraft {
  readonly mode: ValueMode
  readonly text: string
  readonly hex: string
  /** Line ends that the value had; a text box only knows one kind. */
  readonly lineEnds: LineEnds
  /** Why the value cannot be edited as text; null when it can. */
  readonly textFault: string | null
}

/** A draft that holds exactly the given value. `data` is base64; null is null data. */
export function draftOf(data: string | null): ValueDraft {
  const bytes = data === null ? new Uint8Array() : decodeBase64(data)
  const text = decodeUtf8(bytes)
  const textFault = text === null ? 'The value is not valid UTF-8. Edit it as hex.' : findTextEditFault(text)
  return {
    mode: data === null ? 'null' : bytes.length === 0 ? 'empty' : textFault ? 'hex' : 'text',
    text: textFault === null && text !== null ? text.replaceAll('\r\n', '\n') : '',
    hex: formatHex(bytes),
    lineEnds: text === null ? 'none' : lineEndsOf(text),
    textFault,
  }
}

export type DraftValue =
  | { readonly kind: 'value'; readonly data: string | null; readonly bytes: number }
  | { readonly kind: 'fault'; readonly message: string }

/** What the draft would write. */
export function valueOfDraft(draft: ValueDraft): DraftValue {
  if (draft.mode === 'null') return { kind: 'value', data: null, bytes: 0 }
  if (draft.mode === 'empty') return { kind: 'value', data: '', bytes: 0 }
  if (draft.mode === 'hex') {
    const parsed = parseHex(draft.hex)
    if (parsed.kind === 'fault') return parsed
    return { kind: 'value', data: encodeBase64(parsed.bytes), bytes: parsed.bytes.length }
  }
  const bytes = encodeUtf8(withLineEnds(draft.text, draft.lineEnds))
  return { kind: 'value', data: encodeBase64(bytes), bytes: bytes.length }
}

const LINE_ENDS: Partial<Record<LineEnds, string>> = { crlf: 'Line ends are kept as CR LF.' }

/** Edits a value as text or bytes. Switching between the two carries the value over, so nothing is lost on the way. */
export function ValueInput({ draft, onChange }: { draft: ValueDraft; onChange: (draft: ValueDraft) => void }) {
  const [switchFault, setSwitchFault] = useState<string | null>(null)
  const choose = (mode: ValueMode) => {
    setSwitchFault(null)
    const current = valueOfDraft(draft)
    if (mode === 'empty' || mode === 'null' || draft.mode === 'empty' || draft.mode === 'null') {
      onChange({ ...draft, mode })
      return
    }
    if (current.kind === 'fault') {
      setSwitchFault(current.message)
      return
    }
    const next = draftOf(current.data)
    if (mode === 'text' && next.textFault) setSwitchFault(next.textFault)
    else onChange({ ...next, mode, lineEnds: mode === 'hex' ? draft.lineEnds : next.lineEnds })
  }
  const value = valueOfDraft(draft)
  const textFault = draft.mode === 'hex' && value.kind === 'value' ? draftOf(value.data).textFault : draft.textFault
  return (
    <div className="flex flex-col gap-3">
      <Choice
        label="The value is"
        name="value-mode"
        columns
        value={draft.mode}
        onChange={choose}
        options={[
          {
            value: 'text',
            label: 'Text',
            hint: 'UTF-8',
            disabledReason: draft.mode === 'hex' ? (textFault ?? undefined) : undefined,
          },
          { value: 'hex', label: 'Hex', hint: 'Byte by byte' },
          { value: 'empty', label: 'Empty', hint: 'Zero bytes' },
          { value: 'null', label: 'Null', hint: 'No data at all' },
        ]}
      />
      {draft.mode === 'text' && (
        <TextAreaField
          label="Value"
          value={draft.text}
          onChange={(event) => onChange({ ...draft, text: event.target.value })}
          rows={12}
          spellCheck={false}
          className="font-mono text-xs"
          hint={LINE_ENDS[draft.lineEnds]}
          error={switchFault ?? undefined}
        />
      )}
      {draft.mode === 'hex' && (
        <TextAreaField
          label="Value as hex digits"
          value={draft.hex}
          onChange={(event) => onChange({ ...draft, hex: event.target.value })}
          rows={12}
          spellCheck={false}
          className="font-mono text-xs"
          error={switchFault ?? (value.kind === 'fault' ? value.message : undefined)}
        />
      )}
    </div>
  )
}
