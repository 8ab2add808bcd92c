import type { ChangeField, ChangeKind } from '../../domain/diff/change.ts'
import type { ErrorView } from '../error-view.ts'
import type { FrozenIgnoreRule } from '../ignore-rules/views.ts'
import type { ZnodeView } from '../tree/views.ts'

export interface ChangeCounts {
  readonly added: number
  readonly removed: number
  readonly changed: number
}

export interface DiffView {
  readonly id: string
  readonly clusterId: string | null
  /** Of the other side, where that is another cluster. */
  readonly otherClusterId: string | null
  /** TreeRef texts. */
  readonly left: string
  readonly right: string
  readonly leftLabel: string
  readonly rightLabel: string
  readonly path: string
  readonly includeEphemerals: boolean
  readonly state: 'queued' | 'running' | 'ready' | 'failed'
  readonly jobId: string | null
  readonly error: ErrorView | null
  readonly summary:
    | (ChangeCounts & {
        readonly compared: number
        readonly ephemeralSkipped: number
        readonly unreadable: readonly string[]
        readonly byField: { readonly data: number; readonly acl: number; readonly kind: number }
        /** Top-level subtrees that differ, largest first, at most 50. */
        readonly byTop: readonly (ChangeCounts & { readonly path: string })[]
        readonly durationMs: number
      })
    | null
  readonly createdAt: string
  readonly finishedAt: string | null
}

/** What the ignore rules of today hide in a diff. */
export interface IgnoredView {
  readonly hidden: number
  /** With how many changes each hides; each change counts for the first rule that hides it. */
  readonly rules: readonly (FrozenIgnoreRule & { readonly hidden: number })[]
  /** The numbers of the summary without what is hidden; null where there is no rule. */
  readonly visible: Pick<NonNullable<DiffView['summary']>, 'added' | 'removed' | 'changed' | 'byField' | 'byTop'> | null
  /** The rules are others than when the diff was made. */
  readonly changedSince: boolean
  /** Changes when the rules do. */
  readonly rulesKey: string
}

/** A row of the tree that holds only what differs: own change (or none: just a way down) and counts rolled up below it. */
export interface DiffTreeRow {
  readonly path: string
  readonly name: string
  readonly change: ChangeKind | null
  readonly fields: readonly ChangeField[]
  readonly ephemeral: boolean
  /** Its own change is one that an ignore rule hides: shown because that was asked for. */
  readonly ignored: boolean
  /** Changes strictly below this path. */
  readonly below: ChangeCounts
}

export interface DiffTreePage {
  readonly rows: readonly DiffTreeRow[]
  readonly next: string | null
}

export interface ChangeDetailView {
  readonly path: string
  readonly change: ChangeKind
  readonly fields: readonly ChangeField[]
  readonly ephemeral: boolean
  readonly before: ZnodeView | null
  readonly after: ZnodeView | null
  /** True when one side moved on since the diff was made (live trees do). */
  readonly movedSince: boolean
}

export interface PickedChangeView {
  readonly path: string
  /** With everything below it. */
  readonly subtree: boolean
  /** Changes that the pick stands for. */
  readonly counts: ChangeCounts
}

export interface ResolvedPicksView {
  readonly picks: readonly PickedChangeView[]
  /** The first of those that stand for no change that is shown. */
  readonly dropped: readonly string[]
  readonly droppedCount: number
}
