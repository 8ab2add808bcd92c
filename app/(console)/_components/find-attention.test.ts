import { expect, test } from 'vitest'
import { findAttention } from './find-attention.ts'

const good = { id: 'b1', takenAt: '2026-11-23T00:00:00Z', znodes: 1, verifyOk: true }
const job = {
  id: 'j1',
  kind: 'backup',
  title: 'Back up demo',
  state: 'failed',
  clusterId: 'c1',
  subjectId: null,
  createdAt: '1',
} as const

test('a healthy installation needs nobody', () => {
  const clusters = [{ id: 'c1', name: 'demo', lastGoodBackup: good, failedDrill: null }]
  expect(
    findAttention({ clusters, jobs: [{ ...job, state: 'succeeded' }], restores: [], down: [], alarms: [] }),
  ).toEqual([])
})

test('what is urgent comes first', () => {
  const items = findAttention({
    clusters: [{ id: 'c1', name: 'demo', lastGoodBackup: null, failedDrill: null }],
    jobs: [job],
    restores: [
      { id: 'r1', state: 'planned', clusterName: 'demo', scopeLabel: '/a', plan: null },
      { id: 'r2', state: 'conflict', clusterName: 'demo', scopeLabel: '/a', plan: null },
    ],
    down: [{ cluster: { id: 'c2', name: 'orders' }, message: 'refused' }],
    alarms: [
      { cluster: { id: 'c1', name: 'demo' }, alarm: { server: 'zk1', kind: 'flaw', text: 'CVE' } },
      { cluster: { id: 'c1', name: 'demo' }, alarm: { server: 'zk2', kind: 'flaw', text: 'CVE' } },
      { cluster: { id: 'c1', name: 'demo' }, alarm: { server: 'zk2', kind: 'digest', text: 'twice' } },
    ],
  })
  expect(items.map((item) => item.key)).toEqual([
    'down-c2',
    'alarm-c1-twice',
    'restore-r2',
    'alarm-c1-CVE',
    'restore-r1',
    'backup-c1',
    'job-j1',
  ])
  expect(items.find(({ key }) => key === 'alarm-c1-CVE')?.text).toBe('demo, zk1 and zk2: CVE')
})

test('a failed backup that was followed by a good one is no news', () => {
  const clusters = [{ id: 'c1', name: 'demo', lastGoodBackup: good, failedDrill: null }]
  const later = { ...job, id: 'j2', state: 'succeeded', createdAt: '2' } as const
  expect(findAttention({ clusters, jobs: [later, job], restores: [], down: [], alarms: [] })).toEqual([])
})

test('a drill that failed is urgent, and leads to the backup', () => {
  const failedDrill = { backupId: 'b2', takenAt: '2026-11-22T00:00:00Z', drilledAt: '2026-11-23T00:00:00Z' }
  const clusters = [{ id: 'c1', name: 'demo', lastGoodBackup: good, failedDrill }]
  expect(findAttention({ clusters, jobs: [], restores: [], down: [], alarms: [] })).toMatchObject([
    { key: 'drill-c1', urgent: true, href: '/backups/b2' },
  ])
})

test('a plan that waits for the approval of the very person who looks comes first, and is told once', () => {
  const approval = {
    id: 'a1',
    subjectKind: 'restore',
    subjectId: 'r1',
    clusterName: 'demo',
    label: 'a backup',
    requestedByName: 'Ann',
    requestedAt: '2026-11-23T00:00:00Z',
    isMine: true,
  } as const
  const facts = {
    clusters: [],
    jobs: [],
    restores: [{ id: 'r1', state: 'planned', clusterName: 'demo', scopeLabel: '/a', plan: null }],
    down: [{ cluster: { id: 'c2', name: 'orders' }, message: 'refused' }],
    alarms: [],
  } as const
  const mine = findAttention({ ...facts, approvals: [approval] })
  expect(mine.map(({ key, urgent }) => [key, urgent])).toEqual([
    ['approval-a1', true],
    ['down-c2', true],
  ])
  expect(mine[0]).toMatchObject({
    text: 'Ann asks for a second person: a restore to demo (a backup)',
    href: '/restores/r1',
  })
  const files = { ...approval, subjectKind: 'physical', isMine: false } as const
  expect(findAttention({ ...facts, approvals: [files] })[1]).toMatchObject({ urgent: false, href: '/physical/r1' })
})

test('an alert has a line of its own, unless what is seen at once says the same', () => {
  const clusters = [{ id: 'c1', name: 'demo', lastGoodBackup: null, failedDrill: null }]
  const alert = (rule: string, more: object = {}) => ({
    id: rule,
    rule,
    severity: 'critical' as const,
    text: `says ${rule}`,
    cluster: { id: 'c1', name: 'demo' },
    about: 'cluster' as const,
    aboutId: null,
    ...more,
  })
  const alerts = [
    alert('cluster-down'),
    alert('backup-failed'),
    alert('backup-late', { about: 'backups' }),
    alert('audit-broken', { cluster: null, about: 'audit', severity: 'warning' }),
  ]
  const down = [{ cluster: { id: 'c1', name: 'demo' }, message: 'refused' }]
  const items = findAttention({ clusters, jobs: [job], restores: [], down, alarms: [], alerts })
  expect(items.map(({ key, urgent, href }) => [key, urgent, href])).toEqual([
    ['down-c1', true, '/clusters/c1/settings#connection'],
    ['alert-backup-late', true, '/clusters/c1/backups'],
    ['job-j1', false, '/clusters/c1/backups'],
    ['alert-audit-broken', false, '/audit'],
  ])
  const later = findAttention({ clusters, jobs: [], restores: [], down: [], alarms: [], alerts })
  expect(later.map(({ key }) => key)).toContain('alert-cluster-down')
})
