import type { ClusterConnection } from '../../adapters/zookeeper/connection.ts'
import { ZnodeError } from '../../domain/znode/errors.ts'
import { ROOT } from '../../domain/znode/path.ts'
import { splitConnectString } from './connect-string.ts'

/** A chroot that does not exist looks like an empty tree; a wrong one must not pass for it. Throws ZnodeError NO_NODE. */
export async function assertChroot(
  connection: Pick<ClusterConnection, 'get'>,
  connectString: string,
  signal?: AbortSignal,
): Promise<void> {
  const { servers, chroot } = splitConnectString(connectString)
  if (chroot === ROOT) return
  const root = await connection.get(ROOT, { signal })
  if (root.kind !== 'missing') return
  throw new ZnodeError('NO_NODE', `The chroot ${chroot} does not exist on ${servers}`, {
    details: { path: chroot },
    unaffected: 'nothing was read and nothing written',
    remedy: 'check the chroot at the end of the connect string; a new one has to be created first',
  })
}
