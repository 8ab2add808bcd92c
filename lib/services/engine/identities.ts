import { createHash } from 'node:crypto'
import type { ClusterTarget } from '../../adapters/zookeeper/connection.ts'
import type { AclIdentity } from '../../domain/restore/acl-rights.ts'

/** Who a session with these credentials is, as ACL entries name it: a digest is stored as user:base64(sha1(user:password)). */
export function identitiesOf(target: ClusterTarget): AclIdentity[] {
  return (target.auth ?? []).map(({ scheme, id }) => {
    if (scheme !== 'digest') return { scheme, id }
    const user = id.slice(0, Math.max(id.indexOf(':'), 0))
    return { scheme, id: `${user}:${createHash('sha1').update(id).digest('base64')}` }
  })
}
