import type { z } from 'zod'
import type { ServiceContext } from '../context.ts'
import { mutate } from '../gate.ts'
import { assertNameFree, parseClusterInput, toAuthColumns } from './cluster-input.ts'
import { describeTls, mergeTls, toTlsColumns } from './cluster-tls.ts'
import type { clusterInputSchema } from './schemas.ts'
import { CLUSTER_COLUMNS, toClusterView } from './to-cluster-view.ts'
import type { ClusterView } from './views.ts'

/** A new cluster is read-only. It need not be reachable. */
export async function addCluster(
  context: ServiceContext,
  input: z.input<typeof clusterInputSchema>,
): Promise<ClusterView> {
  const parsed = parseClusterInput(input)
  const { name, connectString, environment, sessionTimeoutMs, requestBytesMax, note } = parsed
  const auth = toAuthColumns(context, parsed.auth)
  const tls = toTlsColumns(context, parsed.tls, mergeTls(parsed.tls, null))
  const id = context.newId()
  const mutation = {
    action: 'cluster.add',
    cluster: { id, name },
    after: {
      connectString,
      environment,
      sessionTimeoutMs,
      requestBytesMax,
      authScheme: auth.authScheme ?? null,
      tls: tls.tlsOn ? describeTls(tls) : 'off',
    },
  } as const
  return mutate(context, mutation, async (tx) => {
    await assertNameFree(tx, name, null)
    const row = await tx.cluster.create({
      data: { id, name, connectString, environment, sessionTimeoutMs, requestBytesMax, note, ...auth, ...tls },
      select: CLUSTER_COLUMNS,
    })
    await tx.healthWatch.create({ data: { clusterId: id, nextRunAt: new Date(context.clock.now()) } })
    return toClusterView(tx, row, context.clock.now())
  })
}
