import type { ChangeField, ChangeKind } from '../../domain/diff/change.ts'
import type { ErrorView } from '../error-view.ts'
import type { ZnodeView } from '../tree/views.ts'

export interface ChangeCounts {
  readonly added: number
  readonly removed: number
  readonly changed: number
}

export interface DiffView {
  readonly id: string
  readonly clusterId: string | null
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

/** A row of the tree that holds only what differs: own change (or none: just a way down) and counts rolled up below it. */
export interface DiffTreeRow {
  readonly path: string
  readonly name: string
  readonly change: ChangeKind | null
  readonly fields: readonly ChangeField[]
  readonly ephemeral: boolean
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
