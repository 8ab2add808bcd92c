import type { AdminTarget } from '../../adapters/adminserver/admin-server.ts'
import type { MemberDisk } from '../../adapters/members/member-machine.ts'
import type { Member } from '../../adapters/members/members.ts'
import { formatErrorLine, isArkeeperError } from '../../base/errors.ts'
import { getAdminTargets } from '../clusters/admin-servers.ts'
import { listClusterMembers } from '../clusters/cluster-members.ts'
import { getClusterTarget, type OpenableCluster } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { splitConnectString } from '../engine/connect-string.ts'
import { readAdminFacts, toAdminObject } from '../engine/read-admin-facts.ts'
import type { AdminServerFacts, MemberFacts, PhysicalFacts } from './facts.ts'
import { type ConfiguredServer, parseConfiguredServers } from './parse-voters.ts'
import type { PhysicalOptions } from './schemas.ts'
import type { PhysicalWay } from './views.ts'

const CONFIG = '/zookeeper/config'

export interface GatherInput {
  readonly clusterId: string
  readonly archiveDir: string
  readonly way: PhysicalWay
  readonly options: PhysicalOptions
  readonly asideFolder: string
  readonly onProgress?: (znodes: number) => void
}

/** Reads all that the pre-flight needs: the archive, the directories of members, and whatever answers. Changes nothing anywhere. */
export async function gatherFacts(context: ServiceContext, input: GatherInput): Promise<PhysicalFacts> {
  const target = await getClusterTarget(context, input.clusterId)
  const members = await listClusterMembers(context, input.clusterId)
  const archive = await context.archives.measureUnpacked(input.archiveDir, {
    signal: context.signal,
    onProgress: input.onProgress,
  })
  const statuses = await context.zookeeper
    .serverStatus({ ...target, connectString: connectStringOfAll(target, members, input.options) })
    .catch(() => [])
  const live = await readLiveConfig(context, target)
  const stored = live.length > 0 ? [] : await readStoredConfig(context, input.archiveDir)
  return {
    way: input.way,
    options: input.options,
    archive,
    clusterName: target.clusterName,
    clusterChroot: splitConnectString(target.connectString).chroot,
    statuses,
    configured: live.length > 0 ? live : stored,
    configuredFrom: live.length > 0 ? 'live' : stored.length > 0 ? 'backup' : null,
    members: await Promise.all(members.map((member) => lookAt(context, member))),
    admins: await Promise.all(
      (await listAdminTargets(context, input.clusterId, members)).map((admin) => askAdmin(context, admin)),
    ),
    asideFolder: input.asideFolder,
  }
}

async function lookAt(context: ServiceContext, member: Member): Promise<MemberFacts> {
  const liveness = await context.machine.liveness(member)
  let disk: MemberDisk | null = null
  let fault: string | null = null
  try {
    disk = await context.machine.inspect(member)
  } catch (error) {
    if (!isArkeeperError(error)) throw error
    fault = error.message
  }
  return { member, disk, fault, liveness }
}

/** Every server that is known by an address, each once. */
function connectStringOfAll(target: OpenableCluster, members: readonly Member[], options: PhysicalOptions): string {
  const { servers } = splitConnectString(target.connectString)
  const all = [
    ...servers.split(',').map((server) => server.trim()),
    ...members.flatMap(({ client }) => (client === null ? [] : [client])),
    ...options.servers.map(({ client }) => client),
  ]
  return [...new Set(all)].join(',')
}

async function readLiveConfig(context: ServiceContext, target: OpenableCluster): Promise<ConfiguredServer[]> {
  const { servers } = splitConnectString(target.connectString)
  try {
    const connection = await context.zookeeper.connect(
      { ...target, connectString: servers },
      { signal: context.signal },
    )
    try {
      const reading = await connection.get(CONFIG, { signal: context.signal })
      return reading.kind === 'found' ? parseConfiguredServers(textOf(reading.znode.data)) : []
    } finally {
      await connection.close()
    }
  } catch (error) {
    // A cluster that is down is no reason not to restore it.
    context.log.debug({ error: formatErrorLine(error) }, 'The live configuration could not be read')
    return []
  }
}

async function readStoredConfig(context: ServiceContext, archiveDir: string): Promise<ConfiguredServer[]> {
  const reader = await context.archives.open(archiveDir)
  try {
    const reading = await reader.get(CONFIG, { signal: context.signal })
    return reading.kind === 'found' ? parseConfiguredServers(textOf(reading.znode.data)) : []
  } finally {
    await reader.close()
  }
}

const textOf = (data: Uint8Array | null) => Buffer.from(data ?? []).toString('utf8')

/** Those of the cluster's settings, with their credentials, and those that only the configuration file names. */
export async function listAdminTargets(
  context: ServiceContext,
  clusterId: string,
  members: readonly Member[],
): Promise<AdminTarget[]> {
  const targets = await getAdminTargets(context, clusterId)
  const known = new Set(targets.map(({ url }) => url.replace(/\/+$/, '')))
  const more = members.flatMap(({ adminUrl }) => {
    if (adminUrl === null || known.has(adminUrl.replace(/\/+$/, ''))) return []
    return [{ url: adminUrl }]
  })
  return [...targets, ...more]
}

async function askAdmin(context: ServiceContext, admin: AdminTarget): Promise<AdminServerFacts> {
  const nothing = {
    url: admin.url,
    error: null,
    version: null,
    state: null,
    zxid: null,
    serverId: null,
    clientPort: null,
    dataDir: null,
    dataLogDir: null,
    extendedTypes: null,
    juteMaxBuffer: null,
  }
  try {
    const stats = await readAdminFacts(context, admin)
    const { version, zxid, state } = stats
    return { ...nothing, version, zxid, state, ...(await askConfiguration(context, admin)) }
  } catch (error) {
    if (!isArkeeperError(error)) throw error
    return { ...nothing, error: error.message }
  }
}

async function askConfiguration(context: ServiceContext, admin: AdminTarget) {
  const configuration = await answerOf(context, admin, 'configuration')
  const properties = await answerOf(context, admin, 'system_properties')
  const answered = toAdminObject(properties?.system_properties) ?? properties
  const dir = (value: unknown) => (typeof value === 'string' ? value.replace(/\/version-2\/?$/, '') : null)
  const number = (value: unknown) => (typeof value === 'number' ? value : null)
  const serverId = number(configuration?.server_id)
  const jute = Number(answered?.['jute.maxbuffer'])
  return {
    serverId: serverId === null ? null : String(serverId),
    clientPort: number(configuration?.client_port),
    dataDir: dir(configuration?.data_dir),
    dataLogDir: dir(configuration?.data_log_dir),
    extendedTypes: answered === null ? null : answered['zookeeper.extendedTypesEnabled'] === 'true',
    juteMaxBuffer: Number.isSafeInteger(jute) && jute > 0 ? jute : null,
  }
}

/** Null for a command that this version does not know, or does not answer. */
async function answerOf(context: ServiceContext, admin: AdminTarget, command: string) {
  try {
    return await context.adminServers.ask(admin, command, { signal: context.signal })
  } catch (error) {
    if (!isArkeeperError(error)) throw error
    return null
  }
}
