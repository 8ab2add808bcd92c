import type { Acl } from '../znode/acl.ts'
import type { ZnodeReading } from '../znode/ports.ts'
import type { PlanStep } from './plan.ts'

/** Version -1 means "any" and is used only when the conflict policy is overwrite. Version 0 is a real guard. */
export type WriteOperation =
  | {
      readonly op: 'create'
      readonly path: string
      readonly data: Uint8Array | null
      readonly acl: Acl
      readonly kind: 'persistent' | 'container' | 'ttl'
      readonly ttlMs: number | null
      /** The server adds the parent's counter, ten digits, to the name. Persistent znodes only. */
      readonly sequential?: boolean
    }
  | { readonly op: 'setData'; readonly path: string; readonly data: Uint8Array | null; readonly version: number }
  | { readonly op: 'delete'; readonly path: string; readonly version: number }
  | { readonly op: 'check'; readonly path: string; readonly version: number }

export type RefusalCode =
  | 'NO_NODE'
  | 'NODE_EXISTS'
  | 'BAD_VERSION'
  | 'NOT_EMPTY'
  | 'NO_AUTH'
  | 'INVALID_ACL'
  | 'NO_CHILDREN_FOR_EPHEMERALS'
  | 'UNIMPLEMENTED'
  | 'BAD_ARGUMENTS'
  | 'QUOTA_EXCEEDED'
  | 'NOT_READ_ONLY'
  | 'TOO_LARGE'
  | 'OTHER'

/** The server's answer as data. `unknown`: the connection was lost after sending; only reading back can tell what happened. */
export type WriteOutcome<T> =
  | ({ readonly kind: 'done'; readonly zxid: bigint } & T)
  | { readonly kind: 'refused'; readonly index: number; readonly code: RefusalCode; readonly message: string }
  | { readonly kind: 'unknown'; readonly message: string }

/** Stat of the written znode where the server returns one (setData in a multi does, create and delete do not). */
export interface WrittenStat {
  readonly czxid: bigint
  readonly mzxid: bigint
  readonly version: number
}

/** What a restore needs from a live cluster. Every call ends: with an answer, or with a typed error within its deadline. */
export interface RestoreTarget {
  /** Largest encoded request the server accepts (jute.maxbuffer, 1048575 unless told otherwise), bytes. */
  readonly requestBytesMax: number
  /** Largest `encodedSizeOf` of an operation that is the only one of its multi, bytes: whatever a client could write can be written again. */
  readonly aloneBytesMax: number
  /** Bytes this operation adds to a multi request. */
  encodedSizeOf(operation: WriteOperation): number
  /** Live state of each path, in the order asked. */
  readMany(paths: readonly string[], options?: { signal?: AbortSignal }): Promise<readonly ZnodeReading[]>
  /** All or nothing, one zxid. `index` of a refusal is the operation that failed. */
  multi(
    operations: readonly WriteOperation[],
    options?: { signal?: AbortSignal },
  ): Promise<WriteOutcome<{ readonly stats: readonly (WrittenStat | null)[] }>>
  /** Guarded by aversion (-1 any). */
  setAcl(
    path: string,
    acl: Acl,
    aversion: number,
    options?: { signal?: AbortSignal },
  ): Promise<WriteOutcome<{ readonly stat: WrittenStat }>>
  /** Highest zxid any reply has carried so far. */
  lastZxidSeen(): bigint
}

/**
 * Append-only durable record of one run. `append` returns when the line is on disk (fsync for intents and outcomes that matter).
 * Lines are whole or ignored: a torn last line is dropped on reading.
 */
export interface JournalSink {
  append(line: string, options?: { durable?: boolean }): Promise<void>
}

/** Takes the steps in order; `line` is the step as one line of JSON (encodeStep). A returned promise is waited for. */
export interface PlanSink {
  write(step: PlanStep, line: string): void | Promise<void>
}
