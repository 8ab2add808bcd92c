import type { z } from 'zod'
import type { ClusterTarget, ConnectionStep } from '../../adapters/zookeeper/connection.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { assertActorCan } from '../gate.ts'
import { getClusterForWriting } from './armed.ts'
import { assertMayPoint } from './assert-may-point.ts'
import { parseClusterInput } from './cluster-input.ts'
import { mergeTls } from './cluster-tls.ts'
import { getClusterTarget } from './open-cluster.ts'
import type { clusterInputSchema } from './schemas.ts'
import { findConnectString } from './update-cluster.ts'

export type TestClusterInput =
  | { readonly clusterId: string }
  /** Settings that are not stored yet; `auth.kind` keep takes the stored credentials of `clusterId`. */
  | { readonly clusterId?: string; readonly input: z.input<typeof clusterInputSchema> }

/** Step by step over a connection of its own; the first failed step is the last one. Changes nothing. */
export async function* testCluster(context: ServiceContext, request: TestClusterInput): AsyncIterable<ConnectionStep> {
  // Unsaved settings can send the stored credentials to any server, so they need the right to save them.
  const cluster = request.clusterId === undefined ? null : await getClusterForWriting(context, request.clusterId)
  if (cluster === null) await assertActorCan(context, { action: 'cluster.add' })
  else await assertActorCan(context, { action: 'input' in request ? 'cluster.update' : 'cluster.test', cluster })
  if (cluster !== null && 'input' in request) {
    const { connectString } = parseClusterInput(request.input)
    const isElsewhere = (await findConnectString(context, cluster.id)) !== connectString
    if (isElsewhere) await assertMayPoint(context, { action: 'cluster.update', cluster })
  }
  const target =
    'input' in request ? await toTarget(context, request) : await getClusterTarget(context, request.clusterId)
  yield* context.zookeeper.testConnection(target, { signal: context.signal })
}

async function toTarget(
  context: ServiceContext,
  request: Extract<TestClusterInput, { input: unknown }>,
): Promise<ClusterTarget> {
  const parsed = parseClusterInput(request.input)
  const { connectString, sessionTimeoutMs, auth } = parsed
  const keepsKey = parsed.tls.kind === 'on' && parsed.tls.cert !== '' && parsed.tls.key === ''
  const needsStored = auth.kind === 'keep' || parsed.tls.kind === 'keep' || keepsKey
  const stored =
    needsStored && request.clusterId !== undefined ? await getClusterTarget(context, request.clusterId) : null
  const tls = mergeTls(parsed.tls, stored?.tls ?? null)
  switch (auth.kind) {
    case 'none':
      return { connectString, sessionTimeoutMs, tls }
    case 'digest':
    case 'sasl':
      return {
        connectString,
        sessionTimeoutMs,
        tls,
        auth: [{ scheme: auth.kind, id: `${auth.username}:${auth.password}` }],
      }
    case 'keep': {
      if (stored === null) {
        const message = 'There are no stored credentials to keep'
        throw new ServiceError('INVALID_INPUT', message, { details: { fields: { auth: message } } })
      }
      return { connectString, sessionTimeoutMs, tls, auth: stored.auth }
    }
  }
}
