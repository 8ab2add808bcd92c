import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addTestPeople } from '../../testing/work-off-jobs.ts'
import { findJobActor } from '../../worker/job-actor.ts'
import type { Actor, ServiceContext } from '../context.ts'
import { type Action, assertActorCan, type ClusterAction, mutate, type Subject } from '../gate.ts'
import { deactivatePerson, setRole } from '../people/change-person.ts'
import { LEAST_ROLE, roleAt } from '../policy.ts'
import { createToken } from './create-token.ts'
import { findTokenActor } from './find-token-actor.ts'
import { listTokens } from './list-tokens.ts'
import { revokeToken } from './revoke-token.ts'
import { TOKEN_SCOPES, type TokenScope } from './schemas.ts'
import { hashApiToken, isApiToken, makeApiToken } from './token-format.ts'
import { isScopeEnough, SCOPE_OF } from './token-scopes.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

const HOUR_MS = 3600_000

let services: TestServices
let operator: ServiceContext
beforeEach(async () => {
  services = await createTestServices()
  await addTestPeople(services)
  operator = services.contextFor('operator')
  for (const name of ['orders', 'stock']) {
    await operator.db.cluster.create({
      data: { id: `c-${name}`, name, connectString: '127.0.0.1:1', sessionTimeoutMs: 1000, environment: 'staging' },
    })
  }
})
afterEach(() => services.close())

async function make(input: Partial<Parameters<typeof createToken>[1]> = {}, context = operator) {
  return createToken(context, { name: 'nightly', hours: 24, scopes: ['backup'], ...input })
}
const actorOf = (token: string, ip: string | null = '192.0.2.9') => findTokenActor(operator, token, ip)
const as = (actor: Actor): ServiceContext => ({ ...operator, actor })

describe('the text of a token', () => {
  test('is told from anything else by its checksum, and no two are the same', () => {
    const tokens = Array.from({ length: 200 }, makeApiToken)
    expect(new Set(tokens).size).toBe(200)
    for (const token of tokens) {
      expect(token).toMatch(/^ark_[0-9A-Za-z]{49}$/)
      expect(isApiToken(token)).toBe(true)
      const at = 4 + (token.charCodeAt(10) % 49)
      const other = token[at] === 'x' ? 'y' : 'x'
      expect(isApiToken(token.slice(0, at) + other + token.slice(at + 1))).toBe(false)
    }
    expect(isApiToken('')).toBe(false)
    expect(isApiToken(`${tokens[0]}0`)).toBe(false)
  })

  test('is stored as a hash only, and stands in no audit entry and no log', async () => {
    const { token, tokenId } = await make()
    const row = await operator.db.apiToken.findUniqueOrThrow({ where: { id: tokenId } })
    expect(row.tokenHash).toBe(hashApiToken(token))
    const secret = token.slice(8)
    const everything = JSON.stringify([row, await services.readAudit(), services.logLines, await listTokens(operator)])
    expect(everything).not.toContain(secret)
    expect(await services.readAudit()).toMatchObject([
      { action: 'token.create', outcome: 'ok', after: { name: 'nightly', scopes: ['backup'], clusters: 'all' } },
    ])
  })
})

describe('scopes', () => {
  test('every action is in the table, and the table knows no other', () => {
    expect(Object.keys(SCOPE_OF).sort()).toEqual(Object.keys(LEAST_ROLE).sort())
  })

  test('what lets somebody in, or is the word of a second person, is done by no token of any scope', () => {
    const never = Object.keys(SCOPE_OF).filter((action) => /^(people|session|token)\.|\.(approve|reject)$/.test(action))
    expect(never.length).toBeGreaterThan(14)
    for (const action of never) {
      expect(isScopeEnough(TOKEN_SCOPES, action as keyof typeof LEAST_ROLE), action).toBe(false)
    }
  })

  test('the gate refuses every action beyond the scope, on record, however high the role of the owner', async () => {
    const { token } = await make({ scopes: ['backup'] }, services.contextFor('admin'))
    const actor = await actorOf(token)
    const byToken = as(actor)
    for (const action of Object.keys(LEAST_ROLE) as (keyof typeof LEAST_ROLE)[]) {
      const wanted: TokenScope | 'any' | null = SCOPE_OF[action]
      const answer = mayDo(byToken, action)
      if (wanted === 'backup' || wanted === 'any') await answer
      else await expect(answer, action).rejects.toMatchObject({ code: 'FORBIDDEN' })
    }
    expect((await services.readAudit()).filter(({ outcome }) => outcome === 'denied')).toContainEqual(
      expect.objectContaining({
        action: 'restore.confirm',
        actorName: 'admin one (token nightly)',
        actorId: 'admin-1',
      }),
    )
  })

  test('a token makes no token', async () => {
    const { token } = await make({ scopes: [...TOKEN_SCOPES] }, services.contextFor('admin'))
    const byToken = as(await actorOf(token))
    await expect(make({ name: 'another' }, byToken)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(setRole(byToken, { userId: 'viewer-1', role: 'admin' })).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })
})

describe('the right of a token', () => {
  test('is never more than that of its owner at the moment of use', async () => {
    const { token } = await make({ scopes: [...TOKEN_SCOPES] })
    await mayDo(as(await actorOf(token)), 'backup.start')
    await expect(mayDo(as(await actorOf(token)), 'backup.delete')).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await setRole(services.contextFor('admin'), { userId: 'operator-1', role: 'viewer' })
    await expect(mayDo(as(await actorOf(token)), 'backup.start')).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await setRole(services.contextFor('admin'), { userId: 'operator-1', role: 'operator' })
    await operator.db.clusterRole.create({ data: { userId: 'operator-1', clusterId: 'c-stock', role: 'viewer' } })
    const stock = { id: 'c-stock', name: 'stock' }
    const refused = mayDo(as(await actorOf(token)), 'backup.start', stock)
    await expect(refused).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })

  test('ends at the clusters that it is limited to', async () => {
    const { token } = await make({ clusterIds: ['c-orders'] })
    const actor = await actorOf(token)
    await mayDo(as(actor), 'backup.start', { id: 'c-orders', name: 'orders' })
    expect([roleAt(actor, 'c-orders'), roleAt(actor, 'c-stock'), roleAt(actor, null)]).toEqual([
      'operator',
      'none',
      'none',
    ])
    // Whoever reads the audit may not see the cluster.
    expect((await services.readAudit())[0]).toMatchObject({ action: 'token.create', after: { clusters: ['c-orders'] } })
    const stock = mayDo(as(actor), 'backup.start', { id: 'c-stock', name: 'stock' })
    await expect(stock).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(make({ name: 'x', clusterIds: ['nowhere'] })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })

  test('ends with its time, with its revocation, and with its owner', async () => {
    const { token, expiresAt } = await make({ hours: 1 })
    expect(Date.parse(expiresAt)).toBe(services.clock.now() + HOUR_MS)
    services.clock.advance(HOUR_MS - 1)
    await actorOf(token)
    services.clock.advance(1)
    await expect(actorOf(token)).rejects.toMatchObject({ code: 'SIGNED_OUT' })

    const second = await make({ name: 'second' })
    await revokeToken(operator, second.tokenId)
    await expect(actorOf(second.token)).rejects.toMatchObject({ code: 'SIGNED_OUT' })
    await expect(revokeToken(operator, second.tokenId)).rejects.toMatchObject({ code: 'WRONG_STATE' })

    const third = await make({ name: 'third' })
    await deactivatePerson(services.contextFor('admin'), 'operator-1')
    await expect(actorOf(third.token)).rejects.toMatchObject({ code: 'SIGNED_OUT' })
    expect((await listTokens(services.contextFor('admin'))).map(({ name, state }) => [name, state])).toEqual(
      expect.arrayContaining([
        ['nightly', 'expired'],
        ['second', 'revoked'],
        ['third', 'owner-deactivated'],
      ]),
    )
    for (const text of ['', 'ark_', makeApiToken()]) {
      await expect(actorOf(text)).rejects.toMatchObject({ code: 'SIGNED_OUT' })
    }
  })

  test('takes from an hour to a year, and says where a name is in use', async () => {
    for (const hours of [0, 0.5, 365 * 24 + 1]) {
      await expect(make({ hours })).rejects.toMatchObject({ details: { fields: { hours: expect.any(String) } } })
    }
    await make({ hours: 365 * 24 })
    await expect(make()).rejects.toMatchObject({ code: 'NAME_TAKEN' })
    await make({}, services.contextFor('viewer'))
  })
})

test('its use is written down once a minute at most', async () => {
  const { token, tokenId } = await make()
  const used = () => operator.db.apiToken.findUniqueOrThrow({ where: { id: tokenId } })
  await actorOf(token)
  const first = services.clock.now()
  services.clock.advance(59_999)
  await actorOf(token, '192.0.2.10')
  expect(await used()).toMatchObject({ lastUsedAt: new Date(first), lastUsedIp: '192.0.2.9' })
  services.clock.advance(1)
  await actorOf(token, '192.0.2.11')
  expect(await used()).toMatchObject({ lastUsedAt: new Date(first + 60_000), lastUsedIp: '192.0.2.11' })
})

test('people see and revoke their own; an administrator those of everybody', async () => {
  const { tokenId } = await make()
  const viewer = services.contextFor('viewer')
  expect(await listTokens(viewer)).toEqual([])
  await expect(revokeToken(viewer, tokenId)).rejects.toMatchObject({ code: 'FORBIDDEN' })
  const admin = services.contextFor('admin')
  expect(await listTokens(admin)).toMatchObject([{ name: 'nightly', ownerName: 'operator one', isYours: false }])
  await revokeToken(admin, tokenId)
  expect(await listTokens(operator)).toMatchObject([{ state: 'revoked', isYours: true }])
  expect((await services.readAudit()).at(-1)).toMatchObject({ action: 'token.revoke-of-others', outcome: 'ok' })
})

test('what a token does says so, and a job that it asked for has its limits; revoked it begins no more', async () => {
  const { token, tokenId } = await make({ clusterIds: ['c-orders'] })
  const byToken = as(await actorOf(token))
  const cluster = { id: 'c-orders', name: 'orders' }
  await mutate(byToken, { action: 'backup.start', cluster }, async () => null)
  expect((await services.readAudit()).at(-1)).toMatchObject({ actorName: 'operator one (token nightly)' })
  const job = {
    ...{
      id: 'j',
      kind: 'backup',
      payload: {},
      clusterId: 'c-orders',
      otherClusterId: null,
      subjectId: null,
      attempts: 1,
      attemptsMax: 1,
    },
    ...{ owner: 'w', token: 1, actorId: 'operator-1', actorName: 'operator one (token nightly)', tokenId },
  }
  const actor = await findJobActor(operator.db, job)
  expect(actor).toMatchObject({ id: 'operator-1', role: 'none', clusterRoles: { 'c-orders': 'operator' } })
  await expect(mayDo(as(actor), 'restore.run', cluster)).rejects.toMatchObject({ code: 'FORBIDDEN' })
  services.clock.advance(48 * HOUR_MS)
  expect(await findJobActor(operator.db, job)).toEqual(actor)
  await revokeToken(operator, tokenId)
  await expect(findJobActor(operator.db, job)).rejects.toMatchObject({ code: 'FORBIDDEN' })
})

function mayDo(context: ServiceContext, action: Action, cluster: Subject['cluster'] = null): Promise<void> {
  // Every action is asked about, also those that no cluster has: for the compiler, one of either kind.
  return assertActorCan(context, { cluster, action: action as ClusterAction })
}
