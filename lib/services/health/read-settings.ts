import type { AdminObject, AdminTarget } from '../../adapters/adminserver/admin-server.ts'
import { parseConnectString } from '../../adapters/zookeeper/connect-string.ts'
import { withDeadline } from '../../base/deadline.ts'
import { formatErrorLine, isArkeeperError } from '../../base/errors.ts'
import { type EnsembleMember, hostOf, parseMembers, toClientAddress } from '../../domain/health/members.ts'
import { parseConf } from '../../domain/health/parse-words.ts'
import { pickProperties, pickRunning, pickZooCfg, type ToldSettings } from '../../domain/health/told-settings.ts'
import type { OpenableCluster } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { toAdminObject } from '../engine/read-admin-facts.ts'
import { readZooCfg } from '../retention/read-zoo-cfg.ts'
import type { HealthPlace } from './find-places.ts'
import { findTtlZnodes } from './find-ttl-znodes.ts'
import type { KnownSettings } from './settings-store.ts'

const ASK_TIMEOUT_MS = 3_000
const CONFIG_PATH = '/zookeeper/config'
const SESSION_TIMEOUT_MS = 5_000

type Context = Pick<ServiceContext, 'db' | 'adminServers' | 'zookeeper' | 'sessions' | 'signal' | 'log' | 'clock'>

interface Told {
  readonly settings: ToldSettings
  readonly members: readonly EnsembleMember[] | null
}

/**
 * Members and settings, from AdminServers where they are, else from `conf`, and members from /zookeeper/config where neither told them. What a
 * server does not tell now but told before is kept: a server that is down must not lose its name.
 */
export async function readSettings(
  context: Context,
  cluster: OpenableCluster,
  places: readonly HealthPlace[],
  known: KnownSettings,
): Promise<KnownSettings> {
  const told = await Promise.all(places.map((place) => readOne(context, cluster, place)))
  const found = await Promise.all(
    places.map((place, index) => {
      const { server, target } = place
      const before = known.servers.find((each) => (target ? each.url === target.url : each.server === server))
      return withFile(context, place, told[index]?.settings ?? before ?? null)
    }),
  )
  const servers = found.filter((each) => each !== null)
  // The fullest list: votings alone are told by some.
  const lists = told.flatMap((each) => (each?.members ? [each.members] : []))
  const fullest = lists.toSorted((a, b) => b.length - a.length)[0]
  const isEmpty = fullest === undefined || fullest.length === 0
  const read = isEmpty && told.every((each) => each === null) ? await readConfigZnode(context, cluster) : null
  const members = isEmpty ? (read ?? fullest ?? known.members) : withClients(fullest, lists)
  return { servers, members, ttlZnodes: await findTtlZnodes(context, cluster.clusterId) }
}

/** No server without an AdminServer of 3.6 or newer gives its zoo.cfg away. */
async function withFile(
  context: Context,
  { server, target, member }: HealthPlace,
  told: ToldSettings | null,
): Promise<ToldSettings | null> {
  const text = told === null || told.zooCfg === null ? await readZooCfg(context, member ?? null) : null
  if (text === null) return told
  const readAt = new Date(context.clock.now()).toISOString()
  const nothing = { serverId: null, clientPort: null, clientAddress: null, properties: null, running: null }
  return { ...(told ?? { server, url: target?.url ?? null, readAt, ...nothing }), zooCfg: pickZooCfg(text) }
}

async function readOne(context: Context, cluster: OpenableCluster, place: HealthPlace): Promise<Told | null> {
  if (place.target !== null) {
    const told = await readAdmin(context, place.server, place.target)
    if (told !== null) return told
  }
  return place.client === null ? null : readConf(context, cluster, place.client)
}

async function readAdmin(context: Context, server: string, target: AdminTarget): Promise<Told | null> {
  const config = await askOrNull(context, target, 'configuration')
  if (config === null) return null
  const properties = await askOrNull(context, target, 'system_properties')
  const initial = await askOrNull(context, target, 'initial_configuration')
  const view = await askOrNull(context, target, 'voting_view')
  const zooCfg = initial?.initial_configuration
  const members = view === null ? null : membersOfView(view)
  const serverId = toCount(config.server_id)
  return {
    members,
    settings: {
      server,
      url: target.url,
      readAt: new Date(context.clock.now()).toISOString(),
      serverId: serverId === 0 ? null : serverId,
      clientPort: toCount(config.client_port) || null,
      clientAddress: members?.find(({ id }) => id === serverId)?.client ?? null,
      properties: properties === null ? null : pickProperties(properties),
      zooCfg: typeof zooCfg === 'string' ? pickZooCfg(zooCfg) : null,
      running: pickRunning(config),
    },
  }
}

function membersOfView(view: AdminObject): EnsembleMember[] | null {
  const config = toAdminObject(view.current_config)
  if (config === null) return null
  return Object.entries(config).flatMap(([id, value]) => {
    const member = toAdminObject(value)
    const addresses = member?.server_addresses
    const first = Array.isArray(addresses) && typeof addresses[0] === 'string' ? addresses[0] : null
    if (member === null || first === null || !/^\d+$/.test(id)) return []
    const host = hostOf(first)
    const client = typeof member.client_address === 'string' ? member.client_address : ''
    const isVoter = member.learner_type !== 'observer'
    return [{ id: Number(id), host, isVoter, client: toClientAddress(client, host) }]
  })
}

async function readConf(context: Context, { tls }: OpenableCluster, client: string): Promise<Told | null> {
  const [report] = await context.zookeeper.reports.configurations(
    { connectString: client, tls },
    { timeoutMs: ASK_TIMEOUT_MS, signal: context.signal },
  )
  if (report?.kind !== 'told') return null
  const conf = parseConf(report.value)
  const members = parseMembers(report.value)
  const id = toCount(Number(conf.serverId))
  const port = toCount(Number(conf.clientPort))
  const settings: ToldSettings = {
    server: client,
    url: null,
    readAt: new Date(context.clock.now()).toISOString(),
    serverId: id || null,
    clientPort: port || null,
    clientAddress: client,
    properties: null,
    zooCfg: null,
    running: pickRunning(conf),
  }
  return { members, settings }
}

/** Over the session that this process shares, which is closed when nobody uses it. Not below a chroot: the znode lies outside of it. */
async function readConfigZnode(context: Context, cluster: OpenableCluster): Promise<EnsembleMember[] | null> {
  if (parseConnectString(cluster.connectString).chroot !== '') return null
  try {
    const limit = { what: CONFIG_PATH, timeoutMs: SESSION_TIMEOUT_MS, signal: context.signal }
    const read = async () => {
      const connection = await context.sessions.borrow(cluster.clusterId, { signal: context.signal })
      return connection.get(CONFIG_PATH, { signal: context.signal })
    }
    const reading = await withDeadline(read(), limit)
    if (reading.kind !== 'found') return null
    return parseMembers(new TextDecoder().decode(reading.znode.data ?? new Uint8Array()))
  } catch (error) {
    if (isArkeeperError(error) && error.code === 'CANCELLED') throw error
    context.log.debug({ error: formatErrorLine(error) }, 'The configuration of the ensemble could not be read')
    return null
  }
}

/** A server knows the client address of itself alone where the others' are only in their own files. */
function withClients(
  members: readonly EnsembleMember[],
  lists: readonly (readonly EnsembleMember[])[],
): EnsembleMember[] {
  const all = lists.flat()
  return members.map((member) => ({
    ...member,
    client: member.client ?? all.find(({ id, client }) => id === member.id && client !== null)?.client ?? null,
  }))
}

async function askOrNull(context: Context, target: AdminTarget, command: string): Promise<AdminObject | null> {
  try {
    return await context.adminServers.ask(target, command, { signal: context.signal, timeoutMs: ASK_TIMEOUT_MS })
  } catch (error) {
    if (!isArkeeperError(error) || error.code === 'CANCELLED') throw error
    context.log.debug({ code: error.code, command }, 'An AdminServer did not answer a command')
    return null
  }
}

function toCount(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null
}
