import { formatErrorLine, isArkeeperError } from '../../base/errors.ts'
import { findDangers } from '../../domain/health/find-dangers.ts'
import { isTurn, KEPT_MS, type SampleTier, tierOfLook } from '../../domain/health/keep-samples.ts'
import type { ServiceContext } from '../context.ts'
import { leaseIsFree } from '../lease-is-free.ts'
import { gatherHealthFacts } from './gather-health-facts.ts'
import { lookAtCluster } from './look-at-cluster.ts'
import type { HealthLook } from './look-at-servers.ts'
import { parseKnownSettings } from './settings-store.ts'
import { summarizeHealth } from './summarize-health.ts'

/** Longer than the deadlines of a look together, which is half a minute. */
const LEASE_MS = 60_000
/** Clusters that one worker looks at side by side: most of the time of a look is waiting. */
const BATCH = 16
const HOUSEKEEP_MS = 60_000

/**
 * The looks that are due by the clock, as `owner`. Several workers may ask at once: a cluster is taken by a guarded update, and is never looked
 * at by two. Each turn of it is at its own minute, whatever the one before took; minutes that were missed are not made up.
 */
export class HealthRounds {
  readonly #owner: string
  #housekeptAt = Number.NEGATIVE_INFINITY

  constructor(owner: string) {
    this.#owner = owner
  }

  /** False when nothing was due. */
  async runDue(context: ServiceContext): Promise<boolean> {
    const now = context.clock.now()
    if (Math.abs(now - this.#housekeptAt) >= HOUSEKEEP_MS) {
      await watchNewClusters(context)
      await sweepSamples(context)
      this.#housekeptAt = now
    }
    const due = await context.db.healthWatch.findMany({
      where: whereDue(new Date(now)),
      orderBy: [{ nextRunAt: 'asc' }, { clusterId: 'asc' }],
      take: BATCH,
      select: { clusterId: true },
    })
    await Promise.all(due.map(({ clusterId }) => this.#take(context, clusterId, new Date(now))))
    return due.length > 0
  }

  async #take(context: ServiceContext, clusterId: string, now: Date): Promise<void> {
    const { db } = context
    const { count } = await db.healthWatch.updateMany({
      where: { ...whereDue(now), clusterId },
      data: { leaseOwner: this.#owner, leaseUntil: new Date(now.getTime() + LEASE_MS) },
    })
    if (count === 0) return
    const watch = await db.healthWatch.findUnique({ where: { clusterId } })
    if (watch === null) return
    const isThere = await db.cluster.count({ where: { id: clusterId, removedAt: null } })
    if (isThere === 0) {
      await db.healthWatch.deleteMany({ where: { clusterId, leaseOwner: this.#owner } })
      return
    }
    const onGrid = watch.nextRunAt.getTime() + watch.everySeconds * 1000
    const next = onGrid > now.getTime() ? onGrid : now.getTime() + watch.everySeconds * 1000
    const outcome = await look(context, clusterId, now, watch)
    await db.healthWatch.updateMany({
      where: { clusterId, leaseOwner: this.#owner },
      data:
        outcome === null
          ? { leaseOwner: null, leaseUntil: null }
          : { ...outcome, leaseOwner: null, leaseUntil: null, lastRunAt: now, nextRunAt: new Date(next) },
    })
  }
}

function whereDue(now: Date) {
  return {
    enabled: true,
    nextRunAt: { lte: now },
    ...leaseIsFree(now),
  }
}

/** Null: it was cut short, and is still due. */
async function look(
  context: ServiceContext,
  clusterId: string,
  now: Date,
  watch: { readonly lastRunAt: Date | null; readonly settings: unknown; readonly settingsAt: Date | null },
) {
  const startedAt = performance.now()
  try {
    const { looks, settings } = await lookAtCluster(context, clusterId, watch)
    const before = watch.lastRunAt
      ? await context.db.healthSample.findMany({
          where: { clusterId, at: watch.lastRunAt },
          select: { server: true, ok: true, fault: true, role: true, version: true, digestMismatches: true },
        })
      : []
    const tier = tierOfLook(watch.lastRunAt?.getTime() ?? null, now.getTime())
    const rows = looks.map((each) => {
      const { digestMismatches, role, version } = each.numbers
      const previous = before.find(({ server }) => server === each.server) ?? null
      const isTurning = isTurn(previous, { ok: each.ok, fault: each.fault, role, version, digestMismatches })
      return toRow(each, { id: context.newId(), clusterId, at: now, tier: isTurning ? 2 : tier })
    })
    await context.db.healthSample.createMany({ data: rows })
    const { facts } = await gatherHealthFacts(context, clusterId, now, settings ?? parseKnownSettings(watch.settings))
    return {
      // A copy, because stored objects may not say that they are read-only.
      summary: { ...summarizeHealth(now, facts.servers, findDangers(facts).findings) },
      error: null,
      lastMs: Math.round(performance.now() - startedAt),
      // Plain JSON, as every stored settings object is: a copy drops the types that say read-only.
      ...(settings === null ? {} : { settings: structuredClone(settings) as object, settingsAt: now }),
    }
  } catch (error) {
    if (isArkeeperError(error) && error.code === 'CANCELLED') return null
    context.log.warn({ clusterId, error: formatErrorLine(error) }, 'The servers of a cluster could not be looked at')
    return { error: isArkeeperError(error) ? error.message : 'An unexpected failure, described in the log' }
  }
}

function toRow(
  { server, ok, fault, faultMessage, gap, source, numbers }: HealthLook,
  row: { readonly id: string; readonly clusterId: string; readonly at: Date; readonly tier: SampleTier },
) {
  return { ...row, server, ok, fault, faultMessage, gap, source, ...numbers }
}

/** Every cluster is watched unless somebody said that it is not. */
async function watchNewClusters({ db, clock }: ServiceContext): Promise<void> {
  const clusters = await db.cluster.findMany({ where: { removedAt: null }, select: { id: true } })
  const watched = new Set((await db.healthWatch.findMany({ select: { clusterId: true } })).map((row) => row.clusterId))
  const nextRunAt = new Date(clock.now())
  for (const { id } of clusters) {
    if (watched.has(id)) continue
    // Another worker may do the same at the same time.
    await db.healthWatch.upsert({ where: { clusterId: id }, create: { clusterId: id, nextRunAt }, update: {} })
  }
}

async function sweepSamples({ db, clock }: ServiceContext): Promise<void> {
  for (const [tier, keptMs] of Object.entries(KEPT_MS)) {
    await db.healthSample.deleteMany({
      where: { tier: Number(tier), at: { lt: new Date(clock.now() - keptMs) } },
    })
  }
}
