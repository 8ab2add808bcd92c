import { execFile } from 'node:child_process'
import { chmod, copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Member } from '../../adapters/members/members.ts'
import { createZooKeeper } from '../../adapters/zookeeper/zookeeper.ts'
import { ADLER_START, adler32 } from '../../domain/snapshot/adler32.ts'
import { OPEN_ACL } from '../../domain/znode/acl.ts'
import { createTestServices } from '../../testing/service-context.ts'
import { findClasspath, findFreePort, startZooKeeper, type ZooKeeperServer } from '../../testing/zookeeper-server.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import { getClusterStatus } from '../clusters/get-cluster-status.ts'
import { setAdminServers } from '../clusters/set-admin-servers.ts'
import { getRetention } from './get-retention.ts'
import { readMemberFiles } from './read-member-files.ts'
import type { MemberRetentionView, RetentionView } from './views.ts'

const run = promisify(execFile)
const SNAP_COUNT = 20
const WRITES = 130

let server: ZooKeeperServer
let adminUrl = ''
let dir = ''

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-retention-'))
  const adminPort = await findFreePort()
  adminUrl = `http://127.0.0.1:${adminPort}`
  server = await startZooKeeper({
    config: {
      'admin.enableServer': 'true',
      'admin.serverPort': String(adminPort),
      'admin.serverAddress': '127.0.0.1',
      snapCount: String(SNAP_COUNT),
      preAllocSize: '64',
      'autopurge.snapRetainCount': '4',
      // Off, so that the test decides when a purge runs.
      'autopurge.purgeInterval': '0',
    },
  })
  await write(server, WRITES)
  // The server writes its last snapshot beside answering: until it is whole, the directory is not what the tests compare with.
  await vi.waitFor(
    async () => {
      const [member] = (await read([memberAt(server.dataDir, { adminUrl })])).members
      const { snapshots, logs } = directoryOf(member)
      const [snapshot, before] = [snapshots.shown[0], logs.shown[1]]
      expect(member?.admin?.ok && member.admin.lastSnapshot?.zxid).toBe(snapshot?.zxid)
      expect(snapshots.shown.every(({ isValid }) => isValid)).toBe(true)
      // One is begun with each log, and called by what the tree held then, which may be some transactions behind the log.
      expect(BigInt(snapshot?.zxid ?? '0x0')).toBeGreaterThan(BigInt(before?.zxid ?? '0x0'))
    },
    { timeout: 60_000, interval: 100 },
  )
})
afterAll(async () => {
  await server?.stop()
  await rm(dir, { recursive: true, force: true })
})

describe('a member whose directory is here', () => {
  it('shows its files, the settings that the server told, and the rate that its logs tell', async () => {
    const { members, advisor } = await read([memberAt(server.dataDir, { adminUrl })])
    const [member] = members
    expect(member?.settings).toMatchObject({
      snapCount: { value: SNAP_COUNT, source: 'server' },
      preAllocKb: { value: 64, source: 'server' },
      purgeIntervalHours: { value: 0, source: 'zoo.cfg' },
      snapRetainCount: { value: 4, source: 'zoo.cfg' },
    })
    const directory = directoryOf(member)
    expect(directory.snapshots.count).toBeGreaterThan(5)
    expect(directory.snapshots.shown.every(({ isValid }) => isValid)).toBe(true)
    // One session, one znode and its versions; the last session's end is logged as well.
    expect(advisor.rate).toMatchObject({ txns: WRITES + 3, changes: WRITES + 1, isPartial: false })
    expect(directory.logs.shown.map(({ measured }) => measured?.txns ?? 0).reduce((a, b) => a + b, 0)).toBe(WRITES + 3)
    // A log is rolled at the trigger: each that is complete lies between the ends that are told. The first began at the start.
    const { min, max } = member?.trigger.txns ?? { min: 0, max: 0 }
    expect([min, max]).toEqual([11, 20])
    for (const log of directory.logs.shown.slice(1)) {
      expect(log.measured?.txns, log.name).toBeGreaterThanOrEqual(min)
      expect(log.measured?.txns, log.name).toBeLessThanOrEqual(max)
      expect(log.diskBytes, log.name).toBeLessThan(log.sizeBytes)
      expect(log.lastZxid, log.name).toBe(before(directory.logs.shown, log.name))
    }
    expect(advisor.losses.map(({ kind }) => kind)).toEqual(['client', 'admin', 'files'])
    expect(advisor.losses[0]?.mean.whenAllIsLost.timeMs).toBe(3_600_000)
    expect(member?.admin).toMatchObject({ ok: true, digestMismatches: 0, isOneDirectory: true, state: 'standalone' })
    const newest = directory.snapshots.shown[0]
    expect(member?.admin?.ok && member.admin.lastSnapshot?.zxid).toBe(newest?.zxid)
    expect(member?.admin?.ok && member.admin.snapshotDirBytes).toBeGreaterThan(0)
  })

  it('would lose to a purge exactly what ZooKeeper’s own purge deletes', async () => {
    for (const [name, plant] of Object.entries(PLANTS)) {
      const copy = join(dir, name)
      await cp(join(server.dataDir, 'version-2'), join(copy, 'version-2'), { recursive: true })
      await plant(join(copy, 'version-2'))
      const { members } = await read([memberAt(copy, { adminUrl })])
      const directory = directoryOf(members[0])
      const files = [...directory.snapshots.shown, ...directory.logs.shown]
      const kept = files.filter(({ fate }) => fate !== 'purged').map((file) => file.name)
      expect(kept.length, name).toBeLessThan(files.length)
      await purge(copy, 4)
      const left = (await readdir(join(copy, 'version-2'))).filter((file) => /^(snapshot|log)\./.test(file))
      expect(kept.sort(), name).toEqual(left.sort())
    }
  })

  it('with a log directory of its own is purged in both, and tells what lies in the wrong one', async () => {
    const [dataDir, dataLogDir] = [join(dir, 'split-data'), join(dir, 'split-logs')]
    for (const [target, prefix] of [
      [dataDir, 'snapshot.'],
      [dataLogDir, 'log.'],
    ] as const) {
      await mkdir(join(target, 'version-2'), { recursive: true })
      for (const name of await readdir(join(server.dataDir, 'version-2'))) {
        if (name.startsWith(prefix)) {
          await copyFile(join(server.dataDir, 'version-2', name), join(target, 'version-2', name))
        }
      }
    }
    const directory = directoryOf((await read([memberAt(dataDir, { dataLogDir, adminUrl })])).members[0])
    expect(directory.misplaced).toEqual([])
    const files = [...directory.snapshots.shown, ...directory.logs.shown]
    const kept = files.filter(({ fate }) => fate !== 'purged').map(({ name }) => name)
    await purge(dataDir, 4, dataLogDir)
    const left = [dataDir, dataLogDir].map((folder) => readdir(join(folder, 'version-2')))
    expect(kept.sort()).toEqual((await Promise.all(left)).flat().sort())
    await writeFile(join(dataLogDir, 'version-2', 'snapshot.1'), '')
    const after = directoryOf((await read([memberAt(dataDir, { dataLogDir })])).members[0])
    expect(after.misplaced).toEqual([join(dataLogDir, 'version-2', 'snapshot.1')])
  })

  it('with files that were parked beside the live ones says so', async () => {
    const copy = join(dir, 'parked-files')
    await cp(join(server.dataDir, 'version-2'), join(copy, 'version-2'), { recursive: true })
    await PLANTS.parked(join(copy, 'version-2'))
    const directory = directoryOf((await read([memberAt(copy)])).members[0])
    expect(directory.parked).toHaveLength(3)
    expect(directory.parked).toContain('log.old')
  })

  it('tells assumed defaults, a missing directory and missing rights apart', async () => {
    const locked = join(dir, 'locked')
    await mkdir(join(locked, 'version-2'), { recursive: true })
    await chmod(join(locked, 'version-2'), 0o000)
    const { members } = await read([
      memberAt(server.dataDir),
      memberAt(join(dir, 'nowhere'), { name: 'gone' }),
      memberAt(locked, { name: 'locked' }),
    ])
    expect(members[0]?.settings.snapCount).toEqual({ value: 100_000, source: 'default' })
    expect(members[1]?.directory).toMatchObject({ kind: 'fault', fault: { code: 'MEMBER_DIR_MISSING' } })
    if (process.getuid?.() !== 0) {
      expect(members[2]?.directory).toMatchObject({ kind: 'fault', fault: { code: 'MEMBER_DIR_DENIED' } })
    } else {
      await chmod(dir, 0o711)
      await asNobody(() =>
        expect(readMemberFiles(memberAt(locked))).rejects.toMatchObject({ code: 'MEMBER_DIR_DENIED' }),
      )
    }
    await chmod(join(locked, 'version-2'), 0o700)
  })
})

describe('a member known by its AdminServer alone', () => {
  it('tells settings and sizes, and that is all', async () => {
    const services = await createTestServices({ zookeeper: createZooKeeper() })
    try {
      const context = services.contextFor('admin')
      const { id } = await addCluster(context, { name: 'Orders', connectString: server.connectString })
      const closed = `http://127.0.0.1:${await findFreePort()}`
      await setAdminServers(context, { clusterId: id, urls: [adminUrl, closed], auth: { kind: 'none' } })
      const { members, advisor } = await getRetention(context, { clusterId: id, everyMinutes: 5 })
      expect(members.map(({ directory }) => directory.kind)).toEqual(['none', 'none'])
      expect(members[0]).toMatchObject({ name: adminUrl, admin: { ok: true }, settings: { snapCount: { value: 20 } } })
      expect(members[1]?.admin).toMatchObject({ ok: false, fault: { code: 'ADMIN_UNREACHABLE' } })
      expect(advisor).toMatchObject({ everyMinutes: 5, rate: null, losses: [] })
    } finally {
      await services.close()
    }
  })
})

describe('a size limit below one preallocation', () => {
  it('is exceeded by the padding of an empty log, so that every transaction begins another one', async () => {
    const odd = await startZooKeeper({ config: { snapSizeLimitInKb: '64', preAllocSize: '64' } })
    try {
      await write(odd, 10)
      const { members } = await read([memberAt(odd.dataDir)])
      const sizes = directoryOf(members[0]).logs.shown.map(({ measured }) => measured?.txns)
      expect(sizes.length).toBeGreaterThan(10)
      expect(new Set(sizes)).toEqual(new Set([1]))
    } finally {
      await odd.stop()
    }
  })
})

describe('a server whose tree is not what its snapshot says', () => {
  it('is an alarm here and with the status of the cluster', async () => {
    const dataDir = join(dir, 'odd')
    const first = await startZooKeeper({ dataDir })
    await write(first, 3)
    await first.stop()
    // At its start a server writes a snapshot of everything, whose digest is that of the file's own tree.
    await (await startZooKeeper({ dataDir })).stop()
    const version2 = join(dataDir, 'version-2')
    await falsifyDigest(join(version2, (await listFiles(version2)).snapshots.at(-1) ?? ''))
    const port = await findFreePort()
    const config = {
      'admin.enableServer': 'true',
      'admin.serverPort': String(port),
      'admin.serverAddress': '127.0.0.1',
    }
    const odd = await startZooKeeper({ dataDir, config })
    const member = memberAt(dataDir, { adminUrl: `http://127.0.0.1:${port}` })
    const services = await createTestServices({ members: [member], zookeeper: createZooKeeper() })
    try {
      const context = services.contextFor('admin')
      const { id } = await addCluster(context, { name: 'Orders', connectString: odd.connectString })
      const { members } = await getRetention(context, { clusterId: id })
      expect(members[0]?.admin).toMatchObject({ ok: true, digestMismatches: 1 })
      expect(await getClusterStatus(context, id)).toMatchObject({
        state: 'up',
        alarms: [{ server: 'zk1', kind: 'digest', text: expect.stringContaining('once') }],
      })
    } finally {
      await services.close()
      await odd.stop()
    }
  })
})

/** Root may read everything, so that a test run by root steps down for a moment. */
async function asNobody(work: () => Promise<void>): Promise<void> {
  process.seteuid?.(65_534)
  try {
    await work()
  } finally {
    process.seteuid?.(0)
  }
}

/** The tree's digest in the last block of a snapshot of 3.6 to 3.8, with the seal behind it set right again. */
async function falsifyDigest(file: string): Promise<void> {
  const bytes = await readFile(file)
  const seal = bytes.length - 13
  const at = seal - 8
  bytes.writeBigInt64BE(bytes.readBigInt64BE(at) ^ 1n, at)
  bytes.writeBigInt64BE(BigInt(adler32(ADLER_START, bytes, 0, seal)), seal)
  await writeFile(file, bytes)
}

/** Ways in which a real directory differs from a tidy one. */
const PLANTS = {
  tidy: async () => undefined,
  parked: async (version2: string) => {
    const { snapshots, logs } = await listFiles(version2)
    const [newest, oldLog] = [snapshots.at(-1) ?? '', logs[0] ?? '']
    await copyFile(join(version2, newest), join(version2, `${newest}.bak`))
    await copyFile(join(version2, oldLog), join(version2, `${oldLog}.old`))
    await copyFile(join(version2, oldLog), join(version2, 'log.old'))
  },
  damaged: async (version2: string) => {
    const { snapshots } = await listFiles(version2)
    const [newest, second] = [snapshots.at(-1) ?? '', snapshots.at(-2) ?? '']
    const bytes = await readFile(join(version2, newest))
    await writeFile(join(version2, newest), bytes.subarray(0, bytes.length - 1))
    await writeFile(join(version2, second), 'short')
    await writeFile(join(version2, 'snapshot.ffff.gz'), 'no gzip')
  },
} satisfies Record<string, (version2: string) => Promise<unknown>>

async function listFiles(version2: string) {
  const zxid = (name: string) => Number.parseInt(name.split('.')[1] ?? '', 16)
  const names = (await readdir(version2)).sort((a, b) => zxid(a) - zxid(b))
  return {
    snapshots: names.filter((name) => name.startsWith('snapshot.')),
    logs: names.filter((name) => name.startsWith('log.')),
  }
}

async function purge(dataDir: string, count: number, dataLogDir = dataDir): Promise<void> {
  const main = 'org.apache.zookeeper.server.PurgeTxnLog'
  await run('java', ['-cp', await findClasspath(), main, dataLogDir, dataDir, '-n', String(count)])
}

async function write(target: ZooKeeperServer, writes: number): Promise<void> {
  const connection = await createZooKeeper().connect({ connectString: target.connectString })
  try {
    const path = '/counter'
    const created = { op: 'create' as const, path, data: Buffer.from('0'), acl: OPEN_ACL, kind: 'persistent' as const }
    await connection.multi([{ ...created, ttlMs: null }])
    for (let version = 0; version < writes; version++) {
      await connection.multi([{ op: 'setData', path, data: Buffer.from(String(version)), version }])
    }
  } finally {
    await connection.close()
  }
}

function memberAt(dataDir: string, more: Partial<Member> = {}): Member {
  return {
    cluster: 'Orders',
    name: 'zk1',
    dataDir,
    dataLogDir: dataDir,
    client: null,
    adminUrl: null,
    stop: null,
    start: null,
    owner: null,
    ...more,
  }
}

async function read(members: readonly Member[]): Promise<RetentionView> {
  const services = await createTestServices({ members })
  try {
    const { id } = await addCluster(services.contextFor('admin'), { name: 'Orders', connectString: '127.0.0.1:1' })
    return await getRetention(services.contextFor('viewer'), { clusterId: id })
  } finally {
    await services.close()
  }
}

function directoryOf(member: MemberRetentionView | undefined) {
  if (member?.directory.kind !== 'read') throw new Error(`not read: ${JSON.stringify(member?.directory)}`)
  return member.directory
}

/** The zxid before the one that the next newer log begins with. */
function before(logs: readonly { readonly name: string; readonly zxid: string | null }[], name: string): string {
  const newer = logs[logs.findIndex((log) => log.name === name) - 1]
  return `0x${(BigInt(newer?.zxid ?? '0x0') - 1n).toString(16)}`
}
