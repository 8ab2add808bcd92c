import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addTestPeople } from '../../testing/work-off-jobs.ts'
import type { ServiceContext } from '../context.ts'
import { acceptInvitation } from './accept-invitation.ts'
import { invitePerson } from './invite-person.ts'
import { listPeople } from './list-people.ts'
import { endSessionsOf, openSignIn } from './person-access.ts'
import { closedMs, knockAtSignIn } from './sign-in-throttle.ts'

let services: TestServices
let admin: ServiceContext
beforeEach(async () => {
  services = await createTestServices()
  await addTestPeople(services)
  admin = services.contextFor('admin')
})
afterEach(() => services.close())

const records = async () => (await services.readAudit()).map(({ action, outcome }) => `${action} ${outcome}`)
const viewerOf = async (context: ServiceContext) =>
  (await listPeople(context)).people.find((person) => person.id === 'viewer-1')

test('an account stays closed for twice as long with each failure after the fifth, and for a quarter of an hour at most', () => {
  expect([0, 4, 5, 6, 7, 8, 9, 10, 1000].map((failures) => closedMs(failures) / 1000)).toEqual([
    0, 0, 30, 60, 120, 240, 480, 900, 900,
  ])
})

test('an administrator sees which account is closed, and opens it; nobody else', async () => {
  const { email } = await admin.db.user.findUniqueOrThrow({ where: { id: 'viewer-1' } })
  const attempt = { email, ip: '192.0.2.1' }
  for (let i = 0; i < 5; i++) expect((await knockAtSignIn(admin, attempt)).kind).toBe('open')
  expect((await knockAtSignIn(admin, attempt)).kind).toBe('closed')
  const until = new Date(services.clock.now() + 30_000).toISOString()
  expect(await viewerOf(admin)).toMatchObject({ closedUntil: until })
  expect(await viewerOf(services.contextFor('operator'))).toMatchObject({ closedUntil: null })
  await expect(openSignIn(services.contextFor('operator'), 'viewer-1')).rejects.toMatchObject({ code: 'FORBIDDEN' })
  await openSignIn(admin, 'viewer-1')
  expect(await viewerOf(admin)).toMatchObject({ closedUntil: null })
  expect((await knockAtSignIn(admin, attempt)).kind).toBe('open')
  expect(await records()).toEqual(['people.open-sign-in denied', 'people.open-sign-in ok'])
})

test('an administrator ends every session of one person, and of nobody else', async () => {
  const expiresAt = new Date(services.clock.now() + 60_000)
  for (const [id, userId] of [
    ['s1', 'viewer-1'],
    ['s2', 'viewer-1'],
    ['s3', 'operator-1'],
  ] as const) {
    await admin.db.session.create({ data: { id, token: id, userId, expiresAt } })
  }
  expect(await viewerOf(admin)).toMatchObject({ sessions: 2 })
  await expect(endSessionsOf(services.contextFor('operator'), 'viewer-1')).rejects.toMatchObject({ code: 'FORBIDDEN' })
  expect(await endSessionsOf(admin, 'viewer-1')).toEqual({ sessionsEnded: 2 })
  expect(await admin.db.session.findMany({ select: { id: true } })).toEqual([{ id: 's3' }])
  await expect(endSessionsOf(admin, 'nobody')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect(await records()).toEqual(['people.end-sessions denied', 'people.end-sessions ok'])
})

test('a password that is easy to guess makes no account', async () => {
  const { token } = await invitePerson(admin, { email: 'bea@example.org', role: 'viewer', days: 1 })
  const accept = acceptInvitation(admin, { token, name: 'Bea Carpenter', password: 'Carpenter-2026!' })
  await expect(accept).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    details: { fields: { password: expect.stringContaining('easy to guess') } },
  })
  expect(await admin.db.user.count({ where: { email: 'bea@example.org' } })).toBe(0)
})
