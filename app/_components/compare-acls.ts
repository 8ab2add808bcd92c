import type { AclEntryView } from '@/lib/services/tree/views.ts'

export interface AclRow {
  readonly entry: AclEntryView
  readonly state: 'same' | 'added' | 'removed'
}

/** Entries of both lists, those of one side marked; the order within a list does not matter to ZooKeeper. */
export function compareAcls(before: readonly AclEntryView[], after: readonly AclEntryView[]): AclRow[] {
  const key = (entry: AclEntryView) => `${entry.scheme} ${entry.id} ${entry.perms}`
  const inAfter = new Set(after.map(key))
  const inBefore = new Set(before.map(key))
  return [
    ...before.map((entry): AclRow => ({ entry, state: inAfter.has(key(entry)) ? 'same' : 'removed' })),
    ...after.filter((entry) => !inBefore.has(key(entry))).map((entry): AclRow => ({ entry, state: 'added' })),
  ]
}
