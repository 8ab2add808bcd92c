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

/** Why a plan leaves something out, by the reason's code: what follows a number. */
export const SKIPPED_WORDS: Readonly<Record<string, string>> = {
  ephemeral: 'ephemeral: they belong to sessions and are never restored',
  system: 'in /zookeeper: it belongs to the servers',
  ignored: 'that differ only in what ignore rules hide:',
  mode: 'that the chosen mode does not write: create only never changes, and only mirror deletes',
  'kept-parent': 'that stay because something below them stays',
  'acl-masked': 'whose whole ACL the source hides',
  'parent-missing': 'whose parent is left out',
  'ephemeral-parent': 'below an ephemeral znode, which can have no children',
  'kind-differs': 'that differ only in their kind, which cannot be changed',
  'too-large': 'too large for one request to this server',
  unreadable: 'that could not be read',
  'later-write': 'that somebody else has changed since',
  'not-empty': 'that have children which the plan does not know',
  'not-in-safety-backup': 'that the safety backup does not hold',
}
