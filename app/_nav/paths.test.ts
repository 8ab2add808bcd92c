import { describe, expect, test } from 'vitest'
import { alertLink } from '../../lib/services/alerts/alert-link.ts'
import { SeededRandom } from '../../lib/testing/seeded-random.ts'
import { paths, safeNextPath } from './paths.ts'
import { readNumber, readOneOf, readSomeOf, readText } from './search-params.ts'

const live = { kind: 'live', id: 'c1' } as const
const backup = { kind: 'backup', id: 'b1' } as const
const moment = { kind: 'moment', id: 'c1.0x1a' } as const

describe('paths', () => {
  test('a notice leads to its alert, built where there are no pages', () => {
    expect(alertLink('https://ark.example/base', 'a 1')).toBe(
      `https://ark.example/base${paths.alerts({ alert: 'a 1' })}`,
    )
  })

  test.each([
    [paths.overview(), '/'],
    [paths.setup(), '/setup'],
    [paths.signIn(), '/sign-in'],
    [paths.signIn({ next: '/' }), '/sign-in'],
    [paths.signIn({ next: '/backups/b1' }), '/sign-in?next=%2Fbackups%2Fb1'],
    [paths.invitation(), '/invitation'],
    [paths.invitation('a-b_c'), '/invitation#a-b_c'],
    [paths.people(), '/people'],
    [paths.values(), '/values'],
    [paths.stores(), '/stores'],
    [paths.schedules(), '/schedules'],
    [paths.schedules({ page: 2 }), '/schedules?page=2'],
    [paths.account(), '/account'],
    [paths.apiDocs(), '/api-docs'],
    [paths.alerts(), '/alerts'],
    [paths.alerts({ clusterId: 'c1', before: 'a1' }), '/alerts?cluster=c1&before=a1'],
    [paths.notifications(), '/notifications'],
    [paths.clusterSettings('c1', 'drift'), '/clusters/c1/settings#drift'],
    [paths.clusterFollow('c1'), '/clusters/c1/settings#follow'],
    [paths.clusterKeepRules('c1'), '/clusters/c1/backups#keep-rules'],
    [paths.help(), '/help'],
    [paths.help({ clusterId: 'c1', about: 'deleted' }), '/help?cluster=c1#deleted'],
    [paths.api.openApi(), '/api/v1/openapi.json'],
    [paths.api.alertCounts(), '/api/alerts'],
    [paths.newCluster(), '/clusters/new'],
    [paths.cluster('c1'), '/clusters/c1/tree'],
    [paths.cluster('c1', 'settings'), '/clusters/c1/settings'],
    [paths.clusterTree('c1', { path: '/' }), '/clusters/c1/tree'],
    [paths.clusterTree('c1', { path: '/a b/ü&x', view: 'hex' }), '/clusters/c1/tree?path=%2Fa+b%2F%C3%BC%26x&view=hex'],
    [paths.clusterBackups('c1', { safety: true, before: 'x~y' }), '/clusters/c1/backups?safety=1&before=x%7Ey'],
    [paths.clusterBackups('c1', { safety: false }), '/clusters/c1/backups'],
    [paths.cluster('c1', 'history'), '/clusters/c1/history'],
    [
      paths.clusterHistory('c1', { at: '2026-11-25 14:03', path: '/a' }),
      '/clusters/c1/history?at=2026-11-25+14%3A03&path=%2Fa',
    ],
    [paths.tree(moment, { path: '/a' }), '/clusters/c1/history?zxid=0x1a&path=%2Fa'],
    [paths.api.znode(moment, '/a'), '/api/trees/moment/c1.0x1a/znode?path=%2Fa'],
    [paths.clusterBackups('c1', { schedule: 's1' }), '/clusters/c1/backups?schedule=s1'],
    [paths.cluster('c1', 'schedules'), '/clusters/c1/schedules'],
    [paths.clusterSchedules('c1', { every: 15 }), '/clusters/c1/schedules?every=15'],
    [paths.clusterHealth('c1'), '/clusters/c1/health'],
    [paths.clusterHealth('c1', { range: 'day' }), '/clusters/c1/health'],
    [paths.clusterHealth('c1', { range: 'week' }), '/clusters/c1/health?range=week'],
    [paths.clusterRetention('c1'), '/clusters/c1/retention'],
    [paths.api.restoreGuards('r1'), '/api/restores/r1/guards'],
    [paths.api.advice('c1', { path: '/a b', act: 'delete' }), '/api/clusters/c1/advice?path=%2Fa+b&act=delete'],
    [paths.clusterRetention('c1', { every: 15 }), '/clusters/c1/retention?every=15'],
    [paths.backup('b1'), '/backups/b1'],
    [paths.tree(live, { path: '/a' }), '/clusters/c1/tree?path=%2Fa'],
    [paths.tree(backup, { path: '/a' }), '/backups/b1/tree?path=%2Fa'],
    [
      paths.tree(live, { path: '/a', history: true, from: 'backup:b1', to: 'live:c1' }),
      '/clusters/c1/tree?path=%2Fa&show=history&from=backup%3Ab1&to=live%3Ac1',
    ],
    [paths.tree(backup, { path: '/a', history: false }), '/backups/b1/tree?path=%2Fa'],
    [paths.tree(live, { path: '/a', log: '' }), '/clusters/c1/tree?path=%2Fa&show=log'],
    [paths.tree(backup, { path: '/a', log: '0x1f' }), '/backups/b1/tree?path=%2Fa&show=log&txn=0x1f'],
    [paths.api.znodeLog(live, { path: '/a', before: '0x1f' }), '/api/trees/live/c1/log?path=%2Fa&before=0x1f'],
    [
      paths.api.znodeTransaction(backup, { path: '/a', zxid: '0x1f' }),
      '/api/trees/backup/b1/transaction?path=%2Fa&zxid=0x1f',
    ],
    [paths.api.history(live, { path: '/a', before: 'x~y' }), '/api/trees/live/c1/history?path=%2Fa&before=x%7Ey'],
    [
      paths.api.znodePair({ left: 'live:c1', right: 'backup:b1', path: '/a' }),
      '/api/znode-pair?left=live%3Ac1&right=backup%3Ab1&path=%2Fa',
    ],
    [paths.diffs(), '/diffs'],
    [paths.newDiff({ left: 'live:c1', right: 'backup:b1', path: '/' }), '/diffs/new?left=live%3Ac1&right=backup%3Ab1'],
    [
      paths.diff('d1', { kinds: ['added', 'removed'], fields: ['acl'], search: 'x', path: '/a' }),
      '/diffs/d1?kind=added&kind=removed&field=acl&search=x&path=%2Fa',
    ],
    [
      paths.diff('d1', { ignored: 'show', pick: ['/a', '/b c'], pickAll: ['/d'], picks: 'browser' }),
      '/diffs/d1?ignored=show&pick=%2Fa&pick=%2Fb+c&pickAll=%2Fd&picks=browser',
    ],
    [paths.api.diffIgnored('d1'), '/api/diffs/d1/ignored'],
    [
      paths.newRestore({ clusterId: 'c1', source: 'backup:b1', path: '/a', mode: 'mirror' }),
      '/restores/new?cluster=c1&source=backup%3Ab1&path=%2Fa&mode=mirror',
    ],
    [paths.restore('r1'), '/restores/r1'],
    [paths.newPhysical({ backupId: 'b1', way: 'runbook' }), '/physical/new?backup=b1&way=runbook'],
    [paths.physical('p1'), '/physical/p1'],
    [paths.api.physicalBundle('p1'), '/api/physical/p1/bundle'],
    [paths.migrations(), '/migrations'],
    [paths.newMigration({ sourceId: 'c1', from: '/', to: '/a' }), '/migrations/new?source=c1&to=%2Fa'],
    [paths.migration('m1'), '/migrations/m1'],
    [paths.api.migrationProof('m1'), '/api/migrations/m1/proof'],
    [paths.searches(), '/searches'],
    [paths.search('s1', { page: 1 }), '/searches/s1'],
    [paths.search('s1', { page: 3 }), '/searches/s1?page=3'],
    [paths.tree(live, { path: '/a', find: 'b*' }), '/clusters/c1/tree?path=%2Fa&find=b*'],
    [paths.clusterBackups('c1', { take: true }), '/clusters/c1/backups?take=1'],
    [paths.api.searchHits('s1', { from: 100, limit: 100 }), '/api/searches/s1/hits?from=100&limit=100'],
    [paths.audit({ clusterId: 'c1', before: 7 }), '/audit?before=7&cluster=c1'],
    [paths.api.clusterEvents('c1'), '/api/clusters/c1/events'],
    [
      paths.api.clusterImport('c1', { name: 'a b.json', form: 'zk-shell' }),
      '/api/clusters/c1/import?name=a+b.json&form=zk-shell',
    ],
    [
      paths.api.children(live, { path: '/a', after: null, limit: 500 }),
      '/api/trees/live/c1/children?path=%2Fa&limit=500',
    ],
    [paths.api.znode(backup, '/'), '/api/trees/backup/b1/znode?path=%2F'],
    [paths.api.znodeData(live, '/a'), '/api/trees/live/c1/data?path=%2Fa'],
    [paths.api.znodeData(live, '/a', { unpack: true }), '/api/trees/live/c1/data?path=%2Fa&unpack=1'],
    [paths.api.treeSize(backup, '/a'), '/api/trees/backup/b1/size?path=%2Fa'],
    [paths.api.treeExport(live, '/a', 'x1'), '/api/trees/live/c1/export?path=%2Fa&export=x1'],
    [paths.api.exportState('x1'), '/api/exports/x1'],
    [paths.api.backupFile('b1', 'snapshot.1a.gz'), '/api/backups/b1/files/snapshot.1a.gz'],
    [
      paths.api.diffTree('d1', { parent: '/', kinds: [], fields: [], search: '', after: 'x' }),
      '/api/diffs/d1/tree?parent=%2F&after=x',
    ],
    [paths.api.restoreSteps('r1', { after: 0 }), '/api/restores/r1/steps?after=0'],
    [
      paths.api.restoreReport('r1', { format: 'csv', kind: 'delete' }),
      '/api/restores/r1/report?format=csv&kind=delete',
    ],
    [paths.api.restoreResults('r1', { result: 'applied' }), '/api/restores/r1/results?result=applied'],
    [paths.api.restoreStale('r1', { after: 7 }), '/api/restores/r1/stale?after=7'],
    [paths.api.restoreLaterWrites('r1', { from: 100 }), '/api/restores/r1/later-writes?from=100'],
    [paths.api.auditExport('csv', { clusterId: 'c1' }), '/api/audit/export?cluster=c1&format=csv'],
  ])('builds %s', (built, expected) => {
    expect(built).toBe(expected)
  })

  test('an identifier cannot leave its place in the URL', () => {
    expect(paths.backup('../x?y')).toBe('/backups/..%2Fx%3Fy')
  })

  test.each([
    ['/backups/b1?x=1', '/backups/b1?x=1'],
    ['//evil.example', '/'],
    ['/\\evil.example', '/'],
    ['https://evil.example', '/'],
    ['', '/'],
    [undefined, '/'],
    ['/\t/evil.example', '/'],
    ['/\n\r/evil.example', '/'],
    ['/.//evil.example', '/'],
    ['/a/..//evil.example', '/'],
    ['/%2e//evil.example', '/'],
    ['/%2f/evil.example', '/%2f/evil.example'],
    ['javascript:alert(1)', '/'],
    ['/clusters/c1/tree?path=%2Fa#x', '/clusters/c1/tree?path=%2Fa#x'],
  ])('after signing in, %j leads to %s', (next, expected) => {
    expect(safeNextPath(next)).toBe(expected)
  })
})

test('after signing in, whatever was asked for, a browser stays on this site', () => {
  const pieces = [
    '/',
    '\\',
    '.',
    '..',
    '\t',
    '\n',
    '\r',
    '\0',
    ' ',
    '@',
    ':',
    '?',
    '#',
    '%2f',
    '%5c',
    '%2e',
    '%09',
    'http:',
    'evil.example',
    'a',
    '😀',
  ]
  const seeded = new SeededRandom(20_261_126)
  const random = () => seeded.next()
  for (let i = 0; i < 20_000; i++) {
    const next = Array.from(
      { length: 1 + Math.floor(random() * 8) },
      () => pieces[Math.floor(random() * pieces.length)],
    ).join('')
    const safe = safeNextPath(next)
    expect(new URL(safe, 'https://ark.example/sign-in').origin, JSON.stringify(next)).toBe('https://ark.example')
    expect(safe).toMatch(/^\/(?!\/)/)
    expect(safeNextPath(safe), JSON.stringify(next)).toBe(safe)
  }
})

describe('search params', () => {
  test('pages and route handlers read a query alike', () => {
    const page = { kind: ['added', 'nonsense'], q: 'x', n: '12' }
    const route = new URLSearchParams('kind=added&kind=nonsense&q=x&n=12')
    for (const params of [page, route]) {
      expect(readSomeOf(params, 'kind', ['added', 'removed'])).toEqual(['added'])
      expect(readText(params, 'q')).toBe('x')
      expect(readNumber(params, 'n')).toBe(12)
      expect(readNumber(params, 'q')).toBeUndefined()
      expect(readOneOf(params, 'q', ['y'])).toBeUndefined()
      expect(readText(params, 'missing')).toBe('')
    }
  })
})
