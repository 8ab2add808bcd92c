import { findDangers } from '../../domain/health/find-dangers.ts'
import { getClusterForWriting } from '../clusters/armed.ts'
import type { ServiceContext } from '../context.ts'
import { gatherHealthFacts } from './gather-health-facts.ts'
import { toServerHealthView } from './sample-columns.ts'
import { HEALTH_EVERY_SECONDS } from './schemas.ts'
import { parseKnownSettings } from './settings-store.ts'
import type { HealthView } from './views.ts'

/** Looks that may be missed before it is said that nobody looks. */
const LATE_LOOKS = 5

/** How the servers of a cluster were at the latest look, and what is dangerous. Nobody is asked: a worker did that. Throws NOT_FOUND. */
export async function getHealth(context: Pick<ServiceContext, 'db' | 'clock'>, clusterId: string): Promise<HealthView> {
  const { id } = await getClusterForWriting(context, clusterId)
  const row = await context.db.healthWatch.findUnique({ where: { clusterId: id } })
  const everySeconds = row?.everySeconds ?? HEALTH_EVERY_SECONDS.default
  const lookedAt = row?.lastRunAt ?? null
  const sinceMs = context.clock.now() - (lookedAt ?? row?.createdAt ?? new Date(context.clock.now())).getTime()
  const enabled = row?.enabled ?? true
  const head = {
    clusterId: id,
    watch: {
      enabled,
      everySeconds,
      error: row?.error ?? null,
      isLate: enabled && sinceMs > LATE_LOOKS * everySeconds * 1000,
    },
    lookedAt: lookedAt?.toISOString() ?? null,
    settingsAt: row?.settingsAt?.toISOString() ?? null,
  }
  if (lookedAt === null) return { ...head, servers: [], findings: [], checks: [] }
  const { facts, rows } = await gatherHealthFacts(context, id, lookedAt, parseKnownSettings(row?.settings))
  return { ...head, servers: rows.map(toServerHealthView), ...findDangers(facts) }
}
