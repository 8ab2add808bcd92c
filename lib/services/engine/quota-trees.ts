import type { ClusterConnection, ClusterTarget } from '../../adapters/zookeeper/connection.ts'
import type { QuotaTrees } from '../../domain/restore/plan-from-trees.ts'
import { QUOTA_ROOT } from '../../domain/restore/quota-paths.ts'
import { isWithin, ROOT } from '../../domain/znode/path.ts'
import type { TreeReader } from '../../domain/znode/ports.ts'
import { splitConnectString } from './connect-string.ts'
import { isArchiveReader, scopeOf } from './read-scope.ts'

/** Both trees with their quotas, or why one of them cannot have any: quotas lie outside of every chroot and every subtree but the whole. */
export function quotaTreesOf(
  source: TreeReader,
  connection: ClusterConnection,
  target: ClusterTarget,
): QuotaTrees | { readonly obstacle: string } {
  if (splitConnectString(target.connectString).chroot !== ROOT)
    return { obstacle: 'the cluster is used below a chroot, and quotas lie outside of it' }
  if (isArchiveReader(source) && source.manifest.cluster.chroot !== ROOT)
    return { obstacle: 'the backup was taken below a chroot, and quotas lie outside of it' }
  const scope = scopeOf(source)
  const isHeld = scope.kind === 'subtrees' && scope.paths.some((path) => isWithin(QUOTA_ROOT, path))
  if (!isHeld) return { obstacle: 'the backup holds parts of the tree only, and its quotas are not among them' }
  return { live: connection, source }
}
