import type { ChangeField } from '../../domain/diff/change.ts'
import type { Packing } from '../../domain/value/packing.ts'
import type { ZnodeKind } from '../../domain/znode/znode.ts'
import type { HiddenValueView } from '../values/views.ts'

export interface ChildView {
  readonly name: string
  readonly path: string
  readonly kind: ZnodeKind
  readonly numChildren: number
  readonly dataLength: number
  readonly mtime: number
  readonly mzxid: string
}

export type ChildrenView =
  | {
      readonly kind: 'page'
      readonly children: readonly ChildView[]
      readonly total: number
      readonly next: string | null
    }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable'; readonly message: string }

export interface AclEntryView {
  readonly perms: number
  readonly scheme: string
  readonly id: string
}

/** Stat as a client sees it; zxids and owner in hex, times in ms since 1970. */
export interface StatView {
  readonly czxid: string
  readonly mzxid: string
  readonly pzxid: string
  readonly ctime: number
  readonly mtime: number
  readonly version: number
  readonly cversion: number
  readonly aversion: number
  readonly ephemeralOwner: string
  readonly dataLength: number
  readonly numChildren: number
}

export type UnpackedView =
  | {
      readonly kind: 'unpacked'
      readonly packing: Packing
      readonly bytes: number
      /** base64. Cut after 1 MiB with `truncated` set. */
      readonly data: string
      readonly truncated: boolean
    }
  /** `message`: why it cannot be unpacked, one sentence without full stop. */
  | { readonly kind: 'failed'; readonly packing: Packing; readonly message: string }

export interface ZnodeView {
  readonly path: string
  readonly kind: ZnodeKind
  readonly ttlMs: number | null
  /** base64; null is null data. Cut after 1 MiB with `truncated` set. */
  readonly data: string | null
  readonly truncated: boolean
  /** What a packed value holds; null when it is not packed, or when nobody looked. */
  readonly unpacked: UnpackedView | null
  /** There: the value has bytes that are not shown, and `data` says nothing. */
  readonly hidden?: HiddenValueView
  readonly acl: readonly AclEntryView[]
  /** What an imported file does not say; see Znode.unknown. */
  readonly unknown?: 'acl' | 'content'
  readonly stat: StatView
  /** Next sequence number under this znode. */
  readonly nextSequence: number
  /** What the list of its children takes in one answer of the server; null where it is short, or no server is asked for it. */
  readonly childListBytes: number | null
}

export type ZnodeReadingView =
  | { readonly kind: 'found'; readonly znode: ZnodeView }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable'; readonly message: string }

/** A subtree at last sight. `unreadable` is null where only reading it all would tell: on a live cluster. */
export interface SubtreeSizeView {
  readonly znodes: number
  readonly unreadable: number | null
  /** The first of them. */
  readonly unreadablePaths: readonly string[]
}

export interface ExportView {
  readonly state: 'running' | 'done' | 'failed'
  readonly znodes: number
  /** Znodes that have no line in the file. */
  readonly unreadable: number
  readonly unreadablePaths: readonly string[]
  /** Hidden values that were left out of their lines. */
  readonly masked: number
  readonly message: string | null
}

export type HistoryReadingView =
  | {
      readonly kind: 'found'
      /** Null is null data. */
      readonly dataLength: number | null
      readonly version: number
      readonly aversion: number
      readonly mtime: number
      readonly mzxid: string
      readonly czxid: string
    }
  | { readonly kind: 'missing' }
  /** `unreadable`: when the backup was taken. `failed`: the backup itself, or the cluster, cannot be read now. */
  | { readonly kind: 'unreadable' | 'failed'; readonly message: string }

/** Against the next older backup that says anything. `unknown`: this one says nothing, or the older ones were not looked at. */
export type HistoryChange =
  | { readonly kind: 'same' | 'appeared' | 'gone' | 'oldest' | 'unknown' }
  | { readonly kind: 'changed'; readonly fields: readonly ChangeField[] }

export interface HistoryEntryView {
  readonly backupId: string
  readonly takenAt: string
  readonly zxid: string
  readonly isSafety: boolean
  readonly isPartial: boolean
  readonly note: string
  readonly reading: HistoryReadingView
  readonly change: HistoryChange
}

/** One page, newest first. */
export interface HistoryView {
  readonly clusterId: string
  /** Only on the first page of a live tree. */
  readonly live: { readonly reading: HistoryReadingView; readonly change: HistoryChange } | null
  readonly entries: readonly HistoryEntryView[]
  /** Backups passed over because their scope does not hold the path. */
  readonly outside: number
  readonly next: string | null
}

export interface ZnodePairView {
  readonly path: string
  readonly left: ZnodeSideView
  readonly right: ZnodeSideView
}

export interface ZnodeSideView {
  /** TreeRef text. */
  readonly ref: string
  readonly label: string
  readonly reading: ZnodeReadingView
}

/** Outcome of a guarded single write. `conflict` carries what is there now (theirs). */
export type ZnodeWriteView =
  | {
      readonly kind: 'done'
      readonly path: string
      readonly zxid: string
      /** The edit as a restore that can be undone; null where it cannot: an ephemeral was deleted, or no record could be kept. */
      readonly editId: string | null
    }
  | { readonly kind: 'conflict'; readonly message: string; readonly theirs: ZnodeReadingView }

/** One server-sent event of the tree page. */
export type TreeEventView =
  | { readonly kind: 'children' | 'data' | 'created' | 'deleted'; readonly path: string }
  | { readonly kind: 'connection'; readonly state: 'connected' | 'disconnected' | 'expired' | 'closed' }
