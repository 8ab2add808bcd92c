'use client'

import { Choice } from '@/app/_ui/choice.tsx'
import type { ConflictPolicy, RestoreMode } from '@/lib/domain/restore/plan.ts'
import { CONFLICT_WORDS, MODE_WORDS } from './restore-words.ts'

const MODES: readonly RestoreMode[] = ['create', 'update', 'mirror']
const POLICIES: readonly ConflictPolicy[] = ['stop', 'skip', 'overwrite']

export function RestoreOptions({
  mode,
  onMode,
  onConflict,
  onOnConflict,
}: {
  mode: RestoreMode
  onMode: (mode: RestoreMode) => void
  onConflict: ConflictPolicy
  onOnConflict: (policy: ConflictPolicy) => void
}) {
  return (
    <>
      <Choice
        label="What may be written"
        name="mode"
        columns
        value={mode}
        onChange={onMode}
        options={MODES.map((value) => ({ value, ...MODE_WORDS[value] }))}
      />
      <Choice
        label="When a znode was changed since the plan"
        name="on-conflict"
        columns
        value={onConflict}
        onChange={onOnConflict}
        options={POLICIES.map((value) => ({ value, ...CONFLICT_WORDS[value] }))}
      />
    </>
  )
}
