import type { ChainProblem } from './chain-verifier.ts'

export interface AuditEntryView {
  readonly id: number
  readonly at: string
  readonly actorName: string
  /** `entity.verb`, e.g. `znode.set-data`, `restore.confirm`, `session.sign-in`. */
  readonly action: string
  readonly clusterName: string | null
  readonly path: string | null
  readonly reason: string | null
  /** Versions and counts, never values. */
  readonly before: Readonly<Record<string, unknown>> | null
  readonly after: Readonly<Record<string, unknown>> | null
  readonly outcome: 'started' | 'ok' | 'denied' | 'failed'
  readonly message: string | null
  /** Place in the chain and hash; null for an entry from before there was one. */
  readonly sequence: number | null
  readonly hash: string | null
}

export interface AuditStateView {
  /** Sequence of the last entry. */
  readonly head: number
  /** Null before a worker has read the chain. */
  readonly verified: { readonly sequence: number; readonly at: string; readonly wholeAt: string | null } | null
  /** Entries read by the reading under way; null: none is. */
  readonly readingEntries: number | null
  readonly isRequested: boolean
  /** The first ones, of `problemCount`. */
  readonly problems: readonly ChainProblem[]
  readonly problemCount: number
  readonly checkpoint: { readonly sequence: number; readonly at: string } | null
  readonly removed: { readonly throughSequence: number; readonly at: string } | null
  readonly key: { readonly id: string; readonly publicKey: string }
  readonly forwards: readonly AuditForwardView[]
  readonly settings: { readonly months: number | null; readonly checkpointFiles: boolean }
}

/** What retention would remove by now. */
export interface AuditRemovalPreview {
  readonly months: number | null
  readonly entries: number
  readonly throughSequence: number | null
  /** Entries from before then; null when nothing is ever removed. */
  readonly before: string | null
}

/** A receiver of entries; its secret stays on the server. */
export interface AuditForwardView {
  readonly kind: 'syslog' | 'webhook'
  readonly enabled: boolean
  readonly url: string
  readonly ca: string | null
  readonly hasSecret: boolean
  readonly allowLocal: boolean
  /** Sequence of the last entry that was taken. */
  readonly cursor: number
  readonly failures: number
  readonly lastError: string | null
  readonly lastErrorAt: string | null
  readonly lastOkAt: string | null
}
