import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addTestPeople } from '../../testing/work-off-jobs.ts'
import type { ServiceContext } from '../context.ts'
import { changePassword, listSessions, revokeSessions } from './own-account.ts'
import { hashPassword, verifyPassword } from './password-hash.ts'

// Hashing passwords is slow on purpose, and slower on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 })

const PASSWORD = 'planted-password-3'
const NEXT = 'planted-password-4'

let services: TestServices
let viewer: ServiceContext
beforeEach(async () => {
  services = await createTestServices()
  await addTestPeople(services)
  viewer = services.contextFor('viewer')
  const now = new Date(services.clock.now())
  await viewer.db.account.create({
    data: {
      id: 'a1',
      userId: 'viewer-1',
      accountId: 'viewer-1',
      providerId: 'credential',
      password: await hashPassword(PASSWORD),
    },
  })
  for (const [id, userId, minutes] of [
    ['this', 'viewer-1', 60],
    ['other', 'viewer-1', 60],
    ['over', 'viewer-1', -1],
    ['foreign', 'admin-1', 60],
  ] as const) {
    const expiresAt = new Date(now.getTime() + minutes * 60_000)
    await viewer.db.session.create({ data: { id, token: `token-${id}`, userId, expiresAt, ipAddress: '192.0.2.1' } })
  }
})
afterEach(() => services.close())

const sessions = async () => (await viewer.db.session.findMany({ orderBy: { id: 'asc' } })).map(({ id }) => id)
const change = (current: string) => changePassword(viewer, { current, password: NEXT, thisSessionId: 'this' })

test('somebody sees their own open sessions, without tokens, and ends one or all others', async () => {
  const seen = await listSessions(viewer, 'this')
  expect(seen.map(({ id, isThis }) => [id, isThis]).sort()).toEqual([
    ['other', false],
    ['this', true],
  ])
  expect(JSON.stringify(seen)).not.toContain('token-')
  await expect(revokeSessions(viewer, { sessionId: 'foreign' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await revokeSessions(viewer, { sessionId: 'other' })
  expect(await sessions()).toEqual(['foreign', 'over', 'this'])
  await revokeSessions(viewer, { allBut: 'this' })
  expect(await sessions()).toEqual(['foreign', 'this'])
})

test('a password is changed by who knows the one of now, and ends every other session', async () => {
  await expect(change('planted-wrong')).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    details: { fields: { current: expect.any(String) } },
  })
  expect(await sessions()).toContain('other')
  await change(PASSWORD)
  expect(await sessions()).toEqual(['foreign', 'this'])
  const { password } = await viewer.db.account.findUniqueOrThrow({ where: { id: 'a1' } })
  expect(await verifyPassword({ hash: password ?? '', password: NEXT })).toBe(true)
  expect((await services.readAudit()).map(({ outcome }) => outcome)).toEqual(['denied', 'ok'])
  expect(JSON.stringify([await services.readAudit(), services.logLines])).not.toContain('planted')
})

test('a password is not guessed from a session that was left open', async () => {
  for (let i = 0; i < 10; i++) await expect(change('wrong')).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  await expect(change(PASSWORD)).rejects.toMatchObject({ code: 'TOO_MANY' })
  services.clock.advance(15 * 60_000 + 1)
  await change(PASSWORD)
})
