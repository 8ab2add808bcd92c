import { describe, expect, it } from 'vitest'
import { type Acl, OPEN_ACL } from '../znode/acl.ts'
import { matchStoredAcl, toStoredForm } from './acl-stored.ts'

const ops = { scheme: 'digest', id: 'ops:hash=' }
const cert = { scheme: 'x509', id: 'CN=ops' }
const anyone = (perms: number) => ({ perms, scheme: 'world', id: 'anyone' })

describe('toStoredForm', () => {
  it('writes the empty list of a snapshot as the open one that it means', () => {
    expect(toStoredForm([], [])).toBe(OPEN_ACL)
  })

  it('gives the list itself where a server would store it as it is', () => {
    const acl: Acl = [{ perms: 31, ...ops }, anyone(1)]
    expect(toStoredForm(acl, [ops])).toBe(acl)
  })

  it('keeps an entry that is given twice once', () => {
    expect(toStoredForm([anyone(1), { perms: 31, ...ops }, anyone(1)], [])).toEqual([anyone(1), { perms: 31, ...ops }])
  })

  it('puts every proved identity of the session in the place of auth', () => {
    const session = [ops, cert, { scheme: 'ip', id: '10.0.0.1' }, { scheme: 'super', id: '' }]
    expect(toStoredForm([{ perms: 15, scheme: 'auth', id: '' }, anyone(1)], session)).toEqual([
      { perms: 15, ...ops },
      { perms: 15, ...cert },
      anyone(1),
    ])
  })
})

describe('matchStoredAcl', () => {
  const auth = { perms: 31, scheme: 'auth', id: '' }
  it.each<[string, Acl, Acl, string]>([
    ['the same in another order', [anyone(1), { perms: 31, ...ops }], [{ perms: 31, ...ops }, anyone(1)], 'same'],
    ['hidden digests', [{ perms: 31, scheme: 'digest', id: 'ops:x' }], [{ perms: 31, ...ops }], 'hidden'],
    ['auth of somebody unknown', [anyone(1), { perms: 31, ...ops }], [auth, anyone(1)], 'unresolved'],
    ['auth with other rights', [anyone(1), { perms: 15, ...ops }], [auth, anyone(1)], 'different'],
    ['auth, and a named entry is missing', [{ perms: 31, ...ops }], [auth, anyone(1)], 'different'],
    ['one entry more', [anyone(1), { perms: 31, ...ops }], [anyone(1)], 'different'],
  ])('%s', (_name, live, written, match) => {
    expect(matchStoredAcl(live, written)).toBe(match)
  })
})
