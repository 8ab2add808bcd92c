import { createHash } from 'node:crypto'
import type { StoredAuditEntry } from '../../adapters/database/stored-audit.ts'

// The encoding that AUDIT.md documents. What is hashed once is hashed so for ever: a change is a new version beside this one.
export const HASH_VERSION = 1
/** Stands before the first entry. */
export const NO_HASH = '0'.repeat(64)
export const SEAL_ACTION = 'audit.seal'
export const PRUNE_ACTION = 'audit.prune'

/** An entry with its place; the four of the place are null for one from before there was a chain. */
export type ChainedRecord = StoredAuditEntry
/** All of an entry that is hashed, as it is stored. */
export type AuditRecord = Omit<StoredAuditEntry, 'sequence' | 'previousHash' | 'hash' | 'hashVersion'>

/** SHA-256 in hex of `["arkeeper-audit-1", previousHash, sequence, …fields]` in canonical JSON (RFC 8785). */
export function hashEntry(record: AuditRecord, place: { sequence: number; previousHash: string }): string {
  return sha256(canonicalJson(['arkeeper-audit-1', place.previousHash, place.sequence, ...fieldsOf(record)]))
}

/** One step of the sum over the entries from before the chain, which goes from the newest of them to the oldest. */
export function hashSealed(sum: string, record: AuditRecord): string {
  return sha256(canonicalJson(['arkeeper-audit-sealed-1', sum, ...fieldsOf(record)]))
}

function fieldsOf(record: AuditRecord): unknown[] {
  return [
    record.id,
    // A time that is none was not written by us: it gives another hash, and so is named.
    Number.isNaN(record.at.getTime()) ? null : record.at.toISOString(),
    record.actorId,
    record.actorName,
    record.action,
    record.clusterId,
    record.clusterName,
    record.otherClusterId,
    record.path,
    record.reason,
    record.before ?? null,
    record.after ?? null,
    record.outcome,
    record.message,
    record.ip,
  ]
}

export function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex')
}

/** RFC 8785: no white space, keys in order of their UTF-16 units, numbers and strings as ECMAScript writes them. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const pairs = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    return `{${pairs.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`
  }
  return JSON.stringify(value ?? null)
}
