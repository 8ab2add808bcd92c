import { createHash } from 'node:crypto'
import type { ClusterTarget } from '../../adapters/zookeeper/connection.ts'
import { parseCertificates } from '../../base/certificates.ts'
import type { AclIdentity } from '../../domain/restore/acl-rights.ts'

/** Who a session with these credentials is, as ACL entries name it: a digest is stored as user:base64(sha1(user:password)). */
export function identitiesOf(target: ClusterTarget): AclIdentity[] {
  // What an x509 entry names is the subject of the client certificate.
  const certificate = target.tls?.cert ? parseCertificates(target.tls.cert)?.[0] : undefined
  const byCertificate = certificate ? [{ scheme: 'x509', id: certificate.subject }] : []
  return [...byCertificate, ...(target.auth ?? []).map(toIdentity)]
}

function toIdentity({ scheme, id }: { readonly scheme: string; readonly id: string }): AclIdentity {
  if (scheme !== 'digest' && scheme !== 'sasl') return { scheme, id }
  const user = id.slice(0, Math.max(id.indexOf(':'), 0))
  if (scheme === 'sasl') return { scheme, id: user }
  return { scheme, id: `${user}:${createHash('sha1').update(id).digest('base64')}` }
}
