'use client'

import { Choice } from '@/app/_ui/choice.tsx'
import type { ConflictPolicy, RestoreMode } from '@/lib/domain/restore/plan.ts'

export const MODE_WORDS: Record<RestoreMode, { label: string; hint: string }> = {
  create: { label: 'Create only', hint: 'Adds what is missing. Changes and deletes nothing.' },
  update: { label: 'Create and change', hint: 'Adds what is missing and changes what differs. Deletes nothing.' },
  mirror: {
    label: 'Mirror',
    hint: 'Also deletes what the source does not have. Ephemeral znodes and /zookeeper stay.',
  },
}

export const CONFLICT_WORDS: Record<ConflictPolicy, { label: string; hint: string }> = {
  stop: { label: 'Stop', hint: 'At the first znode that somebody else has changed since the plan, stop and ask.' },
  skip: { label: 'Skip', hint: 'Leave that znode as it is now, go on, and list it.' },
  overwrite: { label: 'Overwrite', hint: 'Write over whatever is there by then.' },
}

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
