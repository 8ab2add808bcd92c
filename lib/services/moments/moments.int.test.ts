import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import type { Member } from '../../adapters/members/members.ts'
import type { ClusterConnection } from '../../adapters/zookeeper/connection.ts'
import { createZooKeeper } from '../../adapters/zookeeper/zookeeper.ts'
import { formatHex64 } from '../../base/hex64.ts'
import { copyStat } from '../../domain/snapshot/record.ts'
import { joinPath } from '../../domain/znode/path.ts'
import type { Znode } from '../../domain/znode/znode.ts'
import { LiveTree } from '../../testing/live-tree.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addTestPeople, workOffJobs } from '../../testing/work-off-jobs.ts'
import { collectZnodes } from '../../testing/znode-builder.ts'
import { startZooKeeper, type ZooKeeperServer } from '../../testing/zookeeper-server.ts'
import { getBackup } from '../backups/get-backup.ts'
import { startBackup } from '../backups/start-backup.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import { armCluster } from '../clusters/arm-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { getDiff } from '../diffs/get-diff.ts'
import { startDiff } from '../diffs/start-diff.ts'
import { getJob } from '../jobs/get-job.ts'
import { archiveLogs } from '../logs/archive-logs.ts'
import { confirmRestore } from '../restores/confirm-restore.ts'
import { createRestore } from '../restores/create-restore.ts'
import { getRestore } from '../restores/get-restore.ts'
import { getZnode } from '../tree/get-znode.ts'
import { openTree } from '../tree/open-tree.ts'
import { formatTreeRef } from '../tree/tree-ref.ts'
import { getTimeTravel } from './get-time-travel.ts'
import { momentReadersOf, openMoment } from './open-moment.ts'
import { saveMoment } from './save-moment.ts'
import { startPrepare } from './start-prepare.ts'

const SLOW = 60_000

let server: ZooKeeperServer
let client: ClusterConnection
let tree: LiveTree
let services: TestServices
let context: ServiceContext
let clusterId = ''

beforeAll(async () => {
  // Small numbers, so that the server begins many logs and snapshots.
  server = await startZooKeeper({ config: { snapCount: '20' }, javaProperties: { 'zookeeper.preAllocSize': '16' } })
})
afterAll(() => server?.stop())
beforeEach(async () => {
  // One for each test: sessions that a client keeps for reading end by themselves later, which would be another transaction.
  client = await createZooKeeper().connect({ connectString: server.connectString })
  tree = new LiveTree(client)
  await open()
})
afterEach(async () => {
  await services.close()
  await tree.clear()
  await client.close()
})

async function open(chroot = '') {
  const member: Member = {
    cluster: 'orders',
    name: 'zk1',
    dataDir: server.dataDir,
    dataLogDir: server.dataDir,
    client: null,
    adminUrl: null,
    stop: null,
    start: null,
    owner: null,
  }
  services = await createTestServices({
    zookeeper: createZooKeeper(),
    archives: createFileArchives(),
    members: [member],
  })
  await addTestPeople(services)
  context = services.contextFor('admin')
  const connectString = `${server.connectString}${chroot}`
  clusterId = (await addCluster(context, { name: 'orders', connectString })).id
}

interface Noted {
  readonly zxid: string
  readonly atMs: number
  readonly znodes: readonly unknown[]
}

/** What a client reads now, and the transaction that it is after. One by one: a walk would begin sessions, which are transactions too. */
async function note(reader: ClusterConnection = client): Promise<Noted> {
  const znodes: Znode[] = []
  const read = async (path: string) => {
    const reading = await reader.get(path)
    if (reading.kind !== 'found') throw new Error(`${path} is ${reading.kind}`)
    znodes.push(reading.znode)
    for (const name of await new LiveTree(reader).namesOf(path))
      if (joinPath(path, name) !== '/zookeeper') await read(joinPath(path, name))
  }
  await read('/')
  return { zxid: formatHex64(await client.sync('/')), atMs: Date.now(), znodes: znodes.map(comparable) }
}

// A client cannot see kinds.
const comparable = ({ path, data, acl, stat }: Znode) => ({
  path,
  data: data === null ? null : Buffer.from(data).toString('hex'),
  acl,
  stat: copyStat(stat),
})

async function readMoment(zxid: string) {
  const opened = await openTree(context, { kind: 'moment', clusterId, zxid })
  try {
    const znodes = await collectZnodes(opened.reader.readSubtree('/'))
    return { znodes: znodes.map(comparable), kinds: [...new Set(znodes.map(({ kind }) => kind))] }
  } finally {
    await opened.release()
  }
}

async function backUp() {
  const { jobId } = await startBackup(context, { clusterId, paths: [] })
  await workOffJobs(services)
  const job = await getJob(context, jobId)
  expect(job).toMatchObject({ state: 'succeeded', error: null })
  return getBackup(context, job.subjectId ?? '')
}

let purgedLog = 0

/** Deletes what the server wrote, but for the log that is open. */
async function purge() {
  const dir = join(server.dataDir, 'version-2')
  const list = async (prefix: string) => {
    const zxids = (await readdir(dir)).flatMap((name) =>
      name.startsWith(prefix) ? [Number.parseInt(name.slice(prefix.length), 16)] : [],
    )
    return zxids.sort((a, b) => a - b)
  }
  // With each new log the server begins a snapshot: one that came later would be a base again.
  const newest = (await list('log.')).at(-1) ?? 0
  if (newest !== purgedLog)
    await expect.poll(async () => (await list('snapshot.')).at(-1), { timeout: 60_000 }).toBeGreaterThan(newest - 5)
  purgedLog = newest
  for (const zxid of (await list('log.')).filter((each) => each < newest))
    await rm(join(dir, `log.${zxid.toString(16)}`))
  for (const zxid of await list('snapshot.')) await rm(join(dir, `snapshot.${zxid.toString(16)}`))
}

const travel = (pick: { at?: string; zxid?: string } = {}) =>
  getTimeTravel(context, { clusterId, at: pick.at ?? '', zxid: pick.zxid ?? '' })
const churn = async (prefix: string, times: number) => {
  for (let i = 0; i < times; i++) await tree.create(`/${prefix}${i}`)
}

describe('a moment', () => {
  it(
    'is compared with the live tree, and a restore from it brings a deleted subtree back',
    async () => {
      await tree.create('/app')
      await tree.create('/app/config', 'kept')
      await tree.create('/app/config/deep', null)
      const { zxid } = await note()
      await tree.remove('/app')
      await archiveLogs(context, clusterId)
      const ref = formatTreeRef({ kind: 'moment', clusterId, zxid })

      const { diffId } = await startDiff(context, { left: ref, right: `live:${clusterId}` })
      await workOffJobs(services)
      const diff = await getDiff(context, diffId)
      expect(diff).toMatchObject({
        state: 'ready',
        leftLabel: `orders as of ${zxid}`,
        summary: { removed: 3, added: 0, changed: 0 },
      })

      await armCluster(context, { clusterId, minutes: 15, reason: 'test' })
      const selection = { kind: 'subtree', path: '/app' } as const
      const { restoreId } = await createRestore(context, { clusterId, source: ref, selection })
      await workOffJobs(services)
      const { plan } = await getRestore(context, restoreId)
      await confirmRestore(context, { restoreId, planHash: plan?.hash ?? '', typedName: 'orders', reason: 'a test' })
      await workOffJobs(services)
      expect(await getRestore(context, restoreId)).toMatchObject({ state: 'succeeded' })
      expect(await tree.text('/app/config')).toBe('kept')
      expect(await tree.text('/app/config/deep')).toBeNull()
    },
    SLOW,
  )

  it(
    'is relative to the chroot of its cluster',
    async () => {
      await tree.create('/x-chroot')
      await services.close()
      await open('/x-chroot')
      const inside = await createZooKeeper().connect({ connectString: `${server.connectString}/x-chroot` })
      try {
        await new LiveTree(inside).create('/mine', 'yes')
        const noted = await note(inside)
        await new LiveTree(inside).set('/mine', 'no')
        await archiveLogs(context, clusterId)
        expect((await readMoment(noted.zxid)).znodes).toEqual(noted.znodes)
      } finally {
        await inside.close()
      }
    },
    SLOW,
  )

  it(
    'is what a client read then, byte for byte, after the server has purged its own files',
    async () => {
      await tree.create('/app', 'one')
      await backUp()
      const noted: Noted[] = []
      for (let round = 0; round < 4; round++) {
        await tree.set('/app', `round ${round}`)
        await churn(`r${round}-`, 12)
        if (round > 0) await tree.remove(`/r${round - 1}-0`)
        await tree.setAcl(`/r${round}-1`, [{ perms: 31, scheme: 'ip', id: '127.0.0.1' }])
        noted.push(await note())
        if (round === 1) await archiveLogs(context, clusterId)
      }
      await archiveLogs(context, clusterId)
      await purge()
      for (const { zxid, znodes } of noted) {
        const read = await readMoment(zxid)
        expect(read.znodes).toEqual(znodes)
        // The walk of a client could not tell them; the digest proves them.
        expect(read.kinds).toEqual(['persistent'])
        const { moment } = await travel({ zxid })
        expect(moment).toMatchObject({
          kind: 'ready',
          moment: { zxid },
          proof: { zxid, exact: true, digest: 'match', kindsKnown: true, base: { name: /^backup of/ }, problems: [] },
        })
      }
    },
    SLOW,
  )

  it(
    'is found by its time and by its zxid, and what is out of reach is told with the range',
    async () => {
      await backUp()
      await tree.create('/early')
      const early = await note()
      await tree.create('/late')
      await archiveLogs(context, clusterId)
      // Not archived yet: read from the member itself.
      await tree.create('/latest')
      const latest = await note()
      const { line } = await travel()
      expect(line.ranges.at(-1)).toMatchObject({ to: latest.zxid, unreachable: null })
      const stop = line.stops.find(({ zxid }) => zxid === early.zxid)
      expect((await travel({ at: stop?.at.replace('Z', '') ?? '' })).moment?.moment.zxid).toBe(early.zxid)
      expect((await travel({ at: new Date(latest.atMs + 60_000).toISOString() })).moment?.moment.zxid).toBe(latest.zxid)
      const found = await getZnode(context, { ref: { kind: 'moment', clusterId, zxid: early.zxid }, path: '/late' })
      expect(found.kind).toBe('missing')
      for (const pick of [{ at: '1999-01-01 00:00' }, { zxid: '0x7fffffff' }]) {
        expect((await travel(pick)).pickError).toMatchObject({
          code: 'OUT_OF_REACH',
          message: expect.stringContaining(latest.zxid),
        })
      }
      for (const pick of [{ at: '2026-02-31 10:00' }, { at: 'yesterday' }, { zxid: 'xyz' }]) {
        expect((await travel(pick)).pickError?.code).toBe('INVALID_INPUT')
      }
    },
    SLOW,
  )

  it(
    'behind a gap cannot be reached, which is told; a backup behind it makes it reachable again',
    async () => {
      await backUp()
      await tree.create('/before')
      const before = await note()
      await archiveLogs(context, clusterId)
      await churn('gone', 90)
      await purge()
      await tree.create('/behind')
      const behind = await note()
      const { gaps } = await archiveLogs(context, clusterId)
      expect(gaps).toHaveLength(1)
      // A snapshot that the server has begun meanwhile would be a base behind the gap.
      await purge()

      expect((await readMoment(before.zxid)).znodes).toEqual(before.znodes)
      const { line, moment } = await travel({ zxid: behind.zxid })
      expect(moment).toMatchObject({
        kind: 'failed',
        error: { code: 'LOG_GAP', message: expect.stringContaining(formatHex64(gaps[0]!.after)) },
      })
      expect(line.ranges.at(-1)).toMatchObject({
        from: formatHex64(gaps[0]!.after + 1n),
        unreachable: expect.stringContaining(formatHex64(gaps[0]!.before)),
      })
      const inside = await travel({ zxid: formatHex64(gaps[0]!.after + 2n) })
      expect(inside.pickError).toMatchObject({ code: 'OUT_OF_REACH' })
      // What is missing may have happened before that time.
      const first = line.stops.find(({ zxid }) => zxid === formatHex64(gaps[0]!.before))
      const between = await travel({ at: new Date(Date.parse(first?.at ?? '') - 1).toISOString() })
      expect(between.pickError).toMatchObject({
        code: 'OUT_OF_REACH',
        remedy: expect.stringContaining(formatHex64(gaps[0]!.after)),
      })

      await backUp()
      await tree.create('/after')
      const after = await note()
      await archiveLogs(context, clusterId)
      expect((await readMoment(after.zxid)).znodes).toEqual(after.znodes)
      expect((await travel()).line.ranges.map(({ unreachable }) => unreachable === null)).toEqual(
        expect.arrayContaining([true, false, true]),
      )
    },
    SLOW,
  )

  it(
    'becomes a backup that is dated then and says how it is proved, and others start from it',
    async () => {
      await backUp()
      await tree.create('/app', 'then')
      const { zxid, znodes } = await note()
      await tree.set('/app', 'now')
      await archiveLogs(context, clusterId)
      const { jobId } = await saveMoment(context, { clusterId, zxid, note: 'as it was' })
      await workOffJobs(services)
      const job = await getJob(context, jobId)
      expect(job).toMatchObject({ state: 'succeeded', title: `Save orders at ${zxid} as a backup` })
      const backup = await getBackup(context, job.subjectId ?? '')
      const { moment } = await travel({ zxid })
      expect(backup).toMatchObject({
        zxid,
        source: 'files',
        consistency: 'exact',
        proof: 'digest',
        status: 'complete',
        note: 'as it was',
        takenAt: moment?.moment.at,
      })
      expect((await readMoment(zxid)).znodes).toEqual(znodes)
      await purge()
      await archiveLogs(context, clusterId)
      // Anew, because what is open is kept: the new backup goes before the walk of a client.
      await momentReadersOf(context.archives).dropAll()
      expect((await readMoment(zxid)).znodes).toEqual(znodes)
      expect((await travel({ zxid })).moment).toMatchObject({ proof: { base: { zxid }, applied: 0, exact: true } })
    },
    SLOW,
  )

  it(
    'can be had from the members while a piece of the archive is damaged, which is told',
    async () => {
      await backUp()
      await tree.create('/app', 'then')
      await churn('d', 20)
      const { zxid, znodes } = await note()
      await archiveLogs(context, clusterId)
      const logs = join(context.paths.storeDir, 'orders', 'logs')
      const piece = (await readdir(logs)).find((name) => name.endsWith('.gz')) ?? ''
      const bytes = await readFile(join(logs, piece))
      bytes.fill(0xff, bytes.length - 200, bytes.length - 100)
      await writeFile(join(logs, piece), bytes)
      expect((await readMoment(zxid)).znodes).toEqual(znodes)
      const opened = await openMoment(context, { clusterId, zxid: BigInt(zxid) })
      await opened.close()
      expect(opened.proof).toMatchObject({ exact: true, digest: 'match' })
      expect(opened.proof.problems).toContainEqual(expect.stringContaining('could not be followed'))
    },
    SLOW,
  )

  it(
    'that takes long is made by a job, and opened from there',
    async () => {
      await backUp()
      await tree.create('/app', 'then')
      const { zxid, znodes } = await note()
      await archiveLogs(context, clusterId)
      // As if everything were large: a request would have to wait for it.
      const { archives } = context
      const huge: ServiceContext = {
        ...context,
        archives: {
          ...archives,
          memberSnapshots: async (dir) =>
            (await archives.memberSnapshots(dir)).map((base) => ({ ...base, bytes: 1 << 30 })),
          archiveBase: async (dir) => ({ ...(await archives.archiveBase(dir)), bytes: 1 << 30 }),
        },
      }
      const look = async () => (await getTimeTravel(huge, { clusterId, at: '', zxid })).moment
      expect(await look()).toMatchObject({ kind: 'large', jobId: null })
      await expect(openTree(huge, { kind: 'moment', clusterId, zxid })).rejects.toMatchObject({ code: 'NOT_PREPARED' })
      const first = await startPrepare(services.contextFor('viewer'), { clusterId, zxid })
      expect(await look()).toMatchObject({ kind: 'large', jobId: first.jobId })
      expect(await startPrepare(context, { clusterId, zxid }), 'not twice').toEqual(first)
      await workOffJobs(services)
      expect(await getJob(context, first.jobId)).toMatchObject({ state: 'succeeded', error: null })
      expect(await look()).toMatchObject({ kind: 'ready', proof: { exact: true, digest: 'match' } })
      // Nothing else is left to make it from.
      await purge()
      await rm(join(context.paths.storeDir, 'orders'), { recursive: true, force: true })
      expect((await readMoment(zxid)).znodes).toEqual(znodes)
    },
    SLOW,
  )
})
