import { describe, expect, it } from 'vitest'
import { findDangers } from './find-dangers.ts'
import type { HealthFacts, ServerFacts } from './health-facts.ts'
import { NO_NUMBERS } from './read-monitor.ts'
import type { ToldSettings } from './told-settings.ts'

const NOW = Date.UTC(2026, 10, 26)
const SERVERS = ['zk1:2181', 'zk2:2181', 'zk3:2181']
const PROPERTIES = {
  'file.encoding': 'UTF-8',
  'java.specification.version': '17',
  'zookeeper.4lw.commands.whitelist': 'srvr, mntr',
}

const server = (index: number, more: Partial<ServerFacts> = {}): ServerFacts => ({
  ...NO_NUMBERS,
  server: SERVERS[index] ?? `zk${index + 1}:2181`,
  ok: true,
  fault: null,
  faultMessage: null,
  gap: null,
  role: index === 0 ? 'leader' : 'follower',
  version: '3.9.5',
  quorumSize: 3,
  outstanding: 0,
  connections: 3,
  openFiles: 50,
  openFilesMax: 1000n,
  digestMismatches: 0,
  sessionsExpired: 0n,
  ...(index === 0 ? { learners: 2, syncedFollowers: 2, syncedNonVoting: 0, syncedObservers: 0 } : {}),
  recent: [],
  ...more,
})

const told = (index: number, more: Partial<ToldSettings> = {}): ToldSettings => ({
  server: SERVERS[index] ?? `zk${index + 1}:2181`,
  url: `http://zk${index + 1}:8080`,
  readAt: new Date(NOW).toISOString(),
  serverId: index + 1,
  clientPort: 2181,
  clientAddress: null,
  properties: PROPERTIES,
  zooCfg: { 'autopurge.purgeInterval': '1' },
  running: { maxClientCnxns: '60' },
  ...more,
})

const member = (id: number, more = {}) => ({ id, host: `zk${id}`, isVoter: true, client: `zk${id}:2181`, ...more })

const SOUND: HealthFacts = {
  nowMs: NOW,
  servers: [server(0), server(1), server(2)],
  members: [member(1), member(2), member(3)],
  settings: [told(0), told(1), told(2)],
  ttlZnodes: { count: 0, takenAt: '2026-11-25T00:00:00.000Z' },
  versionsDifferSinceMs: null,
}

const withServer = (index: number, more: Partial<ServerFacts>): HealthFacts => ({
  ...SOUND,
  servers: SOUND.servers.map((each, i) => (i === index ? { ...each, ...more } : each)),
})
const allServers = (more: Partial<ServerFacts>): HealthFacts => ({
  ...SOUND,
  servers: SOUND.servers.map((each) => ({ ...each, ...more })),
})
const withSettings = (index: number, more: Partial<ToldSettings>): HealthFacts => ({
  ...SOUND,
  settings: SOUND.settings.map((each, i) => (i === index ? { ...each, ...more } : each)),
})
const withProperties = (more: Record<string, string>, indexes = [0, 1, 2]): HealthFacts => ({
  ...SOUND,
  settings: SOUND.settings.map((each, i) =>
    indexes.includes(i) ? { ...each, properties: { ...PROPERTIES, ...more } } : each,
  ),
})
const down = { ok: false, role: null, fault: 'CONNECT_REFUSED', faultMessage: 'it refused the connection' } as const
const waiting = (...counts: number[]) => counts.map((outstanding) => ({ outstanding, sessionsExpired: 0n }))

it('a sound ensemble has no finding, and every rule says that it is well', () => {
  const { findings, checks } = findDangers(SOUND)
  expect(findings).toEqual([])
  expect(checks.filter(({ unknown }) => unknown !== null)).toEqual([])
  expect(checks.length).toBeGreaterThan(20)
})

describe('each danger is found', () => {
  it.each<[string, HealthFacts, string, string, readonly string[]]>([
    ['a server that is down', withServer(2, down), 'server-down', 'danger', ['zk3:2181']],
    [
      'one failure from loss',
      { ...withServer(2, down), servers: [server(0, { syncedFollowers: 1, learners: 1 }), server(1), server(2, down)] },
      'majority',
      'danger',
      [],
    ],
    [
      'no majority',
      {
        ...SOUND,
        servers: [server(0, { ...down }), server(1, { ...down }), server(2, { ...down, fault: 'NOT_SERVING' })],
      },
      'majority',
      'danger',
      [],
    ],
    [
      'two voters',
      {
        ...SOUND,
        members: [member(1), member(2)],
        servers: [server(0, { quorumSize: 2, learners: 1, syncedFollowers: 1 }), server(1, { quorumSize: 2 })],
      },
      'majority',
      'warning',
      [],
    ],
    [
      'a single server',
      { ...SOUND, members: [], servers: [server(0, { role: 'standalone', quorumSize: 0 })] },
      'majority',
      'note',
      ['zk1:2181'],
    ],
    ['a follower that lags', withServer(0, { syncedFollowers: 1 }), 'in-sync', 'warning', ['zk1:2181']],
    ['a digest mismatch', withServer(1, { digestMismatches: 2 }), 'digest-mismatch', 'danger', ['zk2:2181']],
    [
      'requests that pile up',
      withServer(1, { recent: waiting(1, 5, 9, 14, 30) }),
      'outstanding-growing',
      'warning',
      ['zk2:2181'],
    ],
    ['few file descriptors', withServer(1, { openFiles: 810 }), 'open-files', 'warning', ['zk2:2181']],
    ['hardly any file descriptors', withServer(1, { openFiles: 960 }), 'open-files', 'danger', ['zk2:2181']],
    [
      'sessions that expire',
      withServer(1, {
        recent: [
          { outstanding: 0, sessionsExpired: 3n },
          { outstanding: 0, sessionsExpired: 5n },
        ],
      }),
      'sessions-expired',
      'note',
      [],
    ],
    ['mntr not allowed', withServer(1, { gap: 'MNTR_NOT_ALLOWED' }), 'told-in-full', 'note', ['zk2:2181']],
    ['an AdminServer that is silent', withServer(1, { gap: 'ADMIN_FAILED' }), 'told-in-full', 'note', ['zk2:2181']],
    ['CVE-2025-58457', allServers({ version: '3.9.3' }), 'admin-privileges', 'danger', SERVERS],
    ['CVE-2024-51504', allServers({ version: '3.9.2' }), 'admin-forwarded-for', 'warning', SERVERS],
    ['a bare check on 3.8', allServers({ version: '3.8.4' }), 'bare-check', 'warning', SERVERS],
    ['a bare check on 3.9', allServers({ version: '3.9.2' }), 'bare-check', 'warning', SERVERS],
    ['a line that has ended', allServers({ version: '3.7.2' }), 'end-of-life', 'warning', SERVERS],
    ['a line older than any', allServers({ version: '3.3.6' }), 'end-of-life', 'warning', SERVERS],
    [
      'versions mixed for days',
      { ...withServer(1, { version: '3.9.4' }), versionsDifferSinceMs: NOW - 2 * 86_400_000 },
      'mixed-versions',
      'warning',
      SERVERS,
    ],
    [
      'versions mixed for an hour',
      { ...withServer(1, { version: '3.9.4' }), versionsDifferSinceMs: NOW - 3_600_000 },
      'mixed-versions',
      'note',
      SERVERS,
    ],
    [
      'TTL znodes without extended types',
      { ...SOUND, ttlZnodes: { count: 4, takenAt: '2026-11-25T00:00:00.000Z' } },
      'extended-types',
      'danger',
      SERVERS,
    ],
    ['digests mixed', withProperties({ 'zookeeper.digest.enabled': 'false' }, [1]), 'digest-mixed', 'danger', SERVERS],
    ['digests off', withProperties({ 'zookeeper.digest.enabled': 'false' }), 'digest-off', 'note', SERVERS],
    [
      'snapshot.trust.empty',
      withProperties({ 'zookeeper.snapshot.trust.empty': 'true' }, [2]),
      'trust-empty',
      'warning',
      ['zk3:2181'],
    ],
    ['skipACL', withProperties({ 'zookeeper.skipACL': 'yes' }, [0]), 'skip-acl', 'danger', ['zk1:2181']],
    ['forceSync', withProperties({ 'zookeeper.forceSync': 'no' }, [0]), 'force-sync', 'danger', ['zk1:2181']],
    [
      'leaderServes in a large ensemble',
      {
        ...SOUND,
        members: [1, 2, 3, 4, 5].map((id) => member(id)),
        servers: [0, 1, 2, 3, 4].map((i) =>
          server(i, { quorumSize: 5, ...(i === 0 ? { learners: 4, syncedFollowers: 4 } : {}) }),
        ),
        settings: [0, 1, 2, 3, 4].map((i) => told(i)),
      },
      'leader-serves',
      'note',
      ['zk1:2181', 'zk2:2181', 'zk3:2181', 'zk4:2181', 'zk5:2181'],
    ],
    [
      'every word',
      withProperties({ 'zookeeper.4lw.commands.whitelist': '*' }, [1]),
      'all-words',
      'warning',
      ['zk2:2181'],
    ],
    ['jute.maxbuffer mixed', withProperties({ 'jute.maxbuffer': '4194304' }, [1]), 'max-buffer', 'danger', SERVERS],
    ['charsets mixed', withProperties({ 'file.encoding': 'ANSI_X3.4-1968' }, [1]), 'charset-mixed', 'warning', SERVERS],
    [
      'an even number of voters',
      { ...SOUND, members: [1, 2, 3, 4].map((id) => member(id)) },
      'even-voters',
      'warning',
      [],
    ],
    ['one host', { ...SOUND, members: [1, 2, 3].map((id) => member(id, { host: 'zk1' })) }, 'one-host', 'warning', []],
    [
      'connections without limit',
      {
        ...withServer(1, { connections: 5000 }),
        settings: [told(0), told(1, { running: { maxClientCnxns: '0' } }), told(2)],
      },
      'unlimited-connections',
      'warning',
      ['zk2:2181'],
    ],
    ['nothing purges', withSettings(1, { zooCfg: {} }), 'autopurge', 'warning', ['zk2:2181']],
  ])('%s', (_name, facts, rule, severity, servers) => {
    const finding = findDangers(facts).findings.find((each) => each.rule === rule)
    expect(finding).toMatchObject({ severity, servers })
    for (const words of [finding?.title, finding?.evidence, finding?.remedy, finding?.source])
      expect(words).toMatch(/\w/)
  })
})

describe('what is near a danger and is none', () => {
  it.each<[string, HealthFacts, string]>([
    ['3.9.4', allServers({ version: '3.9.4' }), 'admin-privileges'],
    ['3.9.3', allServers({ version: '3.9.3' }), 'admin-forwarded-for'],
    ['3.8.5', allServers({ version: '3.8.5' }), 'bare-check'],
    ['3.9.3', allServers({ version: '3.9.3' }), 'bare-check'],
    ['3.8.0', allServers({ version: '3.8.0' }), 'end-of-life'],
    ['a queue that grows and shrinks', withServer(1, { recent: waiting(20, 30, 25, 40, 50) }), 'outstanding-growing'],
    ['a queue that is short', withServer(1, { recent: waiting(1, 2, 3, 4, 5) }), 'outstanding-growing'],
    [
      'a counter that began anew',
      withServer(1, {
        recent: [
          { outstanding: 0, sessionsExpired: 9n },
          { outstanding: 0, sessionsExpired: 0n },
        ],
      }),
      'sessions-expired',
    ],
    ['exactly four fifths', withServer(1, { openFiles: 800 }), 'open-files'],
    [
      'no limit of connections and few of them',
      withSettings(1, { running: { maxClientCnxns: '0' } }),
      'unlimited-connections',
    ],
    [
      'TTL znodes with extended types',
      {
        ...withProperties({ 'zookeeper.extendedTypesEnabled': 'true' }),
        ttlZnodes: { count: 4, takenAt: '2026-11-25T00:00:00.000Z' },
      },
      'extended-types',
    ],
    [
      'Java 18 in any locale',
      withProperties({ 'file.encoding': 'ANSI_X3.4-1968', 'java.specification.version': '21' }, [1]),
      'charset-mixed',
    ],
    [
      'an observer beside three voters',
      { ...SOUND, members: [...(SOUND.members ?? []), member(4, { isVoter: false })] },
      'even-voters',
    ],
  ])('%s: %#', (_name, facts, rule) => {
    const { findings, checks } = findDangers(facts)
    expect(findings.filter((each) => each.rule === rule)).toEqual([])
    expect(checks.find((each) => each.rule === rule)).toMatchObject({ unknown: null })
  })
})

describe('what is not told is not good', () => {
  const silent: HealthFacts = {
    ...SOUND,
    servers: [0, 1, 2].map((i) => server(i, { ...NO_NUMBERS, role: i === 0 ? 'leader' : 'follower' })),
    members: null,
    settings: [],
    ttlZnodes: null,
  }
  it.each([
    'majority',
    'in-sync',
    'digest-mismatch',
    'outstanding-growing',
    'open-files',
    'sessions-expired',
    'admin-privileges',
    'bare-check',
    'end-of-life',
    'mixed-versions',
    'extended-types',
    'digest-mixed',
    'trust-empty',
    'skip-acl',
    'force-sync',
    'all-words',
    'max-buffer',
    'even-voters',
    'unlimited-connections',
    'autopurge',
  ])('%s', (rule) => {
    const check = findDangers(silent).checks.find((each) => each.rule === rule)
    expect(check?.unknown).toMatch(/\w/)
  })

  it('one silent server is enough', () => {
    expect(
      findDangers(withSettings(1, { properties: null })).checks.find(({ rule }) => rule === 'skip-acl')?.unknown,
    ).toContain('zk2:2181')
  })

  it('members whose addresses nobody knows do not make an alarm when the leader counts them', () => {
    const one = { ...SOUND, servers: [server(0)] }
    const { findings, checks } = findDangers(one)
    expect(findings.filter(({ rule }) => rule === 'majority')).toEqual([])
    expect(checks.find(({ rule }) => rule === 'majority')?.unknown).toBeNull()
    const follower = { ...SOUND, servers: [server(1)] }
    expect(findDangers(follower).checks.find(({ rule }) => rule === 'majority')?.unknown).toContain('1 of 3')
  })
})

it('the worst comes first', () => {
  const facts = { ...withServer(1, { gap: 'MNTR_NOT_ALLOWED', digestMismatches: 1, openFiles: 850 }) }
  expect(findDangers(facts).findings.map(({ severity }) => severity)).toEqual(['danger', 'warning', 'note'])
})
