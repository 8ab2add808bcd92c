import { isMaskedAcl, isSameAcl } from '../znode/acl.ts'
import type { Znode } from '../znode/znode.ts'
import type { ChangeField } from './change.ts'

const NOTHING: readonly ChangeField[] = []

/** Equal bytes; null and empty differ. */
export function isSameData(a: Uint8Array | null, b: Uint8Array | null): boolean {
  if (a === b) return true
  if (a === null || b === null || a.length !== b.length) return false
  return Buffer.compare(a, b) === 0
}

/** A list that hides a digest hash proves no difference, so it counts as the same. */
export function isAclEqualAsFarAsSeen(a: Znode['acl'], b: Znode['acl']): boolean {
  return isSameAcl(a, b) || isMaskedAcl(a) || isMaskedAcl(b)
}

/**
 * What differs between two znodes at one path; empty when nothing does. Stat numbers are not content and are not compared.
 * `unknown` means "some kind without an owner", so it differs from `ephemeral` only.
 */
export function differingFields(before: Znode, after: Znode): readonly ChangeField[] {
  const data = !isContentUnknown(before, after) && !isSameData(before.data, after.data)
  const acl = !isAclUnknown(before, after) && !isAclEqualAsFarAsSeen(before.acl, after.acl)
  const kind = isDifferentKind(before, after)
  if (!data && !acl && !kind) return NOTHING
  const fields: ChangeField[] = []
  if (data) fields.push('data')
  if (acl) fields.push('acl')
  if (kind) fields.push('kind')
  return fields
}

/** A part that one side does not say proves no difference. */
function isContentUnknown(a: Znode, b: Znode): boolean {
  return a.unknown === 'content' || b.unknown === 'content'
}

function isAclUnknown(a: Znode, b: Znode): boolean {
  return a.unknown !== undefined || b.unknown !== undefined
}

function isDifferentKind(before: Znode, after: Znode): boolean {
  const a = before.kind
  const b = after.kind
  if (a === b) return a === 'ttl' && before.ttlMs !== after.ttlMs
  if (a === 'ephemeral' || b === 'ephemeral') return true
  return a !== 'unknown' && b !== 'unknown'
}
