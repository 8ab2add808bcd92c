import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createTestServices, type TestServices } from '../testing/service-context.ts'
import type { Role, ServiceContext } from './context.ts'
import { ServiceError } from './errors.ts'
import { assertActorCan, mutate, mutateCluster } from './gate.ts'
import { type Action, type ClusterAction, isOverall, LEAST_ROLE } from './policy.ts'

// A database on disk for each test: slow where many test files run at once.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

let services: TestServices
beforeEach(async () => {
  services = await createTestServices()
})
afterEach(() => services.close())

const CLUSTER = { id: 'c1', name: 'orders' }

const ROLES = ['none', 'viewer', 'operator', 'admin'] as const satisfies readonly Role[]
const ACTIONS = Object.keys(LEAST_ROLE).filter((key): key is Action => key in LEAST_ROLE)

function isEnough(role: Role, action: Action): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(LEAST_ROLE[action])
}

function ask(context: ServiceContext, action: Action, cluster: typeof CLUSTER | null = null) {
  // Every action is asked about, also those that no cluster has: for the compiler, one of either kind.
  return assertActorCan(context, { action: action as ClusterAction, cluster })
}

function withRoles(role: Role, clusterRoles: Readonly<Record<string, Role>>): ServiceContext {
  const context = services.contextFor('viewer')
  return { ...context, actor: { ...context.actor, role, clusterRoles } }
}

async function seedCluster(armedForMs: number | null) {
  await services.database.client.cluster.create({
    data: {
      ...CLUSTER,
      connectString: '127.0.0.1:2181',
      sessionTimeoutMs: 30_000,
      environment: 'production',
      armedUntil: armedForMs === null ? null : new Date(services.clock.now() + armedForMs),
    },
  })
}

function setNote(context: ServiceContext, note: string, fail = false) {
  return mutate(
    context,
    { action: 'backup.note', cluster: CLUSTER, path: '/a', reason: 'because', before: { zxid: 0x1an } },
    async (tx, record) => {
      await tx.setting.create({ data: { key: 'note', value: note } })
      record({ after: { length: note.length } })
      if (fail) throw new ServiceError('WRONG_STATE', 'It cannot be noted now')
      return note.length
    },
  )
}

describe('assertActorCan', () => {
  test('follows the policy for every action and every role', async () => {
    expect(ACTIONS.length).toBeGreaterThan(20)
    for (const action of ACTIONS) {
      for (const role of ROLES) {
        const attempt = ask(services.contextFor(role), action)
        if (isEnough(role, action)) await expect(attempt, `${role} ${action}`).resolves.toBeUndefined()
        else await expect(attempt, `${role} ${action}`).rejects.toMatchObject({ code: 'FORBIDDEN' })
      }
    }
  })

  test('asks the role at the cluster, which stands in place of the overall one, be it more or less', async () => {
    for (const action of ACTIONS) {
      for (const role of ROLES) {
        if (isOverall(action)) continue
        const overall = isEnough('operator', action) ? 'none' : 'admin'
        const context = withRoles(overall, { [CLUSTER.id]: role })
        const attempt = ask(context, action, CLUSTER)
        if (isEnough(role, action)) await expect(attempt, `${role} ${action}`).resolves.toBeUndefined()
        else await expect(attempt, `${role} ${action}`).rejects.toMatchObject({ code: 'FORBIDDEN' })
      }
    }
  })

  test('asks the overall role where an action is of no single cluster, whatever cluster it speaks of', async () => {
    const actions = ACTIONS.filter(isOverall).filter((action) => LEAST_ROLE[action] === 'admin')
    expect(actions).toContain('people.set-cluster-role')
    for (const action of actions) {
      await expect(ask(withRoles('admin', { [CLUSTER.id]: 'none' }), action, CLUSTER)).resolves.toBeUndefined()
      const attempt = ask(withRoles('operator', { [CLUSTER.id]: 'admin' }), action, CLUSTER)
      await expect(attempt, action).rejects.toMatchObject({ code: 'FORBIDDEN' })
    }
  })

  test('asks both clusters where two are concerned, and the overall role where none is', async () => {
    const context = withRoles('viewer', { [CLUSTER.id]: 'operator', c2: 'operator', c3: 'none' })
    const askBoth = (otherClusterId: string) =>
      assertActorCan(context, { action: 'restore.plan', cluster: CLUSTER, otherClusterId, path: '/a' })
    await expect(askBoth('c2')).resolves.toBeUndefined()
    await expect(askBoth('c3')).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(askBoth('c4')).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(ask(context, 'restore.plan')).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect(await services.readAudit()).toMatchObject([
      { outcome: 'denied', clusterId: 'c1', path: '/a', message: expect.stringContaining('none at the other cluster') },
      { outcome: 'denied', clusterId: 'c1', message: expect.stringContaining('viewer at the other cluster') },
      { outcome: 'denied', clusterId: null, message: expect.stringContaining('has viewer') },
    ])
  })
})

describe('a change of the database', () => {
  test('is stored together with its entry, which says who, what, where, why and how it ended', async () => {
    await expect(setNote(services.contextFor('operator'), 'hello')).resolves.toBe(5)
    expect(await services.readAudit()).toMatchObject([
      {
        at: new Date(services.clock.now()),
        actorId: 'operator-1',
        actorName: 'operator one',
        ip: '192.0.2.7',
        action: 'backup.note',
        clusterId: 'c1',
        clusterName: 'orders',
        path: '/a',
        reason: 'because',
        before: { zxid: '0x1a' },
        after: { length: 5 },
        outcome: 'ok',
        message: null,
      },
    ])
  })

  test('by somebody who may not do it is not begun, and the refusal is on record', async () => {
    await expect(setNote(services.contextFor('viewer'), 'hello')).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect(await services.database.client.setting.count()).toBe(0)
    expect(await services.readAudit()).toMatchObject([
      { outcome: 'denied', action: 'backup.note', actorId: 'viewer-1' },
    ])
  })

  test('that fails leaves nothing behind but a failed entry with the cause', async () => {
    await expect(setNote(services.contextFor('operator'), 'hello', true)).rejects.toMatchObject({ code: 'WRONG_STATE' })
    expect(await services.database.client.setting.count()).toBe(0)
    expect(await services.readAudit()).toMatchObject([
      { outcome: 'failed', after: { length: 5 }, message: 'WRONG_STATE: It cannot be noted now' },
    ])
  })

  test('is undone when its entry cannot be stored', async () => {
    const { client } = services.database
    await services.database.refuseEntries('ok')
    await expect(setNote(services.contextFor('operator'), 'hello')).rejects.toThrow()
    expect(await client.setting.count()).toBe(0)
  })
})

describe('a change of a cluster', () => {
  const write = (role: Role, work: () => Promise<void>) =>
    mutateCluster(
      services.contextFor(role),
      { action: 'znode.set-data', clusterId: 'c1', path: '/a', before: { version: 3 } },
      async (_cluster, record) => {
        await work()
        record({ after: { version: 4, zxid: 0xffn } })
        return { value: 'written', outcome: 'ok' as const }
      },
    )
  const outcomes = async () => (await services.readAudit()).map((entry) => entry.outcome)

  test('is announced before it happens, and its outcome refers to the announcement', async () => {
    await seedCluster(60_000)
    let seen: string[] = []
    const result = await write('operator', async () => {
      seen = await outcomes()
    })
    expect(result).toBe('written')
    expect(seen).toEqual(['started'])
    const [started, ok] = await services.readAudit()
    expect(started).toMatchObject({ outcome: 'started', clusterName: 'orders', before: { version: 3 }, after: null })
    expect(ok).toMatchObject({ outcome: 'ok', after: { version: 4, zxid: '0xff', startedEntry: started?.id } })
  })

  test('does not happen when it cannot be announced', async () => {
    await seedCluster(60_000)
    await services.database.refuseEntries()
    let wrote = false
    await expect(
      write('operator', async () => {
        wrote = true
      }),
    ).rejects.toThrow()
    expect(wrote).toBe(false)
  })

  test('is refused while the cluster is read-only, never was armed or no longer is', async () => {
    const mustNotRun = async () => {
      throw new Error('it ran')
    }
    await seedCluster(null)
    await expect(write('admin', mustNotRun)).rejects.toMatchObject({ code: 'CLUSTER_READ_ONLY' })
    await services.database.client.cluster.update({
      where: { id: 'c1' },
      data: { armedUntil: new Date(services.clock.now() + 1000) },
    })
    services.clock.advance(1000)
    await expect(write('admin', mustNotRun)).rejects.toMatchObject({ code: 'CLUSTER_READ_ONLY' })
    expect(await outcomes()).toEqual(['denied', 'denied'])
  })

  test('is refused to a viewer even while the cluster is armed', async () => {
    await seedCluster(60_000)
    await expect(write('viewer', async () => undefined)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect(await outcomes()).toEqual(['denied'])
  })

  test('that fails is on record with its cause', async () => {
    await seedCluster(60_000)
    const failing = write('operator', async () => {
      throw new ServiceError('WRITE_REFUSED', 'The server said no')
    })
    await expect(failing).rejects.toMatchObject({ code: 'WRITE_REFUSED' })
    expect(await services.readAudit()).toMatchObject([
      { outcome: 'started' },
      { outcome: 'failed', message: 'WRITE_REFUSED: The server said no' },
    ])
  })

  test('that is done stays done when its outcome cannot be stored; the log says so', async () => {
    await seedCluster(60_000)
    await services.database.refuseEntries('ok')
    await expect(write('operator', async () => undefined)).resolves.toBe('written')
    expect(await outcomes()).toEqual(['started'])
    expect(services.logLines.join('')).toContain('An audit entry could not be stored')
  })

  test('of a cluster that is not there is NOT_FOUND', async () => {
    await expect(write('operator', async () => undefined)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})
