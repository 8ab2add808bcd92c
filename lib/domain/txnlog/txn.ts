import type { Acl } from '../znode/acl.ts'

/** Numbers of the types on disk (ZooDefs.OpCode). */
export const TXN_TYPE = {
  closeSession: -11,
  createSession: -10,
  error: -1,
  create: 1,
  delete: 2,
  setData: 5,
  setAcl: 7,
  check: 13,
  multi: 14,
  create2: 15,
  reconfig: 16,
  createContainer: 19,
  deleteContainer: 20,
  createTtl: 21,
} as const

const NAMES: ReadonlyMap<number, string> = new Map([
  [-11, 'closeSession'],
  [-10, 'createSession'],
  [-1, 'error'],
  [1, 'create'],
  [2, 'delete'],
  [5, 'setData'],
  [7, 'setACL'],
  [13, 'check'],
  [14, 'multi'],
  [15, 'create2'],
  [16, 'reconfig'],
  [19, 'createContainer'],
  [20, 'deleteContainer'],
  [21, 'createTTL'],
])

/** Name as ZooKeeper's sources have it; null for a type that no server writes. */
export function findTypeName(type: number): string | null {
  return NAMES.get(type) ?? null
}

/** What happens to one znode. Also the parts of a multi. */
export type TxnOp =
  | {
      readonly kind: 'create'
      /** 1, 15, 19 or 21: they differ where the znode is already there. */
      readonly type: number
      readonly path: string
      readonly data: Uint8Array | null
      readonly acl: Acl
      readonly ephemeral: boolean
      /** Persisted cversion of the parent afterwards; -1 in logs of 3.3 and older: one more than before. */
      readonly parentCversion: number
      /** Only of type 21. */
      readonly ttlMs: bigint | null
    }
  | { readonly kind: 'delete'; readonly type: number; readonly path: string }
  | {
      readonly kind: 'setData'
      readonly type: number
      readonly path: string
      readonly data: Uint8Array | null
      /** Absolute, as everywhere in a log. */
      readonly version: number
    }
  | { readonly kind: 'setAcl'; readonly path: string; readonly acl: Acl; readonly aversion: number }
  | { readonly kind: 'check'; readonly path: string; readonly version: number }
  | { readonly kind: 'error'; readonly error: number }

export type Txn =
  | TxnOp
  | { readonly kind: 'createSession'; readonly timeoutMs: number }
  /** `paths`: the session's ephemerals; null where the log does not list them (before 3.6). */
  | { readonly kind: 'closeSession'; readonly paths: readonly string[] | null }
  /** `failed`: one part is an error, so that nothing of it was applied. */
  | { readonly kind: 'multi'; readonly ops: readonly TxnOp[]; readonly failed: boolean }

/** The tree's digest after a transaction, as the server wrote it: unsigned 64 bits. */
export interface TxnDigest {
  readonly version: number
  readonly value: bigint
}

export interface DecodedTxn {
  readonly txn: Txn
  /** Null in logs before 3.6, with digests off, and for errors. */
  readonly digest: TxnDigest | null
}
