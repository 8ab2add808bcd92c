import { parseQuorumServers } from '../../adapters/zookeeper/connect-string.ts'
import { ObserverError } from '../../adapters/zookeeper/errors.ts'
import type { QuorumTarget } from '../../adapters/zookeeper/observer.ts'
import { openTls } from '../clusters/cluster-tls.ts'
import { getClusterTarget } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'

type Context = Pick<ServiceContext, 'db' | 'secrets'>

/** Columns that say where and how an ensemble is heard. */
export const QUORUM_COLUMNS = {
  quorumServers: true,
  tlsMode: true,
  tlsCa: true,
  tlsCert: true,
  tlsKey: true,
  tlsCheckName: true,
} as const

export interface QuorumRow {
  readonly quorumServers: string
  readonly tlsMode: string
  readonly tlsCa: string | null
  readonly tlsCert: string | null
  readonly tlsKey: Uint8Array | null
  readonly tlsCheckName: boolean
}

/** The quorum ports that an administrator has named for a cluster, with the key to them: for the adapter only. Null: none are named. */
export async function findQuorumTarget(context: Context, clusterId: string): Promise<QuorumTarget | null> {
  const row = await context.db.clusterFollow.findUnique({ where: { clusterId }, select: QUORUM_COLUMNS })
  return row === null || row.quorumServers === '' ? null : toQuorumTarget(context, clusterId, row)
}

/** As above. Throws NO_SOURCE. */
export async function getQuorumTarget(context: Context, clusterId: string): Promise<QuorumTarget> {
  const target = await findQuorumTarget(context, clusterId)
  if (target !== null) return target
  throw new ServiceError('NO_SOURCE', 'No quorum port of this cluster is named', {
    unaffected: 'no server was asked',
    remedy: 'an administrator names them in the settings of the cluster (Live stream)',
  })
}

export async function toQuorumTarget(context: Context, clusterId: string, row: QuorumRow): Promise<QuorumTarget> {
  const servers = parseQuorumServers(row.quorumServers)
  if (row.tlsMode === 'own') return { servers, tls: openTls(context, { ...row, tlsOn: true }) }
  if (row.tlsMode !== 'cluster') return { servers, tls: null }
  const { tls } = await getClusterTarget(context, clusterId)
  if (tls) return { servers, tls }
  // Whoever chose certificates is not to be connected without any.
  throw new ServiceError(
    'NO_SOURCE',
    'The quorum ports take the certificates of the client port, which has none any more',
    {
      unaffected: 'no server was asked',
      remedy: 'set TLS of the quorum port in the settings of the cluster (Live stream)',
    },
  )
}

/** Comma-separated, as stored. Throws INVALID_INPUT. */
export function normalizeQuorumServers(text: string): string {
  const joined = text
    .split(/[\s,]+/)
    .filter(Boolean)
    .join(',')
  if (joined === '') return ''
  try {
    return parseQuorumServers(joined)
      .map(({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`))
      .join(',')
  } catch (error) {
    if (!(error instanceof ObserverError)) throw error
    throw new ServiceError('INVALID_INPUT', error.message, {
      unaffected: 'nothing was changed',
      remedy: error.remedy,
      details: { fields: { quorumServers: error.message } },
    })
  }
}
