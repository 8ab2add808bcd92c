import { DatabaseError } from './errors.ts'

/** An entry as it is stored. */
export interface StoredAuditEntry {
  readonly id: number
  readonly at: Date
  readonly actorId: string | null
  readonly actorName: string
  readonly action: string
  readonly clusterId: string | null
  readonly clusterName: string | null
  readonly otherClusterId: string | null
  readonly path: string | null
  readonly reason: string | null
  readonly before: unknown
  readonly after: unknown
  readonly outcome: string
  readonly message: string | null
  readonly ip: string | null
  readonly sequence: number | null
  readonly previousHash: string | null
  readonly hash: string | null
  readonly hashVersion: number | null
}

export interface StoredSignature {
  readonly hash: string
  readonly at: Date
  readonly keyId: string
  readonly signature: string
}

/** The audit of a database, as of one moment, read without a word to whoever writes it. */
export interface AuditFile {
  readonly head: { readonly sequence: number; readonly hash: string } | null
  readonly checkpoints: readonly (StoredSignature & { readonly sequence: number })[]
  readonly prunes: readonly (StoredSignature & {
    readonly throughSequence: number
    readonly throughId: number
    readonly entries: number
  })[]
  /** In the order of the chain. */
  chained(): Iterable<StoredAuditEntry> | AsyncIterable<StoredAuditEntry>
  /** Those without a place in it, newest first. */
  unchained(): Iterable<StoredAuditEntry> | AsyncIterable<StoredAuditEntry>
  close(): void | Promise<void>
}

export const AUDIT_COLUMNS = [
  'id',
  'at',
  'actorId',
  'actorName',
  'action',
  'clusterId',
  'clusterName',
  'otherClusterId',
  'path',
  'reason',
  'before',
  'after',
  'outcome',
  'message',
  'ip',
  'sequence',
  'previousHash',
  'hash',
  'hashVersion',
] as const satisfies readonly (keyof StoredAuditEntry)[]

/** As drivers give it. */
export type StoredAuditRow = Omit<StoredAuditEntry, 'at' | 'before' | 'after'> & {
  readonly at: string | number
  readonly before: string | null
  readonly after: string | null
}

export function noChain(database: string): DatabaseError {
  return new DatabaseError('DATABASE_OPEN_FAILED', `The database ${database} has no chained audit`, {
    remedy: 'it is of an older version of Arkeeper, which seals it at its first start, or of another program',
  })
}

export function toEntry(row: StoredAuditRow): StoredAuditEntry {
  return { ...row, at: new Date(row.at), before: parse(row.before), after: parse(row.after) }
}

/** What is no JSON was not written by us; as a string it gives another hash, and so is named. */
function parse(text: string | null): unknown {
  if (text === null) return null
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
