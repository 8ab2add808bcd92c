import type { ClusterConnection } from '../../adapters/zookeeper/connection.ts'
import { ROOT } from '../../domain/znode/path.ts'
import type { OpenableCluster } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { assertChroot } from '../engine/assert-chroot.ts'
import { ServiceError } from '../errors.ts'

/** Each one moves the zxid of the source by a session: two ensembles whose zxids are alike by chance part within a few. */
const PROBES = 3

/**
 * Throws when both clusters are one ensemble, reached by whatever addresses: what is written to the target must never reach the source.
 * Told by the zxid, which only one ensemble has in common. Nothing is written but sessions that are opened and closed.
 */
export async function assertOtherEnsemble(
  context: Pick<ServiceContext, 'zookeeper' | 'signal'>,
  source: OpenableCluster,
  target: OpenableCluster,
): Promise<void> {
  const { zookeeper, signal } = context
  const a = await zookeeper.connect(source, { signal })
  try {
    await assertChroot(a, source.connectString, signal)
    const b = await zookeeper.connect(target, { signal })
    try {
      await assertChroot(b, target.connectString, signal)
      for (let probe = 0; probe <= PROBES; probe++) {
        if (!(await isBetween(a, b))) return
        const session = await zookeeper.connect(source, { signal })
        await session.close()
      }
    } finally {
      await b.close()
    }
  } finally {
    await a.close()
  }
  throw new ServiceError(
    'INVALID_INPUT',
    `${source.clusterName} and ${target.clusterName} are the same ensemble, reached by two entries`,
    {
      unaffected: 'nothing was written',
      remedy: 'choose another cluster; a copy inside of one cluster is a restore to another path',
      details: { fields: { targetId: 'This is the ensemble of the source' } },
    },
  )
}

async function isBetween(a: ClusterConnection, b: ClusterConnection): Promise<boolean> {
  const low = await a.sync(ROOT)
  const middle = await b.sync(ROOT)
  const high = await a.sync(ROOT)
  return low <= middle && middle <= high
}
