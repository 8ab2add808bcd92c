import type { Acl } from './acl.ts'

/**
 * What a znode is. `unknown` where the source cannot tell: the client protocol shows container and TTL znodes as persistent
 * (DataNode.getClientEphemeralOwner, ZooKeeper 3.5+), so everything without an owner that a client walk reads is `unknown`.
 */
export type ZnodeKind = 'persistent' | 'ephemeral' | 'container' | 'ttl' | 'unknown'

/**
 * Stat as ZooKeeper persists it (StatPersisted), not as a client sees it: `cversion` counts creates of children only.
 * A client's cversion is `2 * cversion - numChildren`; see stat.ts. Times are milliseconds since 1970 (leader's clock).
 * Implementations may decode lazily (getters over a buffer): treat as immutable, copy before keeping for long.
 */
export interface ZnodeStat {
  readonly czxid: bigint
  readonly mzxid: bigint
  readonly pzxid: bigint
  readonly ctime: number
  readonly mtime: number
  readonly version: number
  readonly cversion: number
  readonly aversion: number
  /** Raw 64-bit field: 0, session id, Long.MIN_VALUE (container), 0xFF…+ms (TTL). From a client walk only 0 or a session id. */
  readonly ephemeralOwner: bigint
}

/** One znode. `path` is absolute, the root is `/`. `data` null and empty differ. `acl` lists are shared between znodes: never mutate. */
export interface Znode {
  readonly path: string
  readonly data: Uint8Array | null
  readonly acl: Acl
  readonly stat: ZnodeStat
  readonly kind: ZnodeKind
  /** Only for kind `ttl`: 1 … 1099511627775 ms; null otherwise. */
  readonly ttlMs: number | null
  /**
   * What the source does not say (another tool's file): its ACL, or its data too. `acl` is empty then, and `data` null for `content`. Such a
   * part differs from nothing, and an existing znode keeps its own.
   */
  readonly unknown?: 'acl' | 'content'
}

/** A place that exists but could not be read; whatever lies below it is unknown, not absent. */
export interface UnreadableZnode {
  readonly path: string
  readonly reason: 'no-auth' | 'too-large' | 'error'
  readonly message: string
}

/**
 * About a thousand znodes in path order. An unreadable place is reported in the batch whose znodes surround it in path order,
 * at the latest in a last batch of its own, so that a merge never takes it for absent.
 */
export interface ZnodeBatch {
  readonly znodes: readonly Znode[]
  readonly unreadable: readonly UnreadableZnode[]
  /** Of a batch that makes its znodes only when it is asked for them: its first and last path, which cost less. */
  readonly ends?: { readonly first: string; readonly last: string }
}

/** Sorted stream: strictly ascending by comparePaths, each path once, a parent always before its children. */
export type ZnodeStream = AsyncIterable<ZnodeBatch>
