import type { FollowGap, FollowSink } from '../../adapters/archive/live/follow-sink.ts'
import type { DigestParting, LiveProof, LiveTreePort } from '../../adapters/archive/live/live-tree.ts'
import type { ObserverPort, QuorumTarget } from '../../adapters/zookeeper/observer.ts'
import type { CertificateFacts } from '../../base/certificates.ts'
import type { Clock } from '../../base/clock.ts'
import type { TxnEntry } from '../../domain/txnlog/entry.ts'

export interface FollowPorts {
  readonly observers: ObserverPort
  readonly liveTrees: LiveTreePort
  readonly clock: Clock
  /** Resolves early when the signal fires. Default: a timer. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>
}

export interface FollowLimits {
  /** What was received is on the disk after at most so long. */
  readonly flushMs: number
  /** Bytes of transactions that are written but not yet applied: beyond, the reader waits. */
  readonly pendingBytes: number
  /** Bytes that wait to be written: beyond, the session drops itself, so that the leader need not keep them for us. */
  readonly backlogBytes: number
  /** Memory of the touched part of the tree, beyond which it is written out. */
  readonly heldBytes: number
  /** A base is kept when this many bytes of log, and twice as many as the base has, lie behind the last one. */
  readonly baseLogBytes: number
  readonly baseTransactions: number
  /** And when so long ago something was written behind the last one: what is told from it need not be replayed over weeks. */
  readonly baseMs: number
  /** Waiting before a new attempt: from the first to the second, doubled each time. */
  readonly backOffMs: readonly [number, number]
}

export const DEFAULT_LIMITS: FollowLimits = {
  flushMs: 500,
  pendingBytes: 8 << 20,
  backlogBytes: 32 << 20,
  heldBytes: 8 << 20,
  baseLogBytes: 64 << 20,
  baseTransactions: 1_000_000,
  baseMs: 24 * 3_600_000,
  backOffMs: [250, 10_000],
}

export type FollowEvent =
  | {
      readonly kind: 'connected'
      readonly peer: { readonly host: string; readonly port: number }
      /** What it showed; null on a plain connection. */
      readonly certificate: CertificateFacts | null
      readonly epoch: bigint
      readonly start: 'snapshot' | 'diff' | 'truncate'
      /** That the leader begins with: its newest, or what it goes back to. */
      readonly zxid: bigint
    }
  /** All that was committed when we came is written. */
  | { readonly kind: 'synced'; readonly zxid: bigint }
  | { readonly kind: 'lost'; readonly error: unknown; readonly retryInMs: number }
  | ({ readonly kind: 'gap' } & FollowGap)
  /** The tree could not be made from what is held up to `behind`: the leader's own was fetched, and the log goes on where it ended. */
  | { readonly kind: 'renewed'; readonly behind: bigint; readonly zxid: bigint }
  | { readonly kind: 'rolled-back'; readonly from: bigint; readonly to: bigint | null }
  | { readonly kind: 'base'; readonly zxid: bigint; readonly bytes: number; readonly znodes: number }
  /** The server, or what it sends, is not what its own transactions come to. What comes goes on being written. */
  | ({ readonly kind: 'digest-parted' } & DigestParting)
  | { readonly kind: 'digest-agrees'; readonly zxid: bigint }

export interface FollowProgress {
  /** Of the last transaction that is written and applied; null: none yet. */
  readonly zxid: bigint | null
  /** When it was made, by the leader's clock. */
  readonly timeMs: number | null
  readonly connected: boolean
  /** How far behind the ensemble we are: 0 when all is here that the leader has named. */
  readonly lagMs: number
  /** Written since the start, and since the last report. */
  readonly transactions: number
  readonly lately: { readonly transactions: number; readonly bytes: number }
  readonly proof: LiveProof | null
  /** On record in the sink. */
  readonly gaps: number
  readonly znodes: number | null
}

export interface FollowOutcome {
  readonly zxid: bigint | null
  readonly transactions: number
  readonly gaps: number
  readonly znodes: number | null
  readonly proof: LiveProof | null
}

export interface FollowInput {
  readonly target: QuorumTarget
  readonly sink: FollowSink
  /** Ends when this transaction is written and applied. */
  readonly until?: bigint
  /**
   * Somebody has said that the ensemble was put back to an older state: where what is kept ends here, it stays as the past that it is, and the
   * stream goes on behind a gap.
   */
  readonly restoredBehind?: bigint | null
  readonly limits?: Partial<FollowLimits>
  /**
   * `always`: every loss is waited out. `judged`: until the first time it was connected, what speaks of a wrong address or of a door that is kept
   * shut ends it; an ensemble that is away, or in an election, is waited for. What no wait mends ends it anyway.
   */
  readonly retry: 'judged' | 'always'
  /** What was written, in order, each once; not awaited, and the entries hold large buffers: copy what is kept. */
  readonly onWritten?: (entries: readonly TxnEntry[], receivedAt: number) => void
  readonly onEvent?: (event: FollowEvent) => void
  /** About once a second. */
  readonly onProgress?: (progress: FollowProgress) => void
  readonly signal?: AbortSignal
}
