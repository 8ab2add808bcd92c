import type { z } from 'zod'
import type { Prisma } from '../../adapters/database/generated/client.ts'
import { countOf } from '../../base/count-of.ts'
import { describePolicy, isEmptyPolicy } from '../../domain/retention/keep-policy.ts'
import { getClusterForWriting } from '../clusters/armed.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { assertActorCan, mutate, type Transaction } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { lookPast } from '../seen-by.ts'
import { findOwnPolicy } from './find-policy.ts'
import { loadKeptBackups, readLogAnchorFacts } from './load-kept-backups.ts'
import { ALL_CLUSTERS, DEFAULT_POLICY, type KeepRules, setKeepRulesSchema } from './schemas.ts'
import { weighBackups } from './weigh-backups.ts'

interface Place {
  readonly id: string
  readonly name: string
}

/**
 * Sets what of the backups stays, of one cluster or of all without rules of their own. Rules that keep nothing are refused; those that would
 * take more than half of the good backups at once need the name typed. Marks of the former rules are taken back: the grace begins anew.
 */
export async function setKeepRules(context: ServiceContext, input: z.input<typeof setKeepRulesSchema>): Promise<void> {
  const { clusterId, enabled, rules, confirm } = parseInput(setKeepRulesSchema, input)
  const cluster = clusterId === null ? null : await getClusterForWriting(context, clusterId)
  const place = cluster && { id: cluster.id, name: cluster.name }
  const mutation = {
    action: 'backup.set-keep-rules',
    cluster: place,
    after: { enabled, keeps: describePolicy(rules), ...toFacts(rules) },
  } as const
  await assertActorCan(context, mutation)
  if (enabled && isEmptyPolicy(rules)) {
    throw new ServiceError('INVALID_INPUT', 'These rules keep nothing', {
      unaffected: 'nothing was changed',
      remedy: 'say how many are to be kept by at least one of the rules, or switch the rules off',
      details: { fields: { last: 'At least one rule must keep something' } },
    })
  }
  const clusters = place ? [place] : await listFollowers(context)
  const confirmed = enabled ? await weighAll(context, clusters, rules) : new Map<string, number>()
  assertConfirmed(place, confirmed, confirm)
  await mutate(context, mutation, async (tx, record) => {
    const id = place?.id ?? DEFAULT_POLICY
    const before = await findOwnPolicy(tx, id)
    record({
      before: before
        ? { enabled: before.enabled, keeps: describePolicy(before.rules), ...toFacts(before.rules) }
        : { enabled: false },
    })
    const data = {
      enabled,
      rules: rules satisfies Prisma.InputJsonObject,
      revision: (before?.revision ?? 0) + 1,
      updatedById: context.actor.id,
      updatedAt: new Date(context.clock.now()),
    }
    await tx.keepPolicy.upsert({ where: { id }, create: { id, ...data }, update: data, select: { id: true } })
    await beginAnew(tx, context, clusters, confirmed)
  })
}

/** The cluster goes by the rules of all from now on. */
export async function dropKeepRules(context: ServiceContext, clusterId: string): Promise<void> {
  const { id, name } = await getClusterForWriting(context, clusterId)
  await mutate(
    context,
    { action: 'backup.set-keep-rules', cluster: { id, name }, after: { own: false } },
    async (tx, record) => {
      const before = await findOwnPolicy(tx, id)
      if (before)
        record({ before: { enabled: before.enabled, keeps: describePolicy(before.rules), ...toFacts(before.rules) } })
      await tx.keepPolicy.deleteMany({ where: { id } })
      await beginAnew(tx, context, [{ id, name }], new Map())
    },
  )
}

/** All marks go, and the rules are looked at at once. */
async function beginAnew(
  tx: Transaction,
  context: Pick<ServiceContext, 'clock'>,
  clusters: readonly Place[],
  confirmed: ReadonlyMap<string, number>,
): Promise<void> {
  const nextRunAt = new Date(context.clock.now())
  await tx.backup.updateMany({
    where: { clusterId: { in: clusters.map(({ id }) => id) }, deletedAt: null, removeAfter: { not: null } },
    data: { removeAfter: null, removeReason: null, keepRevision: null },
  })
  for (const { id: clusterId } of clusters) {
    const data = { nextRunAt, confirmedGood: confirmed.get(clusterId) ?? 0 }
    await tx.keepRun.upsert({
      where: { clusterId },
      create: { clusterId, ...data },
      update: data,
      select: { clusterId: true },
    })
  }
}

/** Clusters that go by the rules of all, also those that the actor does not see: who sets rules of all is an administrator overall. */
function listFollowers(context: ServiceContext): Promise<Place[]> {
  return lookPast(async () => {
    const own = await context.db.keepPolicy.findMany({ select: { id: true } })
    return context.db.cluster.findMany({
      where: { removedAt: null, id: { notIn: own.map(({ id }) => id) } },
      orderBy: { id: 'asc' },
      select: { id: true, name: true },
    })
  })
}

/** By cluster, how many good backups would go at once where that is more than half. */
async function weighAll(
  context: ServiceContext,
  clusters: readonly Place[],
  rules: KeepRules,
): Promise<Map<string, number>> {
  const mass = new Map<string, number>()
  for (const { id, name } of clusters) {
    const logs = await readLogAnchorFacts(context, { id, name }, rules.logDays)
    const backups = await loadKeptBackups(context, id, logs)
    const { counts, isMass } = weighBackups(backups, rules, context.clock.now(), { afresh: true })
    if (isMass) mass.set(id, counts.goodGoing)
  }
  return mass
}

function assertConfirmed(place: Place | null, mass: ReadonlyMap<string, number>, confirm: string): void {
  const word = place?.name ?? ALL_CLUSTERS
  if (mass.size === 0 || confirm === word) return
  const count = [...mass.values()].reduce((sum, each) => sum + each, 0)
  const where = place ? '' : ` at ${countOf(mass.size, 'cluster')}`
  throw new ServiceError(
    'CONFIRMATION_MISMATCH',
    `These rules would let more than half of the good backups go at once: ${countOf(count, 'backup')}${where}`,
    {
      unaffected: 'nothing was changed',
      remedy: `look at the preview, then type ${word} to say that they may go`,
      details: { fields: { confirm: `Type ${word}` } },
    },
  )
}

function toFacts({ graceDays, minAgeDays, atLeast, timeZone, when, logDays }: KeepRules) {
  return { graceDays, minAgeDays, atLeast, timeZone, when, logDays }
}
