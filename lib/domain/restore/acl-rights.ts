import { type Acl, type AclEntry, PERM } from '../znode/acl.ts'

/** Who the restoring session is, as ACL entries name it: `digest` + `user:hash`, `sasl`, `x509`, `ip`; scheme `super` may do everything. */
export type AclIdentity = Pick<AclEntry, 'scheme' | 'id'>

/** `digest:user:hash` → identity; `world` alone means world:anyone. Null when there is no scheme. */
export function parseIdentity(text: string): AclIdentity | null {
  if (text === 'world') return { scheme: 'world', id: 'anyone' }
  const colon = text.indexOf(':')
  return colon <= 0 ? null : { scheme: text.slice(0, colon), id: text.slice(colon + 1) }
}

/** Permission bits that a session with these identities has under the list. world:anyone always counts; `ip` only by exact id. */
export function rightsUnder(acl: Acl, identities: readonly AclIdentity[]): number {
  // An empty list means that everything is allowed; only snapshots hold such lists.
  if (acl.length === 0 || identities.some((identity) => identity.scheme === 'super')) return PERM.all
  let rights = 0
  for (const entry of acl) {
    const mine =
      (entry.scheme === 'world' && entry.id === 'anyone') ||
      identities.some((identity) => identity.scheme === entry.scheme && identity.id === entry.id)
    if (mine) rights |= entry.perms & PERM.all
  }
  return rights
}

/** True when `after` gives the session more than `before` and takes nothing from it. */
export function isLoosening(before: Acl, after: Acl, identities: readonly AclIdentity[]): boolean {
  const had = rightsUnder(before, identities)
  const gets = rightsUnder(after, identities)
  return (had & ~gets) === 0 && (gets & ~had) !== 0
}

/** The list plus all rights for the first identity that stands for this session alone; null when none is known. */
export function withOwnRights(acl: Acl, identities: readonly AclIdentity[]): Acl | null {
  const own = identities.find((identity) => identity.scheme !== 'world' && identity.scheme !== 'super')
  return own ? [...acl, { perms: PERM.all, scheme: own.scheme, id: own.id }] : null
}

/** What is left of a list when the entries with hidden digests are taken out. */
export function withoutMaskedEntries(acl: Acl): Acl {
  return acl.filter((entry) => !(entry.scheme === 'digest' && entry.id.endsWith(':x')))
}
