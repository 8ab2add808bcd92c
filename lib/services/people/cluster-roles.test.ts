import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addTestPeople } from '../../testing/work-off-jobs.ts'
import { findJobActor } from '../../worker/job-actor.ts'
import { setAdminServers } from '../clusters/set-admin-servers.ts'
import { testCluster } from '../clusters/test-cluster.ts'
import { updateCluster } from '../clusters/update-cluster.ts'
import type { Role, ServiceContext } from '../context.ts'
import { assertMayWork } from '../jobs/assert-may-work.ts'
import { roleAt } from '../policy.ts'
import { setClusterRole, setRole } from './change-person.ts'
import { findClusterRoles } from './find-cluster-roles.ts'
import { listPeople } from './list-people.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

let services: TestServices
let admin: ServiceContext
beforeEach(async () => {
  services = await createTestServices()
  admin = services.contextFor('admin')
  await addTestPeople(services)
  for (const name of ['orders', 'stock']) {
    const where = { connectString: '127.0.0.1:1', sessionTimeoutMs: 30_000, environment: 'staging' }
    await admin.db.cluster.create({ data: { id: name, name, ...where } })
  }
})
afterEach(() => services.close())

const set = (userId: string, clusterId: string, role: Role | null, by = admin) =>
  setClusterRole(by, { userId, clusterId, role })

test('an administrator of one cluster does not make it lead to the servers of another, nor take its members by their name', async () => {
  const actor = { kind: 'user', id: 'viewer-1', name: 'kim', role: 'none', clusterRoles: { orders: 'admin' } } as const
  const kim = { ...admin, actor }
  const settings = {
    clusterId: 'orders',
    name: 'orders',
    connectString: '127.0.0.1:1',
    auth: { kind: 'keep' },
  } as const
  await updateCluster(kim, { ...settings, note: 'ours' })
  const elsewhere = { ...settings, connectString: '127.0.0.1:2' } as const
  await expect(updateCluster(kim, elsewhere)).rejects.toMatchObject({ code: 'FORBIDDEN' })
  const renamed = { ...settings, name: 'stock-to-be' } as const
  await expect(updateCluster(kim, renamed)).rejects.toMatchObject({ code: 'FORBIDDEN' })
  const steps = async () => {
    for await (const _ of testCluster(kim, { clusterId: 'orders', input: elsewhere })) throw new Error('it was tried')
  }
  await expect(steps()).rejects.toMatchObject({ code: 'FORBIDDEN' })
  const servers = { clusterId: 'orders', urls: ['http://127.0.0.1:3'], auth: { kind: 'none' as const } }
  await expect(setAdminServers(kim, servers)).rejects.toMatchObject({ code: 'FORBIDDEN' })
  const denied = (await services.readAudit()).filter(({ outcome }) => outcome === 'denied')
  expect(denied.map(({ action, clusterId }) => `${action} ${clusterId}`)).toEqual([
    'cluster.update orders',
    'cluster.update orders',
    'cluster.update orders',
    'cluster.set-admin-servers orders',
  ])
  await setAdminServers(admin, servers)
  await setAdminServers(kim, { ...servers, auth: { kind: 'ip' } })
})

describe('a role at one cluster', () => {
  test('stands in place of the one overall until it is taken back, and is on record with what was before', async () => {
    await set('viewer-1', 'orders', 'operator')
    await set('viewer-1', 'orders', 'none')
    const roles = { role: 'viewer', clusterRoles: await findClusterRoles(admin.db, 'viewer-1') } as const
    expect([roleAt(roles, 'orders'), roleAt(roles, 'stock'), roleAt(roles, null)]).toEqual(['none', 'viewer', 'viewer'])
    await set('viewer-1', 'orders', null)
    expect(await findClusterRoles(admin.db, 'viewer-1')).toEqual({})
    const entry = { action: 'people.set-cluster-role', outcome: 'ok', clusterId: 'orders', clusterName: 'orders' }
    const who = { userId: 'viewer-1', name: 'viewer one' }
    expect(await services.readAudit()).toMatchObject([
      { ...entry, before: { ...who, role: 'as overall' }, after: { role: 'operator' } },
      { ...entry, before: { ...who, role: 'operator' }, after: { role: 'none' } },
      { ...entry, before: { ...who, role: 'none' }, after: { role: 'as overall' } },
    ])
  })

  test('is given by administrators overall only, be they less at the cluster itself', async () => {
    const of = (role: Role, clusterRoles: Record<string, Role>) => {
      const { actor } = services.contextFor(role)
      return services.contextOf({ ...actor, clusterRoles })
    }
    const refused = set('viewer-1', 'orders', 'admin', of('operator', { orders: 'admin' }))
    await expect(refused).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await set('viewer-1', 'orders', 'operator', of('admin', { orders: 'viewer' }))
    await expect(set('viewer-1', 'nowhere', 'viewer')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(set('nobody', 'orders', 'viewer')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('is shown to people, where they see the cluster; who sees nothing overall sees no people', async () => {
    await set('viewer-1', 'orders', 'admin')
    const rolesFor = async (context: ServiceContext) =>
      (await listPeople(context)).people.find(({ id }) => id === 'viewer-1')?.clusterRoles
    expect(await rolesFor(admin)).toEqual([{ clusterId: 'orders', clusterName: 'orders', role: 'admin' }])
    const blind = services.contextOf({ ...services.contextFor('viewer').actor, clusterRoles: { orders: 'none' } })
    expect(await rolesFor(blind)).toEqual([])
    expect((await listPeople(blind)).clusters).toEqual([{ id: 'stock', name: 'stock' }])
    await expect(listPeople(services.contextFor('none'))).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })

  test('voids what was asked for or approved there, and nothing elsewhere', async () => {
    for (const clusterId of ['orders', 'stock']) {
      for (const person of ['requestedById', 'decidedById'] as const) {
        await admin.db.approval.create({
          data: {
            ...{ requestedById: 'admin-1', decidedById: 'admin-1', [person]: 'operator-1' },
            ...{ id: `${clusterId} ${person}`, clusterId, subjectKind: 'restore', subjectId: `${clusterId}-${person}` },
            ...{ planHash: 'hash', requestedAt: new Date(0), reason: 'because', state: 'approved' },
          },
        })
      }
    }
    const standing = async () => {
      const rows = await admin.db.approval.findMany({ where: { state: 'approved' }, orderBy: { id: 'asc' } })
      return rows.map(({ id }) => id)
    }
    await set('operator-1', 'orders', 'viewer')
    expect(await standing()).toEqual(['stock decidedById', 'stock requestedById'])
    await set('operator-1', 'stock', 'operator')
    await setRole(admin, { userId: 'operator-1', role: 'viewer' })
    expect(await standing()).toEqual(['stock decidedById', 'stock requestedById'])
    // An administrator who does not see the cluster lowers somebody there all the same.
    const blind = services.contextOf({ ...admin.actor, clusterRoles: { stock: 'none' } })
    await admin.db.clusterRole.deleteMany()
    await setRole(blind, { userId: 'operator-1', role: 'none' })
    expect(await standing()).toEqual([])
  })
})

describe('a job that waits', () => {
  const job = {
    ...{
      id: 'j1',
      kind: 'plan-restore' as const,
      payload: {},
      clusterId: 'orders',
      otherClusterId: 'stock',
      subjectId: null,
    },
    ...{ actorId: 'operator-1', actorName: 'operator one', tokenId: null },
    ...{ attempts: 1, attemptsMax: 1, owner: 'w', token: 1 },
  } as const

  test.each([
    ['lowered at its cluster', 'orders', 'viewer'],
    ['lowered at the cluster that it reads', 'stock', 'viewer'],
    ['without access any more', 'orders', 'none'],
  ] as const)('is refused, on record, to somebody who was %s', async (_how, clusterId, role) => {
    const begin = async () => assertMayWork(services.contextOf(await findJobActor(admin.db, job)), job)
    await begin()
    await set('operator-1', clusterId, role)
    await expect(begin()).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect((await services.readAudit()).at(-1)).toMatchObject({
      ...{ action: 'restore.plan', outcome: 'denied', clusterId: 'orders', otherClusterId: 'stock' },
      after: { job: 'j1' },
    })
    await setRole(admin, { userId: 'operator-1', role: 'viewer' })
    await set('operator-1', 'orders', 'admin')
    await set('operator-1', 'stock', 'operator')
    await begin()
  })
})
