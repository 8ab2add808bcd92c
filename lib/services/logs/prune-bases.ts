import { formatErrorLine, isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import { formatHex64 } from '../../base/hex64.ts'
import { findSpentBases } from '../../domain/retention/spent-bases.ts'
import { findGap } from '../../domain/txnlog/continuity.ts'
import { TXN_TYPE } from '../../domain/txnlog/txn.ts'
import type { ServiceContext } from '../context.ts'
import { getStore } from '../stores/find-store.ts'
import { DEFAULT_STORE_ID } from '../stores/schemas.ts'
import { type BaseKey, listPlacedBases, removeBase, withBasePlace } from './base-places.ts'
import { openLogs } from './cluster-logs.ts'
import { findMissedEnds } from './find-missed.ts'
import { logFolder } from './log-folder.ts'

interface Cluster {
  readonly id: string
  readonly name: string
}

/** What the log of a cluster needs bases for, wherever its pieces lie. */
export interface BaseNeeds {
  readonly logsFrom: bigint | null
  /** How many gaps of the log lie before a base: what is told behind one is told from a base behind it. */
  readonly runOf: (zxid: bigint) => number
  readonly nowMs: number
}

export async function findBaseNeeds(context: ServiceContext, cluster: Cluster): Promise<BaseNeeds> {
  const { segments, gaps } = (await openLogs(context, cluster)).archived
  const missed = await findMissedEnds(context, cluster.id)
  const logsFrom = segments[0]?.first ?? null
  const leadsTo = (base: bigint, next: bigint) => findGap(base, { zxid: next, type: TXN_TYPE.create }) === null
  const isIn = (base: bigint) => logsFrom !== null && (base >= logsFrom || leadsTo(base, logsFrom))
  const runOf = (base: bigint) =>
    // What lies before the logs and does not lead to them serves none of them.
    Number(isIn(base)) +
    gaps.filter(({ before }) => base >= before || leadsTo(base, before)).length +
    missed.filter(({ to }) => base >= to).length
  return { logsFrom, runOf, nowMs: context.clock.now() }
}

/**
 * Removes bases that nothing is told from any more, from every place. Each place is judged by what it has itself and is sound, held against
 * all pieces there are: so none loses its only base because another is said to have a better one. Gives what could not be removed, in words.
 */
export async function pruneBases(context: ServiceContext, cluster: Cluster, needs?: BaseNeeds): Promise<string[]> {
  const known = needs ?? (await findBaseNeeds(context, cluster))
  await pruneHere(context, cluster, known)
  const rows = await context.db.logBase.findMany({
    where: { clusterId: cluster.id, storeId: { not: DEFAULT_STORE_ID } },
    distinct: ['storeId'],
    orderBy: [{ storeId: 'asc' }, { id: 'asc' }],
    select: { storeId: true },
  })
  const faults: string[] = []
  for (const { storeId } of rows) faults.push(...(await pruneStore(context, cluster, { storeId, needs: known })))
  return faults
}

/** In the folder of this host, and what the catalog says of it. */
async function pruneHere(context: ServiceContext, { id, name }: Cluster, needs: BaseNeeds): Promise<void> {
  const { logs } = context.archives
  const bases = await logs.bases(logFolder(context, name))
  const rows = await listPlacedBases(context, { clusterId: id, storeId: DEFAULT_STORE_ID })
  const damaged = new Set(rows.filter(({ verifyOk }) => verifyOk === false).map(({ zxid }) => zxid))
  const spent = new Set(findSpent(bases, needs, ({ zxid }) => damaged.has(zxid)))
  await logs.removeBases(
    logFolder(context, name),
    bases.filter((base) => spent.has(base)),
  )
  const here = new Set(bases.filter((base) => !spent.has(base)).map(({ zxid }) => zxid))
  // Of another host's folder nobody here knows what is left: what the rule does not keep anywhere is not told of any more.
  for (const { zxid } of findSpent(rows, needs, ({ verifyOk }) => verifyOk === false)) {
    if (here.has(zxid)) continue
    await withBasePlace(context, { clusterId: id, storeId: DEFAULT_STORE_ID, zxid }, null, async () => 'removed')
  }
}

export async function pruneStore(
  context: ServiceContext,
  cluster: Cluster,
  { storeId, needs }: { readonly storeId: string; readonly needs: BaseNeeds },
): Promise<string[]> {
  const rows = await listPlacedBases(context, { clusterId: cluster.id, storeId })
  const spent = findSpent(rows, needs, ({ verifyOk }) => verifyOk === false)
  return removeBases(context, spent)
}

/** Damaged ones keep nothing: they go only when they are older than all that is told. */
function findSpent<Base extends { readonly zxid: bigint; readonly takenAtMs: number }>(
  bases: readonly Base[],
  needs: BaseNeeds,
  isDamaged: (base: Base) => boolean,
): Base[] {
  const sound = bases.filter((base) => !isDamaged(base))
  const spent = findSpentBases(sound, needs)
  const { logsFrom } = needs
  const floor = sound.reduce<bigint | null>(
    (most, { zxid }) => (logsFrom !== null && zxid < logsFrom && (most === null || zxid > most) ? zxid : most),
    null,
  )
  return [...spent, ...bases.filter((base) => isDamaged(base) && floor !== null && base.zxid < floor)]
}

/** An ensemble has no more what it once told beyond `to`: see rollBackPieces. Null: nothing of it is left. */
export async function rollBackBases(context: ServiceContext, clusterId: string, to: bigint | null): Promise<void> {
  const where = { clusterId, ...(to === null ? {} : { zxid: { gt: to } }) }
  const rows = await context.db.logBase.findMany({
    where,
    orderBy: [{ zxid: 'asc' }, { id: 'asc' }],
    select: { clusterId: true, storeId: true, zxid: true },
  })
  await removeBases(context, rows)
  // What a store does not give up is not offered from there any more, and a writer that sends it just now finds its claim gone (forgetPieces).
  await context.db.logBase.updateMany({ where, data: { sha256: '', writer: '' } })
}

/** From stores; of the built-in folder only what the catalog says. Gives what is left, in words. */
async function removeBases(context: ServiceContext, bases: readonly BaseKey[]): Promise<string[]> {
  const faults = new Map<string, string>()
  for (const { clusterId, storeId, zxid } of bases) {
    if (faults.has(storeId)) continue
    try {
      await withBasePlace(context, { clusterId, storeId, zxid }, null, async (there) => {
        if (there !== null && storeId !== DEFAULT_STORE_ID) await removeBase(context, there)
        return 'removed'
      })
    } catch (error) {
      throwIfAborted(context.signal)
      if (!isArkeeperError(error)) throw error
      const { name } = await getStore(context, storeId).catch(() => ({ name: storeId }))
      faults.set(storeId, `${name}: ${formatErrorLine(error)}`)
      const facts = { clusterId, store: storeId, zxid: formatHex64(zxid), error: formatErrorLine(error) }
      // A lock runs out by itself: until then each run comes to it.
      const level = error.code === 'STORE_LOCKED' ? 'debug' : 'warn'
      context.log[level](facts, 'A base of the stream could not be removed')
    }
  }
  return [...faults.values()]
}
