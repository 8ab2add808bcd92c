import { describe, expect, it } from 'vitest'
import type { UnpackedSnapshot } from '../../adapters/archive/store.ts'
import type { MemberDisk } from '../../adapters/members/member-machine.ts'
import type { Manifest } from '../../domain/snapshot/manifest.ts'
import { chooseFileZxid } from './choose-zxid.ts'
import type { AdminServerFacts, MemberFacts, PhysicalFacts } from './facts.ts'
import { parseConfiguredServers } from './parse-voters.ts'
import { hashPlan, planPhysical } from './plan-physical.ts'
import { runbookOf } from './runbook.ts'
import { parseServerLines, physicalOptionsSchema } from './schemas.ts'

const MANIFEST: Manifest = {
  schema: 1,
  arkeeper: '0',
  id: 'a',
  cluster: { name: 'orders', connectString: null, chroot: '/' },
  source: 'files',
  zookeeperVersion: '3.8.0',
  status: 'complete',
  scope: { paths: ['/'], kind: 'subtrees' },
  zxid: '0x200000005',
  consistency: { class: 'exact', proof: 'quiet', from: '0x200000005', to: '0x200000005', moved: [] },
  fidelity: {
    persistent: 4,
    ephemeral: 0,
    container: 0,
    ttl: 0,
    unknownKind: 0,
    unreadable: [],
    maskedAcl: [],
    sequenceCounters: 0,
  },
  znodes: 4,
  dataBytes: 10,
  digest: null,
  takenAtMs: 0,
  durationMs: 0,
  files: [],
}

const ARCHIVE: UnpackedSnapshot = {
  manifest: MANIFEST,
  bytes: 1000,
  sha256: 'ab'.repeat(32),
  largestDataBytes: 10,
  largestPath: '/a',
  sessions: 0,
  byKind: { persistent: 4, ephemeral: 0, container: 0, ttl: 0 },
}

const DISK: MemberDisk = {
  snapshots: ['snapshot.0', 'snapshot.200000001'],
  logs: ['log.200000001'],
  misplaced: [],
  lastZxid: 0x200000009n,
  currentEpoch: 2,
  acceptedEpoch: 2,
  myid: '1',
  owner: { uid: 109, gid: 115 },
  freeBytes: 1n << 40n,
  self: { uid: 0, gid: 0 },
  fault: null,
}

function memberOf(id: number, disk: Partial<MemberDisk> = {}): MemberFacts {
  return {
    member: {
      cluster: 'orders',
      name: `zk${id}`,
      dataDir: '/data',
      dataLogDir: '/data',
      client: `zk${id}:2181`,
      adminUrl: null,
      stop: ['systemctl', 'stop', 'zookeeper'],
      start: ['systemctl', 'start', 'zookeeper'],
      owner: { uid: 109, gid: 115 },
    },
    disk: { ...DISK, myid: String(id), ...disk },
    fault: null,
    liveness: { kind: 'up', message: '' },
  }
}

function adminOf(id: number, changes: Partial<AdminServerFacts> = {}): AdminServerFacts {
  return {
    url: `http://zk${id}:8080`,
    error: null,
    version: '3.9.4',
    state: id === 1 ? 'leader' : 'follower',
    zxid: null,
    serverId: String(id),
    clientPort: 2181,
    dataDir: null,
    dataLogDir: null,
    extendedTypes: null,
    juteMaxBuffer: null,
    ...changes,
  }
}

const OPTIONS = physicalOptionsSchema.parse({
  servers: [],
  dataDir: '/var/lib/zookeeper',
  dataLogDir: '',
  owner: 'zookeeper:zookeeper',
  stop: 'stop',
  start: 'start',
  freshServers: false,
  fileZxid: '',
})

const VOTERS = parseConfiguredServers(
  [1, 2, 3].map((id) => `server.${id}=zk${id}:2888:3888:participant;0.0.0.0:2181`).join('\n'),
)

function factsOf(changes: Partial<PhysicalFacts> = {}): PhysicalFacts {
  return {
    way: 'worker',
    options: OPTIONS,
    archive: ARCHIVE,
    clusterName: 'orders',
    clusterChroot: '/',
    statuses: [],
    configured: VOTERS,
    configuredFrom: 'live',
    members: [memberOf(1), memberOf(2), memberOf(3)],
    admins: [],
    asideFolder: 'arkeeper-moved-aside-T',
    ...changes,
  }
}

const STANDALONE = { configured: [], configuredFrom: null }
const alone = (disk: Partial<MemberDisk> = {}) =>
  factsOf({ ...STANDALONE, members: [memberOf(1, { currentEpoch: null, acceptedEpoch: null, myid: null, ...disk })] })

const archiveWith = (changes: Partial<Manifest>, more: Partial<UnpackedSnapshot> = {}) =>
  factsOf({ archive: { ...ARCHIVE, ...more, manifest: { ...MANIFEST, ...changes } } })

const blockersIn = (facts: PhysicalFacts) =>
  planPhysical(facts)
    .findings.filter(({ level }) => level === 'blocker')
    .map(({ code }) => code)
const levelOf = (facts: PhysicalFacts, code: string) =>
  planPhysical(facts)
    .findings.filter((finding) => finding.code === code)
    .map(({ level }) => level)

describe('the check before files are replaced', () => {
  it('lets a whole, exact backup go to an ensemble whose voters are all covered, under its own zxid', () => {
    const plan = planPhysical(factsOf())
    expect(plan.findings.filter(({ level }) => level === 'blocker')).toEqual([])
    expect(plan).toMatchObject({ kind: 'ensemble', fileName: 'snapshot.200000005', lastSeenZxid: '0x200000009' })
    expect(plan.servers.map(({ owner, stop }) => [owner, stop])).toEqual(
      [1, 2, 3].map(() => ['109:115', 'systemctl stop zookeeper']),
    )
  })

  it('binds a confirmation to what was shown', () => {
    expect(hashPlan(planPhysical(factsOf()))).toBe(hashPlan(planPhysical(factsOf())))
    expect(hashPlan(planPhysical(factsOf({ asideFolder: 'other' })))).not.toBe(hashPlan(planPhysical(factsOf())))
  })

  it.each<[string, PhysicalFacts, string]>([
    ['a part of the tree', archiveWith({ scope: { paths: ['/app'], kind: 'subtrees' } }), 'scope'],
    ['the tree below a chroot', archiveWith({ cluster: { ...MANIFEST.cluster, chroot: '/x' } }), 'chroot'],
    ['a cluster used below a chroot', factsOf({ clusterChroot: '/x' }), 'chroot'],
    ['a partial backup', archiveWith({ status: 'partial' }), 'complete'],
    ['a voter that nobody covers', factsOf({ members: [memberOf(1), memberOf(2)] }), 'voters'],
    ['no member', factsOf({ ...STANDALONE, members: [] }), 'members'],
    [
      'epochs below that of the file',
      factsOf({ members: [1, 2, 3].map((id) => memberOf(id, { currentEpoch: 1 })) }),
      'epochs',
    ],
    [
      'one epoch file of two',
      factsOf({ members: [memberOf(1), memberOf(2), memberOf(3, { acceptedEpoch: null })] }),
      'epochs',
    ],
    ['no myid', factsOf({ members: [memberOf(1), memberOf(2), memberOf(3, { myid: null })] }), 'myid'],
    ['logs that lie elsewhere', alone({ logs: [] }), 'layout'],
    ['a mount point', alone({ fault: '/data/version-2 is a mount point' }), 'layout'],
    ['files of the other kind', alone({ misplaced: ['/logs/version-2/snapshot.1'] }), 'misplaced'],
    ['too little space', alone({ freeBytes: 10n }), 'space'],
    ['files of another user', alone({ owner: { uid: 5, gid: 5 } }), 'owner'],
    ['an owner that only root can make', alone({ self: { uid: 1000, gid: 1000 } }), 'owner'],
  ])('refuses %s', (_what, facts, code) => {
    expect(blockersIn(facts)).toContain(code)
  })

  it('lets a fuzzy backup through to who types that it is one', () => {
    const facts = archiveWith({ consistency: { class: 'fuzzy', from: '0x1', to: '0x5', moved: [] } })
    expect(blockersIn(facts)).toEqual([])
    expect(planPhysical(facts).findings.find(({ code }) => code === 'state')?.phrase).toBe('not one state')
  })

  it('raises the name above all that clients of a standalone server have seen', () => {
    const plan = planPhysical(alone())
    expect(plan).toMatchObject({ kind: 'standalone', fileZxid: '0x300000000', fileName: 'snapshot.300000000' })
    expect(levelOf(alone(), 'zxid')).toEqual(['ok'])
    const asked = { ...alone(), options: { ...OPTIONS, fileZxid: '0x200000007' } }
    expect(blockersIn(asked)).toContain('zxid')
    expect(blockersIn({ ...alone(), options: { ...OPTIONS, fileZxid: '0x1' } })).toContain('zxid')
  })

  it('judges TTL znodes by what the servers say of themselves', () => {
    const archive = { ...ARCHIVE, byKind: { ...ARCHIVE.byKind, ttl: 2 } }
    const admin = (extendedTypes: boolean | null) => adminOf(1, { extendedTypes })
    expect(levelOf(factsOf({ archive }), 'ttl')).toEqual(['warning'])
    expect(levelOf(factsOf({ archive, admins: [admin(true)] }), 'ttl')).toEqual(['ok'])
    expect(levelOf(factsOf({ archive, admins: [admin(false)] }), 'ttl')).toEqual(['blocker'])
    const moved = { ...admin(true), dataLogDir: '/logs' }
    expect(blockersIn(factsOf({ admins: [moved] }))).toContain('layout')
  })

  it('warns of values beyond jute.maxbuffer', () => {
    expect(levelOf(archiveWith({}, { largestDataBytes: 2_000_000 }), 'size')).toEqual(['warning'])
  })
})

describe('a runbook', () => {
  const servers = parseServerLines('zk1:2181\n\nzk2:2181 /d/zk/version-2 /l\nzk3:2181')
  const facts = factsOf({ way: 'runbook', members: [], options: { ...OPTIONS, servers } })

  it('covers the voters by the hosts of the servers that are named', () => {
    expect(blockersIn(facts)).toEqual([])
    expect(levelOf(facts, 'voters')).toEqual(['ok'])
    const two = { ...facts, options: { ...OPTIONS, servers: servers.slice(0, 2) } }
    expect(blockersIn(two)).toEqual(['voters'])
    expect(planPhysical(facts).servers[1]).toMatchObject({ dataDir: '/d/zk', dataLogDir: '/l' })
  })

  it('gives new machines, which have no epochs to keep, a name above everything', () => {
    const fresh = { ...facts, options: { ...OPTIONS, servers, freshServers: true } }
    expect(planPhysical(fresh).fileZxid).toBe('0x300000000')
  })
})

describe('a restore through AdminServers', () => {
  const through = (admins: readonly AdminServerFacts[], more: Partial<PhysicalFacts> = {}) =>
    factsOf({ way: 'admin', members: [], admins, ...more })
  const three = [adminOf(1), adminOf(2), adminOf(3)]

  it('goes to every server of an ensemble of 3.9, and says what it costs', () => {
    const plan = planPhysical(through(three))
    expect(plan.findings.filter(({ level }) => level === 'blocker')).toEqual([])
    expect(plan.findings.filter(({ level }) => level === 'warning').map(({ code }) => code)).toEqual(
      expect.arrayContaining(['sessions', 'memory', 'zxid']),
    )
    expect(plan.servers.map(({ client, isMember }) => [client, isMember])).toEqual(
      [1, 2, 3].map((id) => [`zk${id}:2181`, false]),
    )
    // People restart what Arkeeper has no commands for: the leader last.
    expect(runbookOf(plan).map(({ server }) => server)).toEqual(['zk2:2181', 'zk3:2181', 'zk1:2181'])
    expect(planPhysical(through(three, { members: [memberOf(1)] })).servers[0]).toMatchObject({
      name: 'zk1',
      isMember: true,
    })
  })

  it.each<[string, readonly AdminServerFacts[], string]>([
    ['no AdminServer', [], 'admins'],
    ['an older server', [adminOf(1), adminOf(2, { version: '3.8.4' }), adminOf(3)], 'admins'],
    ['one that does not answer', [adminOf(1), adminOf(2), adminOf(3, { error: 'refused' })], 'admins'],
    ['fewer than there are servers', [adminOf(1), adminOf(2)], 'voters'],
  ])('is refused with %s', (_what, admins, code) => {
    expect(blockersIn(through(admins))).toContain(code)
  })
})

describe('the zxid in the name', () => {
  it.each([
    ['standalone', 5n, null, false, 5n],
    ['standalone', 5n, 5n, false, 5n],
    ['standalone', 5n, 6n, false, 1n << 32n],
    ['standalone', (4n << 32n) + 1n, (4n << 32n) + 9n, false, 5n << 32n],
    ['ensemble', 5n, 1n << 34n, true, 5n],
    ['ensemble', 5n, null, false, 1n << 32n],
  ] as const)('%s, backup %d, seen %d, epoch files %s', (kind, archiveZxid, lastSeen, hasEpochFiles, expected) => {
    expect(chooseFileZxid({ kind, archiveZxid, lastSeen, hasEpochFiles, asked: null })).toBe(expected)
  })
})
