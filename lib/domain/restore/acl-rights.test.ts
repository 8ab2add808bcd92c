import { describe, expect, it } from 'vitest'
import { PERM } from '../znode/acl.ts'
import { isLoosening, parseIdentity, rightsUnder, withOwnRights } from './acl-rights.ts'

const ops = { scheme: 'digest', id: 'ops:hash=' }
const anyone = (perms: number) => ({ perms, scheme: 'world', id: 'anyone' })

describe('acl rights', () => {
  it('adds up what every entry for this session gives', () => {
    const acl = [
      anyone(PERM.read),
      { perms: PERM.write, ...ops },
      { perms: PERM.admin, scheme: 'digest', id: 'other:h=' },
    ]
    expect(rightsUnder(acl, [])).toBe(PERM.read)
    expect(rightsUnder(acl, [ops])).toBe(PERM.read | PERM.write)
    expect(rightsUnder(acl, [{ scheme: 'super', id: '' }])).toBe(PERM.all)
    expect(rightsUnder([], [])).toBe(PERM.all)
  })

  it('calls a change loosening only when it gives and takes nothing', () => {
    expect(isLoosening([anyone(1)], [anyone(31)], [])).toBe(true)
    expect(isLoosening([anyone(1)], [anyone(2)], [])).toBe(false)
    expect(isLoosening([anyone(31)], [anyone(31)], [])).toBe(false)
    expect(isLoosening([anyone(31)], [{ perms: 31, ...ops }], [ops])).toBe(false)
  })

  it('gives own rights to a private identity only', () => {
    expect(withOwnRights([anyone(1)], [{ scheme: 'world', id: 'anyone' }])).toBeNull()
    expect(withOwnRights([anyone(1)], [{ scheme: 'super', id: '' }, ops])).toEqual([anyone(1), { perms: 31, ...ops }])
  })

  it('reads identities', () => {
    expect(parseIdentity('digest:ops:hash=')).toEqual(ops)
    expect(parseIdentity('world')).toEqual({ scheme: 'world', id: 'anyone' })
    expect(parseIdentity('nothing')).toBeNull()
  })
})
