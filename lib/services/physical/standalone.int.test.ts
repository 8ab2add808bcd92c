import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import { createLocalMachine } from '../../adapters/members/local-machine.ts'
import type { MemberMachine } from '../../adapters/members/member-machine.ts'
import type { ClusterConnection } from '../../adapters/zookeeper/connection.ts'
import { createZooKeeper } from '../../adapters/zookeeper/zookeeper.ts'
import { OPEN_ACL } from '../../domain/znode/acl.ts'
import { catalogServerFiles } from '../../testing/archive-of-server.ts'
import { type ControlledServers, createControlledServers } from '../../testing/controlled-servers.ts'
import { LiveTree } from '../../testing/live-tree.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addTestPeople, workOffJobs } from '../../testing/work-off-jobs.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import { armCluster } from '../clusters/arm-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { getJob } from '../jobs/get-job.ts'
import { retryJob } from '../jobs/retry-job.ts'
import { createPhysical, recheckPhysical } from './create-physical.ts'
import { replaceFiles } from './execute-physical.ts'
import { getPhysical } from './get-physical.ts'
import { readJournal, standOf } from './journal.ts'
import { hashPlan } from './plan-physical.ts'
import { confirmPhysical, resumePhysical, undoPhysical } from './start-physical.ts'

const CLUSTER = 'files-demo'
const ADMIN_ACL = [
  { perms: 31, scheme: 'digest', id: 'user:tzqNeMNdPTWSmZJzJfe8wLvLPxM=' },
  { perms: 1, scheme: 'world', id: 'anyone' },
]

let rig: ControlledServers
let services: TestServices
let context: ServiceContext
let clusterId = ''
let client: ClusterConnection
let tree: LiveTree
let backupId = ''
/** What the machine does before each of its verbs; a test puts a failure there. */
let before: (verb: string) => void = () => undefined

beforeAll(async () => {
  rig = await createControlledServers({ cluster: CLUSTER, size: 1, separateLogs: true })
  await rig.startAll()
  services = await createTestServices({
    zookeeper: createZooKeeper(),
    archives: createFileArchives(),
    members: rig.members,
    machine: faulty(createLocalMachine()),
  })
  await addTestPeople(services)
  context = services.contextFor('admin')
  clusterId = (await addCluster(context, { name: CLUSTER, connectString: rig.connectString })).id
  await armCluster(context, { clusterId, minutes: 60, reason: 'test' })
  await connectAnew()
  await tree.create('/app', '{"a":1}')
  await tree.create('/app/null', null)
  await tree.create('/app/empty', '')
  await tree.create('/app/ünï ✓', Buffer.from([0, 255, 1]))
  await tree.create('/app/secret', 's', ADMIN_ACL)
  await make('/app/session', 'ephemeral')
  await make('/box', 'container')
  await make('/box/one')
  await make('/ttl', 'ttl', 86_400_000)
  await tree.create('/seq')
  for (let i = 0; i < 5; i++) await make('/seq/n-', 'persistent', undefined, true)
  await tree.remove('/seq/n-0000000002')
  // A restart makes the server write all of it into one snapshot.
  await rig.stopAll()
  await rig.startAll()
  backupId = await catalogServerFiles(context, { id: clusterId, name: CLUSTER }, rig.servers)
}, 120_000)
afterAll(async () => {
  await client?.close()
  await services?.close()
  await rig?.remove()
})

async function connectAnew(): Promise<void> {
  await client?.close()
  client = await createZooKeeper().connect({ connectString: rig.connectString, sessionTimeoutMs: 40_000 })
  tree = new LiveTree(client)
}

async function make(
  path: string,
  kind: 'persistent' | 'ephemeral' | 'container' | 'ttl' = 'persistent',
  ttlMs?: number,
  sequential = false,
): Promise<string> {
  const made = await client.create({ path, data: Buffer.from('x'), acl: OPEN_ACL, kind, ttlMs, sequential })
  if (made.kind !== 'done') throw new Error(`${path}: ${made.kind}`)
  return made.path
}

function faulty(machine: MemberMachine): MemberMachine {
  const guard =
    <Input extends unknown[], T>(verb: string, work: (...input: Input) => Promise<T>) =>
    async (...input: Input) => {
      before(verb)
      return work(...input)
    }
  return {
    inspect: machine.inspect,
    liveness: machine.liveness,
    run: guard('run', machine.run),
    bring: guard('bring', machine.bring),
    moveAside: guard('moveAside', machine.moveAside),
    place: guard('place', machine.place),
    moveBack: guard('moveBack', machine.moveBack),
  }
}

async function check(): Promise<string> {
  const { physicalId, jobId } = await createPhysical(context, { backupId, way: 'worker' })
  await workOffJobs(services)
  expect(await getJob(context, jobId)).toMatchObject({ state: 'succeeded', error: null })
  return physicalId
}

async function confirm(physicalId: string) {
  const { planHash } = await getPhysical(context, physicalId)
  await confirmPhysical(context, { physicalId, planHash: planHash ?? '', typedName: CLUSTER, reason: 'a test' })
  await workOffJobs(services)
  return getPhysical(context, physicalId)
}

async function breakThings(): Promise<void> {
  await tree.set('/app', '{"a":2}')
  await tree.remove('/app/null')
  await tree.remove('/ttl')
  await tree.create('/later', 'l')
  for (let i = 0; i < 3; i++) await make('/seq/n-', 'persistent', undefined, true)
}

const find = async (path: string) => {
  const reading = await client.get(path)
  return reading.kind === 'found' ? reading.znode : null
}

const liveFiles = async () => {
  const { dataDir, dataLogDir } = rig.members[0]!
  const list = async (dir: string) => (await readdir(join(dir, 'version-2'))).sort()
  return { data: await list(dataDir), logs: await list(dataLogDir) }
}

describe('a standalone server', () => {
  it('gets the files of a backup, serves exactly them, and gets its old ones back', async () => {
    const czxid = (await find('/app'))?.stat.czxid
    await breakThings()
    const zxidBefore = client.lastZxidSeen()
    const filesBefore = await liveFiles()
    const physicalId = await check()
    const checked = await getPhysical(context, physicalId)
    expect(checked.plan?.findings.filter(({ level }) => level === 'blocker')).toEqual([])
    expect(checked).toMatchObject({ state: 'checked', plan: { kind: 'standalone', fileName: 'snapshot.100000000' } })
    expect(checked.plan?.findings.map(({ code, level }) => `${code} ${level}`)).toEqual(
      expect.arrayContaining(['zxid ok', 'scope ok', 'state ok', 'ttl warning', 'layout ok', 'owner ok', 'space ok']),
    )

    const done = await confirm(physicalId)
    expect(done).toMatchObject({ state: 'succeeded', error: null, members: [{ stand: 'placed', isServing: true }] })
    expect(done.report).toMatchObject({ differenceCount: 0, expired: 0 })
    const now = await liveFiles()
    expect(now.data).toContain('snapshot.100000000')
    expect(now.data.filter((name) => filesBefore.data.includes(name) && name.startsWith('snapshot.'))).toEqual([])
    const aside = checked.plan?.asideFolder ?? ''
    const { dataDir, dataLogDir } = rig.members[0]!
    expect((await readdir(join(dataDir, aside))).sort()).toEqual(
      filesBefore.data.filter((name) => /^snapshot/.test(name)),
    )
    expect((await readdir(join(dataLogDir, aside))).sort()).toEqual(
      filesBefore.logs.filter((name) => /^log/.test(name)),
    )

    // The client that has seen more than the backup holds goes on with its session, and its ephemeral is its own.
    expect((await find('/app'))?.data).toEqual(Buffer.from('{"a":1}'))
    expect((await find('/app'))?.stat.czxid).toBe(czxid)
    expect(client.lastZxidSeen()).toBeGreaterThan(zxidBefore)
    expect((await find('/app/session'))?.stat.ephemeralOwner).toBe(client.sessionId)
    expect((await find('/app/null'))?.data).toBeNull()
    expect((await find('/app/empty'))?.data).toHaveLength(0)
    expect((await find('/app/ünï ✓'))?.data).toEqual(Buffer.from([0, 255, 1]))
    expect((await find('/app/secret'))?.acl).toEqual([{ ...ADMIN_ACL[0], id: 'user:x' }, ADMIN_ACL[1]])
    expect(await find('/later')).toBeNull()
    expect(await make('/seq/n-', 'persistent', undefined, true)).toBe('/seq/n-0000000005')

    await undoPhysical(context, { physicalId, typedName: CLUSTER, reason: 'back' })
    await workOffJobs(services)
    expect(await getPhysical(context, physicalId)).toMatchObject({ state: 'undone', members: [{ stand: 'back' }] })
    expect((await liveFiles()).data).toEqual(expect.arrayContaining(filesBefore.data))
    // The undo goes back below what the old client has seen: only a new one is let in.
    await connectAnew()
    expect((await find('/later'))?.data).toEqual(Buffer.from('l'))
    expect((await find('/app'))?.data).toEqual(Buffer.from('{"a":2}'))
    expect(await readdir(join(dataDir, `${aside}-undone`))).toContain('snapshot.100000000')
  }, 120_000)

  it('keeps the kinds that no client can see', async () => {
    const physicalId = await check()
    expect(await confirm(physicalId)).toMatchObject({ state: 'succeeded' })
    await rig.stopAll()
    await rig.startAll()
    const dir = join(rig.members[0]!.dataDir, 'version-2')
    const [newest = ''] = (await readdir(dir))
      .filter((name) => name.startsWith('snapshot.'))
      .sort()
      .reverse()
    const native = await createFileArchives().openNative(join(dir, newest))
    const kinds = await Promise.all(['/box', '/ttl', '/app'].map((path) => native.reader.get(path)))
    await native.reader.close()
    expect(kinds.map((reading) => reading.kind === 'found' && [reading.znode.kind, reading.znode.ttlMs])).toEqual([
      ['container', null],
      ['ttl', 86_400_000],
      ['persistent', null],
    ])
    await connectAnew()
  }, 120_000)

  it('is left alone when its stop command lies', async () => {
    const files = await liveFiles()
    const pid = rig.servers[0]!.pid()
    const lying = { ...rig.members[0]!, stop: [process.execPath, '-e', 'console.log("stopped")'] }
    const body = async function* () {
      yield Buffer.from('never placed')
    }
    const file = {
      name: 'snapshot.1',
      bytes: 12,
      sha256: createHash('sha256').update('never placed').digest('hex'),
      body,
    }
    const run = replaceFiles(context, {
      dir: join(rig.dir, 'work'),
      tls: null,
      kind: 'standalone',
      members: [lying],
      fileZxid: 1n << 60n,
      file,
      asideFolder: 'aside',
      limits: { downMs: 1000 },
      now: context.clock.now,
      say: () => undefined,
      assertOwned: () => undefined,
    })
    await expect(run).rejects.toMatchObject({ code: 'MEMBER_STILL_UP', unaffected: 'none of its files was moved' })
    expect(await liveFiles()).toEqual(files)
    expect(rig.servers[0]!.pid()).toBe(pid)
    expect(standOf(await readJournal(join(rig.dir, 'work')), 'zk1')).toBe('untouched')
  }, 60_000)

  it('is started again on its files when something fails before the first was moved', async () => {
    await tree.create('/again', 'a')
    const physicalId = await check()
    const pidBefore = rig.servers[0]!.pid()
    // The server goes on past the chosen zxid between the check and the stop: only the look at its disk shows it.
    const plan = lowered((await getPhysical(context, physicalId)).plan)
    await context.db.physicalRestore.update({ where: { id: physicalId }, data: { plan } })
    // A stored plan that is not the one that was confirmed stops nothing.
    expect(await confirm(physicalId)).toMatchObject({ state: 'failed', error: { code: 'PLAN_CHANGED' } })
    expect(rig.servers[0]!.pid()).toBe(pidBefore)
    await context.db.physicalRestore.update({ where: { id: physicalId }, data: { planHash: hashPlan(plan) } })
    await resumePhysical(context, physicalId)
    await workOffJobs(services)
    const done = await getPhysical(context, physicalId)
    expect(done).toMatchObject({ state: 'failed', error: { code: 'ZXID_MOVED' }, members: [{ stand: 'untouched' }] })
    expect(rig.servers[0]!.pid()).not.toBeNull()
    expect(rig.servers[0]!.pid()).not.toBe(pidBefore)
    expect((await find('/again'))?.data).toEqual(Buffer.from('a'))
    await expect(recheckPhysical(context, physicalId)).rejects.toMatchObject({ code: 'WRONG_STATE' })
  }, 120_000)

  it('goes on where a crash left it, at every place', async () => {
    for (const verb of ['moveAside', 'place', 'start'] as const) {
      await tree.set('/app', `{"crash":"${verb}"}`)
      const physicalId = await check()
      let commands = 0
      before = (at) => {
        if (at === 'run') commands++
        if (at === verb || (verb === 'start' && at === 'run' && commands === 2))
          throw new Error(`the power fails at ${verb}`)
      }
      const cut = await confirm(physicalId)
      expect(cut, verb).toMatchObject({ state: 'failed' })
      expect(cut.members[0]?.stand, verb).toBe({ moveAside: 'moving', place: 'aside', start: 'placed' }[verb])
      expect(rig.servers[0]!.pid(), verb).toBeNull()
      before = () => undefined
      if (verb === 'place') {
        const second = await check()
        const { planHash } = await getPhysical(context, second)
        const input = { physicalId: second, planHash: planHash ?? '', typedName: CLUSTER, reason: 'second hand' }
        await expect(confirmPhysical(context, input)).rejects.toMatchObject({ code: 'WRONG_STATE' })
      }
      await resumePhysical(context, physicalId)
      await workOffJobs(services)
      const done = await getPhysical(context, physicalId)
      expect(done, verb).toMatchObject({ state: 'succeeded', members: [{ stand: 'placed', isServing: true }] })
      // A session that is younger than the backup is not known to it.
      await connectAnew()
      expect((await find('/app'))?.data, verb).toEqual(Buffer.from('{"a":1}'))
    }
  }, 180_000)

  it('keeps its old files when the run that was taken back is tried again from the list of jobs', async () => {
    const physicalId = await check()
    before = (verb) => {
      if (verb === 'place') throw new Error('the power fails')
    }
    await confirm(physicalId)
    before = () => undefined
    const cut = await context.db.job.findFirstOrThrow({
      where: { subjectId: physicalId, state: 'failed' },
      select: { id: true },
    })
    await undoPhysical(context, { physicalId, typedName: CLUSTER, reason: 'back' })
    await workOffJobs(services)
    const [files, pid] = [await liveFiles(), rig.servers[0]!.pid()]
    await expect(retryJob(context, cut.id)).rejects.toMatchObject({ code: 'WRONG_STATE' })
    await workOffJobs(services)
    expect(await getPhysical(context, physicalId)).toMatchObject({ state: 'undone', error: null })
    expect(await liveFiles()).toEqual(files)
    expect(rig.servers[0]!.pid()).toBe(pid)
    await connectAnew()
  }, 120_000)

  it('has none of its files moved when something has started it again since it was seen down', async () => {
    await tree.create('/started-again', 's')
    const files = await liveFiles()
    const machine = createLocalMachine()
    let looks = 0
    const supervised: MemberMachine = {
      ...machine,
      // The look for all servers together has just been passed when the last one of them is up again.
      inspect: async (member) => {
        const disk = await machine.inspect(member)
        if (looks++ === 0) await rig.startAll()
        return disk
      },
    }
    const body = async function* () {
      yield Buffer.from('never placed')
    }
    const sha256 = createHash('sha256').update('never placed').digest('hex')
    const run = replaceFiles(
      { ...context, machine: supervised },
      {
        dir: join(rig.dir, 'supervised'),
        tls: null,
        kind: 'standalone',
        members: rig.members,
        fileZxid: 1n << 60n,
        file: { name: 'snapshot.1', bytes: 12, sha256, body },
        asideFolder: 'aside',
        now: context.clock.now,
        say: () => undefined,
        assertOwned: () => undefined,
      },
    )
    await expect(run).rejects.toMatchObject({ code: 'MEMBER_STILL_UP', unaffected: 'none of its files was moved' })
    expect(standOf(await readJournal(join(rig.dir, 'supervised')), 'zk1')).toBe('untouched')
    const now = await liveFiles()
    expect(now.data).toEqual(expect.arrayContaining(files.data))
    expect(now.logs).toEqual(expect.arrayContaining(files.logs))
    await connectAnew()
    expect(await find('/started-again')).not.toBeNull()
  }, 120_000)

  it('is on record from the check to the undo', async () => {
    const entries = (await services.readAudit()).filter(({ action }) => action.startsWith('physical-restore.'))
    const seen = new Set(entries.map(({ action, outcome }) => `${action} ${outcome}`))
    for (const each of ['check ok', 'confirm ok', 'run started', 'run ok', 'run failed', 'undo ok', 'undo started']) {
      expect(seen).toContain(`physical-restore.${each}`)
    }
    const operator = services.contextFor('operator')
    await expect(createPhysical(operator, { backupId, way: 'worker' })).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })
})

function lowered<T extends { fileZxid: string } | null>(plan: T) {
  if (plan === null) throw new Error('no plan')
  return JSON.parse(JSON.stringify({ ...plan, fileZxid: '0x2' }))
}
