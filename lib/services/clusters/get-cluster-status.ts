import type { ClusterTarget, DownCause, ZooKeeperPort } from '../../adapters/zookeeper/connection.ts'
import { withDeadline } from '../../base/deadline.ts'
import { formatErrorLine, isArkeeperError } from '../../base/errors.ts'
import { formatHex64 } from '../../base/hex64.ts'
import { ROOT } from '../../domain/znode/path.ts'
import type { ServiceContext } from '../context.ts'
import { findCertificateAlarms } from './certificate-alarms.ts'
import { TLS_COLUMNS, toCertificateView, toTlsView } from './cluster-tls.ts'
import { getClusterTarget } from './open-cluster.ts'
import { readAlarms } from './read-alarms.ts'
import type { ClusterAlarmView, ClusterStatusView, ServerStatusView } from './views.ts'

/** The session's answer decides; the servers' own words, asked meanwhile, are details. Both end well below the 5 s that a page waits. */
const SESSION_TIMEOUT_MS = 4_000
const SERVERS_TIMEOUT_MS = 3_500

type Answers = Awaited<ReturnType<ZooKeeperPort['serverStatus']>>

/** Whether the cluster can be used now. A cluster that is down is an answer, not an error; only NOT_FOUND is thrown. */
export async function getClusterStatus(context: ServiceContext, clusterId: string): Promise<ClusterStatusView> {
  const checkedAt = new Date(context.clock.now()).toISOString()
  let target: ClusterTarget
  try {
    target = await getClusterTarget(context, clusterId)
  } catch (error) {
    if (isArkeeperError(error) && error.code === 'NOT_FOUND') throw error
    return toDown(error, checkedAt, { servers: [], alarms: [] })
  }
  const [answers, session, told] = await Promise.all([
    askServers(context, target),
    readRoot(context, clusterId),
    readAlarms(context, clusterId),
  ])
  const servers = answers.map(toServerView)
  const alarms = [...told, ...(await readCertificateAlarms(context, clusterId, servers))]
  if (!session.ok) return toDown(session.error, checkedAt, { servers, alarms })

  const known = answers.flatMap((answer) => (answer.status ? [answer.status] : []))
  const leader = known.find((status) => status.mode === 'leader' || status.mode === 'standalone') ?? known[0]
  return {
    state: 'up',
    checkedAt,
    servers,
    mode: leader?.mode === 'leader' || leader?.mode === 'follower' ? 'ensemble' : (leader?.mode ?? null),
    version: leader?.version ?? session.serverVersion,
    zxid: formatHex64(highest([session.zxid, ...known.map((status) => status.zxid ?? 0n)])),
    znodes: leader?.znodeCount ?? null,
    latencyMs: session.latencyMs,
    alarms,
  }
}

async function askServers(context: ServiceContext, target: ClusterTarget): Promise<Answers> {
  try {
    return await withDeadline(context.zookeeper.serverStatus(target), {
      what: 'The status of the servers',
      timeoutMs: SERVERS_TIMEOUT_MS,
    })
  } catch (error) {
    context.log.debug({ error: formatErrorLine(error) }, 'The servers were not asked for their status')
    return []
  }
}

async function readCertificateAlarms(
  context: ServiceContext,
  clusterId: string,
  servers: readonly ServerStatusView[],
): Promise<ClusterAlarmView[]> {
  const row = await context.db.cluster.findUnique({ where: { id: clusterId }, select: TLS_COLUMNS })
  return row === null ? [] : findCertificateAlarms(toTlsView(row), servers, context.clock.now())
}

type SessionAnswer =
  | { ok: true; zxid: bigint; latencyMs: number; serverVersion: string | null }
  | { ok: false; error: unknown }

/** One round trip over the shared session, and a second one when it is lost meanwhile: the next borrow finds out why, or gives a new session. */
async function readRoot(context: ServiceContext, clusterId: string): Promise<SessionAnswer> {
  const controller = new AbortController()
  const attempt = async (): Promise<SessionAnswer> => {
    const connection = await context.sessions.borrow(clusterId, { signal: controller.signal })
    const startedAt = performance.now()
    // A root that may not be read answers too: the cluster is up.
    await connection.get(ROOT, { signal: controller.signal })
    return {
      ok: true,
      latencyMs: Math.round(performance.now() - startedAt),
      zxid: connection.lastZxidSeen(),
      serverVersion: connection.serverVersion,
    }
  }
  try {
    return await withDeadline(
      attempt().catch((error) => {
        if (!isGoneSession(error)) throw error
        return attempt()
      }),
      { what: 'ZooKeeper', timeoutMs: SESSION_TIMEOUT_MS, signal: context.signal },
    )
  } catch (error) {
    return { ok: false, error }
  } finally {
    controller.abort()
  }
}

function isGoneSession(error: unknown): boolean {
  return isArkeeperError(error) && ['SESSION_EXPIRED', 'CONNECTION_LOST', 'CLOSED'].includes(error.code)
}

const REMEDIES: Record<DownCause, string> = {
  resolve: 'check the host name in the connect string and the DNS of this machine',
  refused: 'check that ZooKeeper runs there and that the port is right',
  timeout: 'check firewalls between this machine and the servers, and that the servers are not overloaded',
  tls: 'check the TLS settings of the cluster and the certificates of its servers',
  auth: "check the cluster's credentials",
  'session-expired': 'the next request opens a new session; if this stays, raise the session timeout',
  'not-serving': 'check that a majority of the ensemble runs',
  other: 'test the connection step by step on the page of the cluster',
}

function toDown(
  error: unknown,
  checkedAt: string,
  known: { servers: readonly ServerStatusView[]; alarms: readonly ClusterAlarmView[] },
): ClusterStatusView {
  const cause = toDownCause(error)
  const message = isArkeeperError(error) ? error.message : 'The cluster could not be asked'
  const remedy = (isArkeeperError(error) ? error.remedy : undefined) ?? REMEDIES[cause]
  return { state: 'down', checkedAt, cause, message, remedy, ...known }
}

export function toDownCause(error: unknown): DownCause {
  if (!isArkeeperError(error)) return 'other'
  if (error.code.startsWith('TLS_')) return 'tls'
  switch (error.code) {
    case 'RESOLVE_FAILED':
      return 'resolve'
    case 'CONNECT_REFUSED':
      return 'refused'
    case 'CONNECT_TIMEOUT':
    case 'REQUEST_TIMEOUT':
    case 'TIMEOUT':
      return 'timeout'
    case 'AUTH_FAILED':
    case 'SECRET_UNREADABLE':
      return 'auth'
    case 'SESSION_EXPIRED':
      return 'session-expired'
    case 'NOT_SERVING':
      return 'not-serving'
    default:
      return 'other'
  }
}

function toServerView(answer: Answers[number]): ServerStatusView {
  const { server, status, error, certificate } = answer
  return {
    server,
    mode: status?.mode ?? null,
    version: status?.version ?? null,
    zxid: status?.zxid === null || status?.zxid === undefined ? null : formatHex64(status.zxid),
    certificate: certificate && toCertificateView('server', certificate),
    error,
  }
}

function highest(zxids: readonly bigint[]): bigint {
  return zxids.reduce((a, b) => (a > b ? a : b), 0n)
}
