import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { createFirstAdministrator } from './create-first-administrator.ts'
import { hasAdministrator } from './has-administrator.ts'

// Hashing passwords is slow on purpose, and slower on a busy machine.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

const PASSWORD = 'planted-password-1'
const INPUT = { name: 'Ada', email: ' Ada@Example.org ', password: PASSWORD }

let services: TestServices
beforeEach(async () => {
  services = await createTestServices()
})
afterEach(() => services.close())

describe('the first administrator', () => {
  test('is made once, with the right of an administrator, and is on record without the password', async () => {
    const context = services.contextFor('admin')
    expect(await hasAdministrator(context)).toBe(false)
    const { userId } = await createFirstAdministrator(context, INPUT)
    expect(await hasAdministrator(context)).toBe(true)
    expect(await context.db.user.findMany({ select: { id: true, email: true, role: true } })).toEqual([
      { id: userId, email: 'ada@example.org', role: 'admin' },
    ])
    const [account] = await context.db.account.findMany()
    expect(account).toMatchObject({ userId, accountId: userId, providerId: 'credential' })
    expect(account?.password).not.toContain(PASSWORD)
    expect(await services.readAudit()).toMatchObject([{ action: 'people.create-administrator', outcome: 'ok' }])
    expect(JSON.stringify([await services.readAudit(), services.logLines])).not.toContain(PASSWORD)
  })

  test('is one, however many ask at the same time', async () => {
    const context = services.contextFor('admin')
    const attempts = await Promise.allSettled(
      Array.from({ length: 5 }, (_, i) => createFirstAdministrator(context, { ...INPUT, email: `a${i}@example.org` })),
    )
    expect(attempts.filter((attempt) => attempt.status === 'fulfilled')).toHaveLength(1)
    expect(await context.db.user.count()).toBe(1)
    expect(await context.db.account.count()).toBe(1)
    expect((await services.readAudit()).filter((entry) => entry.outcome === 'ok')).toHaveLength(1)
  })

  test('stays the only one afterwards, even when everybody was removed by hand', async () => {
    const context = services.contextFor('admin')
    await createFirstAdministrator(context, INPUT)
    const second = createFirstAdministrator(context, { ...INPUT, email: 'b@example.org' })
    await expect(second).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await context.db.user.deleteMany()
    await expect(createFirstAdministrator(context, INPUT)).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })

  test('knows the set-up code where one is asked for, in whatever case it was typed', async () => {
    const context = { ...services.contextFor('admin'), setUpCode: 'abcde-fghjk' }
    for (const code of [undefined, '', 'abcde-fghjl', 'abcde', 'x'.repeat(100)]) {
      await expect(createFirstAdministrator(context, { ...INPUT, code })).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        details: { fields: { code: expect.any(String) } },
      })
    }
    expect(await context.db.user.count()).toBe(0)
    await createFirstAdministrator(context, { ...INPUT, code: ' ABCDE-fghjk ' })
    expect(await context.db.user.count()).toBe(1)
  })

  test('is refused to an actor without the right', async () => {
    const context = services.contextFor('operator')
    await expect(createFirstAdministrator(context, INPUT)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect(await services.readAudit()).toMatchObject([{ outcome: 'denied' }])
    expect(await context.db.user.count()).toBe(0)
  })

  test('needs a name, an e-mail address and a password of some length; the password is never quoted', async () => {
    const attempt = createFirstAdministrator(services.contextFor('admin'), {
      name: ' ',
      email: 'x',
      password: 'planted',
    })
    await expect(attempt).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.not.stringContaining('planted'),
      details: { fields: { name: expect.any(String), email: expect.any(String), password: expect.any(String) } },
    })
  })
})
