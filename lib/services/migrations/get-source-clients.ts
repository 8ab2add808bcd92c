import type { ServerReport } from '../../adapters/zookeeper/server-reports.ts'
import { formatHex64 } from '../../base/hex64.ts'
import { isWithin, ROOT } from '../../domain/znode/path.ts'
import { getAdminTargets } from '../clusters/admin-servers.ts'
import { getClusterTarget } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { splitConnectString } from '../engine/connect-string.ts'
import { askAdminAddresses, askAdminEphemerals } from '../guards/admin-reports.ts'
import { getMigrationRow } from './find-migration.ts'
import type { SourceClientsView } from './views.ts'

const EPHEMERALS_SHOWN = 200

/** Who is connected to the source now, and which ephemerals live below its path. Asks by `cons` and `dump`, then the AdminServers. */
export async function getSourceClients(context: ServiceContext, migrationId: string): Promise<SourceClientsView> {
  const row = await getMigrationRow(context, migrationId)
  const target = await getClusterTarget(context, row.sourceId)
  const { chroot } = splitConnectString(target.connectString)
  const admins = await getAdminTargets(context, row.sourceId)
  const { reports } = context.zookeeper
  const { signal } = context
  const own = await ownSession(context, row.sourceId)
  const [addressWords, ephemeralWords] = await Promise.all([
    reports.addresses(target, { signal }),
    reports.ephemerals(target, { signal }),
  ])
  const open = (all: readonly ServerReport<unknown>[]) => all.some(({ kind }) => kind !== 'told')
  const addresses = [...addressWords, ...(open(addressWords) ? await askAdminAddresses(context, admins) : [])]
  const dumps = [...ephemeralWords, ...(open(ephemeralWords) ? await askAdminEphemerals(context, admins) : [])]
  // Any one server knows all ephemerals.
  const dump = dumps.find((report) => report.kind === 'told')
  const below = chroot === ROOT ? row.sourcePath : row.sourcePath === ROOT ? chroot : chroot + row.sourcePath
  const ephemerals =
    dump?.kind === 'told' ? [...dump.value].flatMap(([id, paths]) => paths.map((path) => ({ id, path }))) : []
  const inScope = ephemerals.filter(({ path }) => isWithin(path, below))
  const sessions = new Map<bigint, string>()
  for (const report of addresses) if (report.kind === 'told') for (const [id, at] of report.value) sessions.set(id, at)
  sessions.delete(own ?? -1n)
  return {
    askedAt: new Date(context.clock.now()).toISOString(),
    clients: [...sessions].map(([id, address]) => ({
      session: formatHex64(id),
      address,
      ephemerals: inScope.filter((each) => each.id === id).length,
    })),
    ephemerals: inScope.slice(0, EPHEMERALS_SHOWN).map(({ id, path }) => ({ path, session: formatHex64(id) })),
    ephemeralCount: inScope.length,
    untold: [...untoldOf(addresses), ...(dump ? [] : untoldOf(dumps))],
  }
}

async function ownSession(context: ServiceContext, clusterId: string): Promise<bigint | null> {
  try {
    return (await context.sessions.borrow(clusterId, { signal: context.signal })).sessionId
  } catch {
    return null
  }
}

function untoldOf(reports: readonly ServerReport<unknown>[]): string[] {
  return reports.flatMap((report) => {
    if (report.kind === 'told') return []
    if (report.kind === 'not-allowed')
      return [`${report.server}: its 4lw.commands.whitelist does not allow ${report.word}`]
    return [`${report.server}: ${report.kind === 'failed' ? report.message : 'it has too much to tell'}`]
  })
}
