import type { UnreadableZnode, Znode, ZnodeKind, ZnodeStream } from './znode.ts'

export type ZnodeReading =
  | { readonly kind: 'found'; readonly znode: Znode; readonly numChildren: number }
  | { readonly kind: 'missing' }
  | ({ readonly kind: 'unreadable' } & Omit<UnreadableZnode, 'path'>)

/** What the tree page needs for a row, without reading the value. */
export interface ChildSummary {
  readonly name: string
  readonly kind: ZnodeKind
  readonly numChildren: number
  readonly dataLength: number
  readonly mtime: number
  readonly mzxid: bigint
  readonly pzxid: bigint
}

export type ChildrenPage =
  | {
      readonly kind: 'page'
      readonly children: readonly ChildSummary[]
      /** All children of the parent, of which this page is a part. */
      readonly total: number
      /** What the names of all of them take in one answer of the server, bytes; absent where nobody asks a server for them. */
      readonly listBytes?: number
      /** Give it as `after` for the next page; null at the end. */
      readonly next: string | null
    }
  | { readonly kind: 'missing' }
  | ({ readonly kind: 'unreadable' } & Omit<UnreadableZnode, 'path'>)

export interface SubtreeOptions {
  readonly signal?: AbortSignal
  /** Include /zookeeper and below when it lies within the root asked for. Default false. */
  readonly includeSystem?: boolean
}

/**
 * One view of a tree of znodes for people who look at one place: a live cluster, an archive, a native snapshot.
 * Paths are absolute. Failures of the source itself (connection lost, file damaged) are thrown as that room's ArkeeperError.
 */
export interface TreeReader {
  get(path: string, options?: { signal?: AbortSignal }): Promise<ZnodeReading>
  /** Children in path order, at most `limit` (1 … 1000) after the name `after`. */
  listChildren(path: string, page: { after?: string; limit: number; signal?: AbortSignal }): Promise<ChildrenPage>
  /** The root asked for and everything below, in path order. Throws ZnodeError NO_NODE when the root does not exist. */
  readSubtree(root: string, options?: SubtreeOptions): ZnodeStream
  close(): Promise<void>
}
