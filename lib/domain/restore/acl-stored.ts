import { type Acl, type AclEntry, aclKey, isMaskedAcl, isSameAcl, OPEN_ACL } from '../znode/acl.ts'
import type { AclIdentity } from './acl-rights.ts'

/** `unresolved`: it holds `auth` entries, and who they stood for was not known; everything else is as written. */
export type AclMatch = 'same' | 'hidden' | 'unresolved' | 'different'

/** Whether a list that was read back is the one that was written, as servers store it: the order of entries says nothing. */
export function matchStoredAcl(live: Acl, written: Acl): AclMatch {
  if (isSameAcl(live, written)) return 'same'
  if (isMaskedAcl(live) || isMaskedAcl(written)) return 'hidden'
  const auths = written.filter((entry) => entry.scheme === 'auth')
  if (auths.length === 0) return 'different'
  const found = new Set(live.map(keyOf))
  const named = new Set(written.filter((entry) => entry.scheme !== 'auth').map(keyOf))
  for (const key of named) if (!found.has(key)) return 'different'
  const others = live.filter((entry) => !named.has(keyOf(entry)))
  const perms = new Set(auths.map((entry) => entry.perms))
  return others.length > 0 && others.every((entry) => perms.has(entry.perms)) ? 'unresolved' : 'different'
}

/** True where nothing that can be seen speaks against it. */
export function isStoredAsFarAsSeen(live: Acl, written: Acl): boolean {
  return matchStoredAcl(live, written) !== 'different'
}

/**
 * The form in which a server stores a list that it is sent (PrepRequestProcessor.fixupACL): `auth` becomes the ids that the session has
 * proved, and an entry given twice is kept once. The list itself where nothing changes; of a list that only snapshots hold, the form
 * that a server accepts.
 */
export function toStoredForm(acl: Acl, identities: readonly AclIdentity[]): Acl {
  if (acl.length === 0) return OPEN_ACL
  const own = identities.filter(({ scheme }) => !['world', 'ip', 'super'].includes(scheme))
  const entries = new Map<string, AclEntry>()
  for (const entry of acl) {
    const stored =
      entry.scheme === 'auth' && own.length > 0
        ? own.map(({ scheme, id }) => ({ perms: entry.perms, scheme, id }))
        : [entry]
    for (const each of stored) entries.set(keyOf(each), each)
  }
  const stored = [...entries.values()]
  return stored.length === acl.length && stored.every((entry, at) => entry === acl[at]) ? acl : stored
}

function keyOf(entry: AclEntry): string {
  return aclKey([entry])
}
