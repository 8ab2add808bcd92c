import type { HealthFacts } from '../../domain/health/health-facts.ts'
import { toServerRole } from '../../domain/health/read-monitor.ts'
import type { ServiceContext } from '../context.ts'
import { SAMPLE_COLUMNS, type SampleRow } from './sample-columns.ts'
import type { KnownSettings } from './settings-store.ts'

const RECENT_MS = 60 * 60_000
/** No rolling upgrade takes longer; what is older need not be read. */
const VERSIONS_MS = 8 * 24 * 3_600_000

/** What the rules need, all of it stored: the rows of the look at `at`, the hour before it, and the settings. */
export async function gatherHealthFacts(
  { db, clock }: Pick<ServiceContext, 'db' | 'clock'>,
  clusterId: string,
  at: Date,
  { servers: settings, members, ttlZnodes }: KnownSettings,
): Promise<{ readonly facts: HealthFacts; readonly rows: readonly SampleRow[] }> {
  const rows = await db.healthSample.findMany({
    where: { clusterId, at },
    orderBy: { server: 'asc' },
    select: SAMPLE_COLUMNS,
  })
  const recent = await db.healthSample.findMany({
    where: { clusterId, at: { gt: new Date(at.getTime() - RECENT_MS), lte: at } },
    orderBy: [{ at: 'asc' }, { server: 'asc' }],
    select: { server: true, outstanding: true, sessionsExpired: true },
  })
  const serverFacts = rows.map((row) => ({
    ...row,
    role: toServerRole(row.role),
    recent: recent.filter(({ server }) => server === row.server),
  }))
  const versions = new Set(rows.flatMap(({ ok, version }) => (ok && version !== null ? [version] : [])))
  return {
    rows,
    facts: {
      nowMs: clock.now(),
      servers: serverFacts,
      members,
      settings,
      ttlZnodes,
      versionsDifferSinceMs: versions.size > 1 ? await findDifferenceSince(db, clusterId, at, rows.length) : null,
    },
  }
}

/** The first look after the last one at which all servers ran one version; looks that are kept long are enough to tell it to the hour. */
async function findDifferenceSince(
  db: ServiceContext['db'],
  clusterId: string,
  at: Date,
  servers: number,
): Promise<number> {
  const kept = await db.healthSample.findMany({
    where: { clusterId, tier: 2, ok: true, at: { gt: new Date(at.getTime() - VERSIONS_MS), lte: at } },
    orderBy: [{ at: 'desc' }, { server: 'asc' }],
    select: { at: true, version: true },
  })
  const looks = new Map<number, (string | null)[]>()
  for (const { at: when, version } of kept) {
    looks.set(when.getTime(), [...(looks.get(when.getTime()) ?? []), version])
  }
  let since = at.getTime()
  for (const [when, seen] of looks) {
    // A row that was kept for a turn of its own says nothing of the others.
    if (seen.length === servers && new Set(seen).size === 1) break
    since = when
  }
  return since
}
