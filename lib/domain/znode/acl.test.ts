import { describe, expect, it } from 'vitest'
import { aclKey, formatAcl, formatPerms, isMaskedAcl, isSameAcl, OPEN_ACL } from './acl.ts'

describe('acl', () => {
  it('compares lists as sets: order is not content', () => {
    const a = [
      { perms: 31, scheme: 'digest', id: 'x:h' },
      { perms: 1, scheme: 'world', id: 'anyone' },
    ]
    expect(isSameAcl(a, [...a].reverse())).toBe(true)
    expect(isSameAcl(a, OPEN_ACL)).toBe(false)
  })

  it('does not confuse fields that run together', () => {
    expect(aclKey([{ perms: 1, scheme: 'a', id: 'b:c' }])).not.toBe(aclKey([{ perms: 1, scheme: 'a:b', id: 'c' }]))
  })

  it('recognises hashes that the server has hidden', () => {
    expect(isMaskedAcl([{ perms: 31, scheme: 'digest', id: 'user:x' }])).toBe(true)
    expect(isMaskedAcl([{ perms: 31, scheme: 'digest', id: 'user:2jmj7l5rSw0yVb/vlWAYkK/YBwk=' }])).toBe(false)
    expect(isMaskedAcl([{ perms: 31, scheme: 'sasl', id: 'user:x' }])).toBe(false)
  })

  it('prints perms with bits that have no letter', () => {
    expect(formatPerms(31)).toBe('cdrwa')
    expect(formatPerms(0)).toBe('-')
    expect(formatPerms(33)).toBe('r+0x20')
    expect(formatAcl(OPEN_ACL)).toBe('world:anyone:cdrwa')
  })
})
