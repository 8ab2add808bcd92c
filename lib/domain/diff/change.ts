import type { UnreadableZnode, Znode } from '../znode/znode.ts'

export type ChangeKind = 'added' | 'removed' | 'changed'
/** What differs in a `changed` znode. `kind` covers persistent/container/ttl/ephemeral and the TTL; `unknown` differs from nothing. */
export type ChangeField = 'data' | 'acl' | 'kind'

/**
 * One difference: what turns tree A into tree B. Carries both znodes, so that a plan or a page needs no second read.
 * `added`: before null. `removed`: after null. `changed`: both, and at least one field.
 */
export interface Change {
  readonly path: string
  readonly change: ChangeKind
  readonly fields: readonly ChangeField[]
  /** True when either side is an ephemeral znode. */
  readonly ephemeral: boolean
  readonly before: Znode | null
  readonly after: Znode | null
}

export interface DiffCounts {
  added: number
  removed: number
  changed: number
  /** Distinct paths looked at on either side, ephemerals and excluded system paths not counted. */
  compared: number
  /** Ephemeral differences that were left out (0 when they are asked for). */
  ephemeralSkipped: number
  /** Places that one side could not read: nothing below them was compared. */
  unreadable: number
}

export type DiffSide = 'before' | 'after'

export interface DiffOptions {
  /** Report ephemerals too. Default false: they belong to sessions, not to the data. */
  readonly includeEphemerals?: boolean
  /** Compare /zookeeper and below too. Default false: every server writes there by itself. */
  readonly includeSystem?: boolean
  /** Compare only at and below these paths. Default: everything the streams hold. */
  readonly roots?: readonly string[]
  /** Told of each place that a side could not read, before any change behind it in path order is yielded. */
  readonly onUnreadable?: (side: DiffSide, place: UnreadableZnode) => void
  /** Told of each znode on both sides whose sequence counter (stat.cversion) is higher after than before, changed or not. */
  readonly onCounterAhead?: (before: Znode, after: Znode) => void
  /** Told of each pair of which one side is a container or has a TTL and the other side does not tell its kind. */
  readonly onKindUntold?: (before: Znode, after: Znode) => void
  readonly signal?: AbortSignal
}
