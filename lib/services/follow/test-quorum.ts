import type { QuorumTarget } from '../../adapters/zookeeper/observer.ts'
import { type ArkeeperError, isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import { getClusterForWriting } from '../clusters/armed.ts'
import { getClusterTarget } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { splitConnectString } from '../engine/connect-string.ts'
import { assertActorCan, mutate } from '../gate.ts'
import { getQuorumTarget } from './quorum-target.ts'
import type { QuorumTestView } from './views.ts'

type Found = QuorumTestView['servers'][number]

/** A page waits for it. */
const DEADLINES = { connectTimeoutMs: 5_000, handshakeTimeoutMs: 10_000, silenceLimitMs: 10_000 } as const

/**
 * Knocks at each quorum port that is stored, as an observer that leaves before the tree is sent: no tree is walked for it, and nothing is kept.
 * Says of each address in words what it found. One that lets us in is enough.
 */
export async function testQuorum(
  context: ServiceContext,
  { clusterId }: { readonly clusterId: string },
): Promise<QuorumTestView> {
  const { id, name } = await getClusterForWriting(context, clusterId)
  const about = { action: 'follow.test-quorum', cluster: { id, name } } as const
  await assertActorCan(context, about)
  const target = await getQuorumTarget(context, id)
  const { connectString } = await getClusterTarget(context, id)
  const clientPorts = new Set(splitConnectString(connectString).servers.split(','))
  const servers = await Promise.all(
    target.servers.map(async (server) => {
      const found = await knockAt(context, target, server)
      return clientPorts.has(found.server) && !found.ok ? { ...found, message: CLIENT_PORT } : found
    }),
  )
  const report = { ok: servers.some(({ ok }) => ok), servers }
  const found = servers.map(({ server, code }) => `${server}: ${code}`).join(', ')
  await mutate(context, { ...about, after: { found } }, async (tx) => {
    await tx.clusterFollow.updateMany({
      where: { clusterId: id },
      data: { testedAt: new Date(context.clock.now()), testReport: report },
    })
  })
  return report
}

async function knockAt(
  context: ServiceContext,
  target: QuorumTarget,
  server: QuorumTarget['servers'][number],
): Promise<Found> {
  const name = `${server.host}:${server.port}`
  const options = { from: 0n, acceptSnapshot: false, scratchDir: context.paths.workDir, signal: context.signal }
  try {
    const session = await context.observers.open({ ...target, ...DEADLINES, servers: [server] }, options)
    await session.close()
    return letIn(name)
  } catch (error) {
    throwIfAborted(context.signal)
    if (!isArkeeperError(error)) throw error
    // It has let us in and begun with its whole tree, which we left.
    if (error.code === 'NEEDS_SNAPSHOT') return letIn(name)
    return { server: name, ok: false, code: error.code, message: describe(error) }
  }
}

function letIn(server: string): Found {
  const message = 'Lets an observer in: the leader, or a follower that observers may ask (observerMasterPort).'
  return { server, ok: true, code: 'OK', message }
}

const CLIENT_PORT =
  'This is where clients connect: it stands in the connect string of the cluster. The quorum port is the first port of the member’s server.N line, often 2888.'

function describe({ code, message, remedy, details, cause }: ArkeeperError): string {
  if (code !== 'NO_LEADER') return remedy === undefined ? message : `${message}. What to do: ${remedy}`
  const found = cause instanceof Error ? cause.message : message
  if (details.isSilent === true) {
    return `${found}. Nobody was reached there: look for a wrong name or port, or for a firewall that does not let this host through.`
  }
  return `${found}. Only the leader listens on its quorum port, so this is right for every other member; where all say so, look for a wrong port, or for a firewall.`
}
