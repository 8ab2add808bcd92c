import type { Prisma } from '../../adapters/database/generated/client.ts'
import type { Database } from '../../adapters/database/open-database.ts'
import { nameOfActor } from '../../base/actor-name.ts'
import { formatHex64 } from '../../base/hex64.ts'
import type { ServiceContext } from '../context.ts'
import { lookPast } from '../seen-by.ts'
import { type AuditRecord, HASH_VERSION, hashEntry } from './chain.ts'

/** Versions, counts, names and zxids. Values of znodes and secrets have no place here. */
export type AuditFacts = Readonly<Record<string, string | number | boolean | bigint | null | readonly string[]>>
export type AuditOutcome = 'started' | 'ok' | 'denied' | 'failed'

export interface AuditEntryInput {
  readonly action: string
  readonly outcome: AuditOutcome
  readonly cluster?: { readonly id: string; readonly name: string } | null
  /** A second cluster that it speaks of: who may not see that one does not see the entry. */
  readonly otherClusterId?: string | null
  readonly path?: string | null
  readonly reason?: string | null
  readonly before?: AuditFacts | null
  readonly after?: AuditFacts | null
  readonly message?: string | null
  /** The `started` entry that this outcome belongs to. */
  readonly startedId?: number
}

/** The client, or the transaction that makes the change: then the change and its entry are stored together or not at all. */
export type AuditWriter = Pick<Prisma.TransactionClient, 'auditEntry' | 'auditHead'>

/** Key in `after` that ties an outcome to its `started` entry. Not part of a view. */
export const STARTED_KEY = 'startedEntry'

const MESSAGE_CHARACTERS_MAX = 2000
const HEAD_ID = 1

/** Appends one entry to the chain (AUDIT.md) and gives its id. Entries are never changed afterwards. */
export async function writeAudit(
  writer: AuditWriter,
  context: Pick<ServiceContext, 'actor' | 'clock'>,
  entry: AuditEntryInput,
): Promise<number> {
  const fields = toFields(context, entry)
  return isClient(writer) ? writer.$transaction((tx) => append(tx, fields)) : append(writer, fields)
}

/** The place in the chain is taken by the update, which is a lock until the transaction ends: two can never get the same. */
async function append(tx: AuditWriter, fields: Stored): Promise<number> {
  const head = await tx.auditHead.update({ where: { id: HEAD_ID }, data: { sequence: { increment: 1 } } })
  // The last one of all, also when the actor does not see its cluster.
  const last = await lookPast(() => tx.auditEntry.findFirst({ orderBy: { id: 'desc' }, select: { id: true } }))
  const record = { ...fields, id: (last?.id ?? 0) + 1 }
  const place = { sequence: head.sequence, previousHash: head.hash }
  const hash = hashEntry(record, place)
  const { before, after, ...columns } = record
  await tx.auditEntry.create({
    // `undefined` stores a NULL of the database, which is what "no facts" is.
    data: {
      ...columns,
      ...place,
      before: before ?? undefined,
      after: after ?? undefined,
      hash,
      hashVersion: HASH_VERSION,
    },
    select: { id: true },
  })
  await tx.auditHead.update({ where: { id: HEAD_ID }, data: { hash }, select: { id: true } })
  return record.id
}

/** Waits for whoever appends. Taken first in a transaction that will append, it keeps two of them from waiting for each other. */
export async function lockAudit(tx: Pick<Prisma.TransactionClient, 'auditHead'>): Promise<AuditHead> {
  return tx.auditHead.update({ where: { id: HEAD_ID }, data: { id: HEAD_ID }, select: { sequence: true, hash: true } })
}

export interface AuditHead {
  readonly sequence: number
  readonly hash: string
}

/** What Prisma leaves out of a transaction's client. */
function isClient(writer: AuditWriter): writer is Database['client'] {
  return '$connect' in writer
}

type Stored = Omit<AuditRecord, 'id' | 'before' | 'after'> & Record<'before' | 'after', Prisma.InputJsonObject | null>

/** Exactly as a reader will find it: a string that is no Unicode would be hashed as one thing and stored as another. */
function toFields({ actor, clock }: Pick<ServiceContext, 'actor' | 'clock'>, entry: AuditEntryInput): Stored {
  const after = entry.startedId === undefined ? entry.after : { ...entry.after, [STARTED_KEY]: entry.startedId }
  return {
    at: new Date(clock.now()),
    actorId: toText(actor.id),
    actorName: toStoredText(nameOfActor(actor)),
    action: toStoredText(entry.action),
    clusterId: toText(entry.cluster?.id),
    clusterName: toText(entry.cluster?.name),
    otherClusterId: toText(entry.otherClusterId),
    path: toText(entry.path),
    reason: toText(entry.reason || null),
    before: toJson(entry.before),
    after: toJson(after),
    outcome: entry.outcome,
    message: toText(entry.message?.slice(0, MESSAGE_CHARACTERS_MAX)),
    ip: toText(actor.ip),
  }
}

function toText(text: string | null | undefined): string | null {
  return text === null || text === undefined ? null : toStoredText(text)
}

/** PostgreSQL stores no NUL in a text. */
function toStoredText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd')
}

function toJson(facts: AuditFacts | null | undefined): Prisma.InputJsonObject | null {
  if (!facts) return null
  const plain = Object.entries(facts).map(([key, value]): [string, Prisma.InputJsonValue | null] => {
    if (typeof value === 'bigint') return [toStoredText(key), formatHex64(value)]
    if (typeof value === 'string') return [toStoredText(key), toStoredText(value)]
    if (typeof value === 'number') return [toStoredText(key), Number.isFinite(value) ? value + 0 : null]
    if (typeof value === 'object' && value !== null) return [toStoredText(key), value.map(toStoredText)]
    return [toStoredText(key), value]
  })
  return Object.fromEntries(plain.filter(([, value]) => value !== undefined))
}
