import type { Prisma } from '../../adapters/database/generated/client.ts'
import { nameOfActor } from '../../base/actor-name.ts'
import { formatHex64 } from '../../base/hex64.ts'
import type { ServiceContext } from '../context.ts'

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
export type AuditWriter = Pick<Prisma.TransactionClient, 'auditEntry'>

/** Key in `after` that ties an outcome to its `started` entry. Not part of a view. */
export const STARTED_KEY = 'startedEntry'

const MESSAGE_CHARACTERS_MAX = 2000

/** Appends one entry and gives its id. Entries are never changed afterwards. */
export async function writeAudit(
  writer: AuditWriter,
  context: Pick<ServiceContext, 'actor' | 'clock'>,
  entry: AuditEntryInput,
): Promise<number> {
  const { actor } = context
  const after = entry.startedId === undefined ? entry.after : { ...entry.after, [STARTED_KEY]: entry.startedId }
  const row = await writer.auditEntry.create({
    data: {
      at: new Date(context.clock.now()),
      actorId: actor.id,
      actorName: nameOfActor(actor),
      action: entry.action,
      clusterId: entry.cluster?.id ?? null,
      clusterName: entry.cluster?.name ?? null,
      otherClusterId: entry.otherClusterId ?? null,
      path: entry.path ?? null,
      reason: entry.reason || null,
      before: toJson(entry.before),
      after: toJson(after),
      outcome: entry.outcome,
      message: entry.message?.slice(0, MESSAGE_CHARACTERS_MAX) ?? null,
      ip: actor.ip ?? null,
    },
    select: { id: true },
  })
  return row.id
}

/** `undefined` stores a NULL of the database, which is what "no facts" is. */
function toJson(facts: AuditFacts | null | undefined): Prisma.InputJsonObject | undefined {
  if (!facts) return undefined
  return Object.fromEntries(
    Object.entries(facts).map(([key, value]) => [
      key,
      typeof value === 'bigint' ? formatHex64(value) : Array.isArray(value) ? [...value] : value,
    ]),
  )
}
