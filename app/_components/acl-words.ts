import { PERM } from '@/lib/domain/znode/acl.ts'

const WORDS: ReadonlyArray<readonly [number, string]> = [
  [PERM.read, 'read'],
  [PERM.write, 'change the value'],
  [PERM.create, 'create children'],
  [PERM.delete, 'delete children'],
  [PERM.admin, 'change the ACL'],
]

/** `can read and change the value`; unknown bits are named by their number. */
export function describePerms(perms: number): string {
  if (perms === PERM.all) return 'may do everything'
  const words = WORDS.filter(([bit]) => perms & bit).map(([, word]) => word)
  const rest = perms & ~PERM.all
  if (rest !== 0) words.push(`bits 0x${(rest >>> 0).toString(16)} that no version defines`)
  if (words.length === 0) return 'may do nothing'
  const last = words.at(-1)
  return `may ${words.length === 1 ? last : `${words.slice(0, -1).join(', ')} and ${last}`}`
}

/** Who an entry speaks of, in words where the scheme is a known one. */
export function describeWho(entry: { scheme: string; id: string }): string {
  if (entry.scheme === 'world') return 'Everyone'
  if (entry.scheme === 'auth') return 'Whoever created it'
  if (entry.scheme === 'digest') return `User ${entry.id.split(':')[0] ?? ''}`
  if (entry.scheme === 'ip') return `Clients from ${entry.id}`
  if (entry.scheme === 'sasl') return `SASL user ${entry.id}`
  if (entry.scheme === 'x509') return `Certificate ${entry.id}`
  return `${entry.scheme}:${entry.id}`
}
