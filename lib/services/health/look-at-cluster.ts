import { formatErrorLine, isArkeeperError } from '../../base/errors.ts'
import type { ToldSettings } from '../../domain/health/told-settings.ts'
import { listAdminPlaces, type ServerPlace } from '../clusters/admin-places.ts'
import { getClusterTarget } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { findPlaces, type HealthPlace } from './find-places.ts'
import { type HealthLook, lookAtServers } from './look-at-servers.ts'
import { readSettings } from './read-settings.ts'
import { type KnownSettings, parseKnownSettings } from './settings-store.ts'

/** Settings change when a server starts, which is seen by its uptime; this is for what changes without. */
const SETTINGS_MS = 15 * 60_000

/**
 * One look at every server. `settings` is null where those that are known stand. Throws NOT_FOUND and what makes it impossible to ask anybody,
 * SECRET_UNREADABLE for example; a server that cannot be reached is a look.
 */
export async function lookAtCluster(
  context: ServiceContext,
  clusterId: string,
  known: { readonly settings: unknown; readonly settingsAt: Date | null },
): Promise<{ readonly looks: HealthLook[]; readonly settings: KnownSettings | null }> {
  const cluster = await getClusterTarget(context, clusterId)
  const adminPlaces = await placesOf(context, clusterId)
  const before = parseKnownSettings(known.settings)
  const now = context.clock.now()
  const find = (settings: KnownSettings) => findPlaces(cluster.connectString, adminPlaces, settings)
  const settingsAt = known.settingsAt?.getTime() ?? null
  // Before the first look: they say which AdminServer belongs to which address.
  const isFirst = settingsAt === null
  const read = async () => {
    const told = await readSettings(context, cluster, find(before), before)
    return { ...told, servers: settingsOf(find(told), told.servers) }
  }
  let settings = isFirst ? await read() : null
  const looks = await lookAtServers(context, find(settings ?? before), cluster.tls ?? null)
  const isStale = !isFirst && (now - settingsAt >= SETTINGS_MS || hasRestarted(looks, now - settingsAt))
  if (isStale && looks.some(({ ok }) => ok)) settings = await read()
  return { looks, settings }
}

/** One entry a server, under the name that its samples have: before it was known which AdminServer is whose, a server was asked twice. */
function settingsOf(places: readonly HealthPlace[], told: readonly ToldSettings[]): ToldSettings[] {
  return places.flatMap(({ server, target }) => {
    const own = told.find(({ url }) => url !== null && url === target?.url) ?? told.find((one) => one.server === server)
    return own ? [{ ...own, server }] : []
  })
}

function hasRestarted(looks: readonly HealthLook[], sinceMs: number): boolean {
  return looks.some(({ numbers: { uptimeMs } }) => uptimeMs !== null && Number(uptimeMs) < sinceMs)
}

/** A configuration file with faults must not keep the servers of the connect string from being looked at. */
async function placesOf(context: ServiceContext, clusterId: string): Promise<ServerPlace[]> {
  try {
    return await listAdminPlaces(context, clusterId)
  } catch (error) {
    if (!isArkeeperError(error) || error.code === 'NOT_FOUND' || error.code === 'SECRET_UNREADABLE') throw error
    context.log.debug({ error: formatErrorLine(error) }, 'The members of the configuration file are not known')
    return []
  }
}
