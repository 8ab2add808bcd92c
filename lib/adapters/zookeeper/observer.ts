import type { CertificateFacts } from '../../base/certificates.ts'
import type { TxnEntry } from '../../domain/txnlog/entry.ts'
import type { ServerAddress } from './connect-string.ts'
import type { TlsSettings } from './connection.ts'

/** Quorum ports of an ensemble: the first port of each `server.N` line, or a member's observerMasterPort (3.6+). */
export interface QuorumTarget {
  /** Only the leader listens on its quorum port, so whichever lets us in first is taken; observer masters may stand among them. */
  readonly servers: readonly ServerAddress[]
  /** Absent or null: plain. */
  readonly tls?: TlsSettings | null
  /** Deadline of name resolution + connect + TLS handshake. Default 10,000 ms. */
  readonly connectTimeoutMs?: number
  /** Longest wait for each answer of the handshake: a leader may be in an election. Default 30,000 ms. */
  readonly handshakeTimeoutMs?: number
  /** Silence after which the connection is given up; the leader pings every half tick. Default 30,000 ms. */
  readonly silenceLimitMs?: number
}

export interface BodySinkEvents {
  /** The disk is slower than the leader: nothing more should come for now. */
  pause(): void
  resume(): void
  fail(error: unknown): void
}

/** Where the tree that a leader sends goes while it comes. */
export interface BodySink {
  readonly path: string
  readonly bytes: number
  /** Takes bytes without waiting: sessions, ACL table, nodes, end of nodes. */
  add(bytes: Buffer): void
  /** Resolves when all of it is kept. */
  finish(): Promise<void>
  /** Leaves no file behind. */
  discard(): Promise<void>
}

export interface OpenObserverOptions {
  /** Last zxid that is known already, from which to go on; 0: nothing, the whole tree is wanted. */
  readonly from: bigint
  /** An existing folder for what the leader sends in one piece. The file in it is the caller's to remove. */
  readonly scratchDir: string
  /** Takes the tree instead of a file, at a path in that folder. Its sink is the caller's to discard once the session is open. */
  readonly openBody?: (path: string, events: BodySinkEvents) => BodySink
  /** False: a leader that begins with its whole tree is left at once, and NEEDS_SNAPSHOT thrown. Default true. */
  readonly acceptSnapshot?: boolean
  /** Bytes of transactions that wait for the reader before the session drops itself with TOO_SLOW. Default 64 MiB. */
  readonly backlogBytesMax?: number
  readonly onProgress?: (received: { readonly bytes: number }) => void
  /** Ends opening, and the session later. */
  readonly signal?: AbortSignal
}

export type ObserverStart =
  /**
   * `file` is a native snapshot in the leader's own order: header, body, one seal, no blocks behind it. Fuzzy: it is the tree at the last
   * transaction of the batches up to `synced` once those are replayed over it; with none of them, the tree at `zxid`. With `openBody` it is whatever that makes of it.
   */
  | { readonly kind: 'snapshot'; readonly zxid: bigint; readonly file: string; readonly bytes: number }
  /** Goes on right behind `from`. `zxid`: the leader's newest when it was asked. */
  | { readonly kind: 'diff'; readonly zxid: bigint }
  /** The leader never had what we have behind `zxid`, which is to be taken back; what follows goes on right behind it. */
  | { readonly kind: 'truncate'; readonly zxid: bigint }

export interface ObservedBatch {
  /** Committed, in order of zxid, the first right behind the last of the batch before. Each holds the buffer it lies in. */
  readonly entries: readonly TxnEntry[]
  /** UPTODATE has come: with the end of this batch all that the leader had committed when we came is known. Stays true. */
  readonly synced: boolean
  /** When the newest of it arrived, ms since 1970 by our clock. */
  readonly receivedAt: number
}

/** A member that the ensemble tells everything and that never says anything: no vote, no acknowledgement of a proposal, no request. */
export interface ObserverSession {
  readonly peer: ServerAddress
  /** What it showed; absent or null on a plain connection. */
  readonly certificate?: CertificateFacts | null
  /** Of the leader that is listened to. */
  readonly epoch: bigint
  readonly start: ObserverStart
  /** The last packet of the leader, pings included: when it came, and the newest zxid that the leader has named. For lag. */
  readonly heard: { readonly at: number; readonly zxid: bigint }
  /**
   * To be read once, and without pause: what waits is bounded. Ends only by `close`; throws ObserverError LOST, TOO_SLOW or PROTOCOL, or
   * CancelledError. A batch without entries says that UPTODATE came.
   */
  transactions(): AsyncIterable<ObservedBatch>
  close(): Promise<void>
}

export interface ObserverPort {
  /** Throws ObserverError or CancelledError. Resolves once the beginning is known, and a tree sent in one piece lies on the disk. */
  open(target: QuorumTarget, options: OpenObserverOptions): Promise<ObserverSession>
}
