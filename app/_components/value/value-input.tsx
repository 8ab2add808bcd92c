'use client'

import { useState } from 'react'
import { Choice } from '@/app/_ui/choice.tsx'
import { TextAreaField } from '@/app/_ui/field.tsx'
import type { LineEnds } from '@/lib/domain/value/utf8.ts'
import { draftOf, type ValueDraft, type ValueMode, valueOfDraft } from './value-draft.ts'

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
