import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addTestPeople } from '../../testing/work-off-jobs.ts'
import type { ServiceContext } from '../context.ts'
import { acceptInvitation, getInvitation } from './accept-invitation.ts'
import { deactivatePerson, reactivatePerson, setRole } from './change-person.ts'
import { invitePerson, revokeInvitation } from './invite-person.ts'
import { listPeople } from './list-people.ts'

// Hashing passwords is slow on purpose, and slower on a busy machine.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

const DAY_MS = 24 * 3600_000
const PASSWORD = 'planted-password-2'

let services: TestServices
let admin: ServiceContext
/** Nobody is signed in when a link is opened. */
let stranger: ServiceContext
beforeEach(async () => {
  services = await createTestServices()
  await addTestPeople(services)
  admin = services.contextFor('admin')
  stranger = {
    ...admin,
    actor: { kind: 'system', id: null, name: 'an invitation', role: 'viewer', ip: '192.0.2.1' },
  }
})
afterEach(() => services.close())

const invite = (email = 'bea@example.org') => invitePerson(admin, { email, role: 'operator', days: 1 })
const accept = (token: string) => acceptInvitation(stranger, { token, name: 'Bea', password: PASSWORD })
const outcomes = async () => (await services.readAudit()).map(({ action, outcome }) => `${action} ${outcome}`)

describe('an invitation', () => {
  test('makes one account, once, with the address and the role that were chosen', async () => {
    const { token } = await invite(' Bea@Example.org ')
    expect(await getInvitation(stranger, token)).toMatchObject({ email: 'bea@example.org', role: 'operator' })
    expect(await accept(token)).toEqual({ email: 'bea@example.org' })
    const user = await admin.db.user.findUniqueOrThrow({ where: { email: 'bea@example.org' } })
    expect(user).toMatchObject({ name: 'Bea', role: 'operator', deactivatedAt: null })
    const [account] = await admin.db.account.findMany({ where: { userId: user.id } })
    expect(account).toMatchObject({ accountId: user.id, providerId: 'credential' })
    await expect(accept(token)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(getInvitation(stranger, token)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await outcomes()).toEqual([
      'people.invite ok',
      'people.accept-invitation ok',
      'people.accept-invitation denied',
      'people.accept-invitation denied',
    ])
    expect(await admin.db.user.count()).toBe(4)
  })

  test('keeps its token and the password out of the database, the audit and the log', async () => {
    const { token } = await invite()
    await accept(token)
    const everything = JSON.stringify([
      await admin.db.invitation.findMany(),
      await admin.db.account.findMany(),
      await services.readAudit(),
      services.logLines,
    ])
    expect(everything).not.toContain(token)
    expect(everything).not.toContain(PASSWORD)
  })

  test('makes one account only, however many use it at the same time', async () => {
    const { token } = await invite()
    const all = await Promise.allSettled([accept(token), accept(token), accept(token)])
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await admin.db.user.count()).toBe(4)
  })

  test.each<[string, (made: { id: string; token: string }) => Promise<unknown>]>([
    ['has expired', async () => services.clock.advance(DAY_MS)],
    ['was taken back', ({ id }) => revokeInvitation(admin, id)],
    ['was followed by another for the same address', () => invite()],
    ['is of somebody who may not invite any more', () => leaveTo('viewer')],
    ['is of somebody who is deactivated', () => leaveTo(null)],
  ])('that %s makes none', async (_, change) => {
    const { token } = await invite()
    const { id } = await admin.db.invitation.findFirstOrThrow()
    await change({ id, token })
    await expect(getInvitation(stranger, token)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(accept(token)).rejects.toMatchObject({ code: 'NOT_FOUND', unaffected: 'nobody was added' })
    expect(await admin.db.account.count()).toBe(0)
  })

  test('is refused for an address that has an account, and to who is no administrator', async () => {
    await expect(invite('viewer@example.org')).rejects.toMatchObject({
      code: 'NAME_TAKEN',
      details: { fields: { email: expect.stringMatching(/account already/) } },
    })
    for (const role of ['viewer', 'operator'] as const) {
      const attempt = invitePerson(services.contextFor(role), { email: 'x@example.org', role: 'admin', days: 7 })
      await expect(attempt).rejects.toMatchObject({ code: 'FORBIDDEN' })
    }
    expect(await admin.db.invitation.count()).toBe(0)
  })

  test('has the rules of every password, and is not used up by one that breaks them', async () => {
    const { token } = await invite()
    await expect(acceptInvitation(stranger, { token, name: 'Bea', password: 'short' })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      details: { fields: { password: expect.stringMatching(/10/) } },
    })
    await expect(accept(token)).resolves.toEqual({ email: 'bea@example.org' })
  })

  test('is not guessed: an address that tries wrong links must wait, others need not', async () => {
    const { token } = await invite()
    for (let i = 0; i < 20; i++) {
      await expect(getInvitation(stranger, `wrong-${i}`)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    }
    await expect(accept(token)).rejects.toMatchObject({ code: 'TOO_MANY' })
    const elsewhere = { ...stranger, actor: { ...stranger.actor, ip: '192.0.2.2' } }
    expect(await getInvitation(elsewhere, token)).toMatchObject({ email: 'bea@example.org' })
    services.clock.advance(60_001)
    await expect(accept(token)).resolves.toEqual({ email: 'bea@example.org' })
  })
})

/** Another administrator stays, so that the first one may go. */
async function leaveTo(role: 'viewer' | null): Promise<void> {
  await setRole(admin, { userId: 'operator-1', role: 'admin' })
  if (role === null) await deactivatePerson(admin, 'admin-1')
  else await setRole(admin, { userId: 'admin-1', role })
}

describe('people', () => {
  test('are listed for everybody; invitations only for who may invite', async () => {
    await invite()
    const seen = await listPeople(services.contextFor('viewer'))
    expect(seen.people.map(({ name, role, isYou }) => [name, role, isYou])).toEqual([
      ['admin one', 'admin', false],
      ['operator one', 'operator', false],
      ['viewer one', 'viewer', true],
    ])
    expect(seen.invitations).toBeNull()
    expect((await listPeople(admin)).invitations).toMatchObject([
      { email: 'bea@example.org', role: 'operator', invitedByName: 'admin one', state: 'open' },
    ])
    services.clock.advance(DAY_MS)
    expect((await listPeople(admin)).invitations).toMatchObject([{ state: 'expired' }])
  })

  test('who is deactivated loses every session at once, and comes back with the role of before', async () => {
    const later = new Date(services.clock.now() + DAY_MS)
    for (const userId of ['operator-1', 'viewer-1']) {
      await admin.db.session.create({ data: { id: userId, token: userId, userId, expiresAt: later } })
    }
    await deactivatePerson(admin, 'operator-1')
    expect(await admin.db.session.findMany({ select: { userId: true } })).toEqual([{ userId: 'viewer-1' }])
    await expect(deactivatePerson(admin, 'operator-1')).rejects.toMatchObject({ code: 'WRONG_STATE' })
    await reactivatePerson(admin, 'operator-1')
    await expect(reactivatePerson(admin, 'operator-1')).rejects.toMatchObject({ code: 'WRONG_STATE' })
    const user = await admin.db.user.findUniqueOrThrow({ where: { id: 'operator-1' } })
    expect(user).toMatchObject({ role: 'operator', deactivatedAt: null })
    expect(await outcomes()).toEqual([
      'people.deactivate ok',
      'people.deactivate failed',
      'people.reactivate ok',
      'people.reactivate failed',
    ])
  })

  test('the last active administrator stays one, also when two go for each other', async () => {
    await expect(deactivatePerson(admin, 'admin-1')).rejects.toMatchObject({ code: 'WRONG_STATE' })
    await expect(setRole(admin, { userId: 'admin-1', role: 'operator' })).rejects.toMatchObject({ code: 'WRONG_STATE' })
    await setRole(admin, { userId: 'operator-1', role: 'admin' })
    await deactivatePerson(admin, 'operator-1')
    await expect(setRole(admin, { userId: 'admin-1', role: 'viewer' })).rejects.toMatchObject({ code: 'WRONG_STATE' })
    await reactivatePerson(admin, 'operator-1')
    const all = await Promise.allSettled([
      deactivatePerson(admin, 'operator-1'),
      setRole({ ...admin, actor: { ...admin.actor, id: 'operator-1' } }, { userId: 'admin-1', role: 'viewer' }),
    ])
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await admin.db.user.count({ where: { role: 'admin', deactivatedAt: null } })).toBe(1)
  })

  test('the last administrator stays one, also who became it while their page was open', async () => {
    const stale = Object.create(admin.db, {
      user: {
        value: Object.create(admin.db.user, {
          findUnique: {
            value: async (query: Parameters<typeof admin.db.user.findUnique>[0]) => {
              const found = await admin.db.user.findUnique(query)
              await admin.db.user.updateMany({ where: { role: 'admin' }, data: { role: 'viewer' } })
              await admin.db.user.updateMany({ where: { id: 'operator-1' }, data: { role: 'admin' } })
              return found
            },
          },
        }),
      },
    })
    await expect(deactivatePerson({ ...admin, db: stale }, 'operator-1')).rejects.toMatchObject({ code: 'WRONG_STATE' })
    const who = await admin.db.user.findUniqueOrThrow({ where: { id: 'operator-1' } })
    expect(who).toMatchObject({ role: 'admin', deactivatedAt: null })
  })

  test('are changed by administrators only', async () => {
    for (const role of ['viewer', 'operator'] as const) {
      const context = services.contextFor(role)
      await expect(setRole(context, { userId: `${role}-1`, role: 'admin' })).rejects.toMatchObject({
        code: 'FORBIDDEN',
      })
      await expect(deactivatePerson(context, 'admin-1')).rejects.toMatchObject({ code: 'FORBIDDEN' })
      await expect(reactivatePerson(context, 'admin-1')).rejects.toMatchObject({ code: 'FORBIDDEN' })
    }
  })
})
