import { afterEach, beforeEach, expect, test } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import { setDrillSchedule } from '../drills/set-drill-schedule.ts'
import { SUGGESTED_RULES } from '../keep-rules/schemas.ts'
import { setKeepRules } from '../keep-rules/set-keep-rules.ts'
import { setRereads } from '../rereads/set-rereads.ts'
import { createSchedule } from './create-schedule.ts'
import { getProtection, listProtection } from './list-protection.ts'
import { pauseSchedule } from './pause-schedule.ts'
import { runDueSchedules } from './run-due-schedules.ts'

let services: TestServices
beforeEach(async () => {
  services = await createTestServices({ archives: createFileArchives() })
})
afterEach(() => services.close())

test('each cluster by its name: what is done by itself, and what may be lost; of those that are seen', async () => {
  const admin = services.contextFor('admin')
  const [orders, quotes] = await Promise.all(
    ['orders', 'quotes'].map((name) => addCluster(admin, { name, connectString: 'zk1:2181' })),
  )
  const clusterId = orders?.id ?? ''
  const hourly = { clusterId, name: 'hourly', cron: '0 * * * *', timeZone: 'UTC', sources: ['client' as const] }
  const { scheduleId } = await createSchedule(admin, hourly)
  const rules = { ...SUGGESTED_RULES, last: 3, hourly: 0, daily: 7, weekly: 0, monthly: 0, yearly: 0 }
  await setKeepRules(admin, { clusterId, enabled: true, rules, confirm: 'orders' })
  await setRereads(admin, { clusterId, enabled: false, everyDays: 30 })
  await setDrillSchedule(admin, { clusterId, enabled: true, everyHours: 24, limitMinutes: 10 })
  services.clock.advance(3_600_000)
  while (await runDueSchedules(services.contextOf({ kind: 'system', id: null, name: 's', role: 'admin' }), 'w'));

  const { clusters, hasMore } = await listProtection(admin)
  expect(hasMore).toBe(false)
  expect(clusters).toMatchObject([
    {
      clusterName: 'orders',
      schedules: 1,
      nextRunAt: '2026-01-02T05:00:00.000Z',
      lastRun: { state: 'waiting', scheduleName: 'hourly' },
      lastGoodAt: null,
      rpo: { worstMs: 3_600_000, hasBase: false, log: null },
      keeps: 'the last 3, 1 a day for 7 days',
      isKeepStopped: false,
      rereadDays: null,
      drillHours: 24,
    },
    { clusterName: 'quotes', nextRunAt: null, lastRun: null, rpo: { worstMs: null }, keeps: null, rereadDays: 30 },
  ])
  expect((await listProtection(admin, { page: 2 })).clusters).toEqual([])
  await pauseSchedule(admin, { scheduleId, until: '2026-01-02T12:00:00.000Z' })
  expect(await getProtection(admin, clusterId)).toMatchObject({
    nextRunAt: '2026-01-02T12:00:00.000Z',
    rpo: { worstMs: null },
  })

  const elsewhere = { kind: 'user', id: 'e', name: 'E', role: 'viewer', clusterRoles: { [clusterId]: 'none' } } as const
  const seen = services.contextOf(elsewhere)
  expect((await listProtection(seen)).clusters.map((each) => each.clusterId)).toEqual([quotes?.id])
  expect(await getProtection(seen, clusterId)).toBeNull()
})
