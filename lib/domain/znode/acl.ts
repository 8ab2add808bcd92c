/** Permission bits (ZooDefs.Perms). Servers store values outside 0…31 as given, so the type is a plain number. */
export const PERM = { read: 1, write: 2, create: 4, delete: 8, admin: 16, all: 31 } as const

export interface AclEntry {
  readonly perms: number
  readonly scheme: string
  readonly id: string
}

/** Ordered list as the server returned it. */
export type Acl = readonly AclEntry[]

export const OPEN_ACL: Acl = [{ perms: PERM.all, scheme: 'world', id: 'anyone' }]

const keys = new WeakMap<Acl, string>()

/** Order-free identity of an ACL: two lists with the same entries in another order have the same key. */
export function aclKey(acl: Acl): string {
  let key = keys.get(acl)
  if (key === undefined) {
    key = acl
      .map((entry) => `${entry.perms}\u0000${entry.scheme}\u0000${entry.id}`)
      .sort()
      .join('\u0001')
    keys.set(acl, key)
  }
  return key
}

export function isSameAcl(a: Acl, b: Acl): boolean {
  return a === b || aclKey(a) === aclKey(b)
}

/**
 * True where the server hid a digest hash (`user:x`) because the reader lacks admin rights (3.8+, PrepRequestProcessor/FinalRequestProcessor):
 * such a list must never be written back and proves no difference.
 */
export function isMaskedAcl(acl: Acl): boolean {
  return acl.some((entry) => entry.scheme === 'digest' && entry.id.endsWith(':x'))
}

const LETTERS: ReadonlyArray<readonly [number, string]> = [
  [PERM.create, 'c'],
  [PERM.delete, 'd'],
  [PERM.read, 'r'],
  [PERM.write, 'w'],
  [PERM.admin, 'a'],
]

/** `cdrwa` letters as zkCli prints them; unknown bits are appended as `+0x…`. */
export function formatPerms(perms: number): string {
  const known = LETTERS.filter(([bit]) => perms & bit)
    .map(([, letter]) => letter)
    .join('')
  const rest = perms & ~PERM.all
  return rest === 0 ? known || '-' : `${known}+0x${(rest >>> 0).toString(16)}`
}

/** `scheme:id:cdrwa` per entry, comma separated. For people, not for parsing. */
export function formatAcl(acl: Acl): string {
  return acl.map((entry) => `${entry.scheme}:${entry.id}:${formatPerms(entry.perms)}`).join(',')
}
