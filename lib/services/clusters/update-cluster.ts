import { z } from 'zod'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { getClusterForWriting } from './armed.ts'
import { assertMayPoint } from './assert-may-point.ts'
import { assertNameFree, parseClusterInput, toAuthColumns } from './cluster-input.ts'
import { describeTls, mergeTls, openTls, TLS_COLUMNS, toTlsColumns } from './cluster-tls.ts'
import type { ClusterInput, clusterInputSchema } from './schemas.ts'
import { CLUSTER_COLUMNS, toClusterView } from './to-cluster-view.ts'
import type { ClusterView } from './views.ts'

const clusterIdSchema = z.object({ clusterId: z.string() })

/** Changes a cluster and forgets its connections. One that is pointed at other servers is read-only again: the arming was for the old ones. */
export async function updateCluster(
  context: ServiceContext,
  input: { readonly clusterId: string } & z.input<typeof clusterInputSchema>,
): Promise<ClusterView> {
  const { clusterId } = parseInput(clusterIdSchema, input)
  const parsed = parseClusterInput(input)
  const { name, connectString, environment, sessionTimeoutMs, requestBytesMax, note } = parsed
  const auth = toAuthColumns(context, parsed.auth)

  const known = await getClusterForWriting(context, clusterId)
  // The name counts too: the configuration file says by it which directories and commands of this host belong to a cluster.
  if (known.name !== name || (await findConnectString(context, clusterId)) !== connectString) {
    await assertMayPoint(context, { action: 'cluster.update', cluster: known })
  }
  const tls = await toStoredTls(context, clusterId, parsed.tls)
  const view = await mutate(
    context,
    { action: 'cluster.update', cluster: { id: known.id, name: known.name } },
    async (tx, record) => {
      const before = await tx.cluster.findFirst({
        where: { id: clusterId, removedAt: null },
        select: { ...CLUSTER_COLUMNS, revision: true },
      })
      if (!before) throw new ServiceError('NOT_FOUND', `There is no cluster ${clusterId}`)
      record({ before: toFacts(before) })
      await assertNameFree(tx, name, clusterId)
      const disarm = before.connectString !== connectString ? { armedUntil: null, armedById: null } : {}
      const after = await tx.cluster.update({
        where: { id: clusterId },
        data: {
          name,
          connectString,
          environment,
          sessionTimeoutMs,
          requestBytesMax,
          note,
          ...auth,
          ...tls,
          ...disarm,
          revision: { increment: 1 },
        },
        select: { ...CLUSTER_COLUMNS, revision: true },
      })
      record({
        after: {
          ...toFacts(after),
          credentialsChanged: parsed.auth.kind !== 'keep',
          tlsChanged: parsed.tls.kind !== 'keep',
        },
      })
      return toClusterView(tx, after, context.clock.now())
    },
  )
  await context.sessions.drop(clusterId)
  return view
}

/** Null for a cluster that is not there. */
export async function findConnectString({ db }: Pick<ServiceContext, 'db'>, clusterId: string): Promise<string | null> {
  const row = await db.cluster.findUnique({ where: { id: clusterId }, select: { connectString: true } })
  return row?.connectString ?? null
}

/** The stored key is only opened where the input leaves it to be kept. */
async function toStoredTls(context: ServiceContext, clusterId: string, input: ClusterInput['tls']) {
  if (input.kind !== 'on') return toTlsColumns(context, input, null)
  const row = await context.db.cluster.findUniqueOrThrow({
    where: { id: clusterId },
    select: { ...TLS_COLUMNS, tlsKey: true },
  })
  const stored = input.key === '' && input.cert !== '' ? openTls(context, row) : null
  return toTlsColumns(context, input, mergeTls(input, stored))
}

function toFacts(row: {
  name: string
  connectString: string
  environment: string
  sessionTimeoutMs: number
  requestBytesMax: number
  authScheme: string | null
  revision: number
  tlsOn: boolean
  tlsCa: string | null
  tlsCert: string | null
  tlsCheckName: boolean
}) {
  const { name, connectString, environment, sessionTimeoutMs, requestBytesMax, authScheme, revision } = row
  const tls = describeTls(row)
  return { name, connectString, environment, sessionTimeoutMs, requestBytesMax, authScheme, tls, revision }
}
