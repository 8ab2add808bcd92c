import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import type { ClusterConnection } from '../../adapters/zookeeper/connection.ts'
import { createZooKeeper } from '../../adapters/zookeeper/zookeeper.ts'
import { mapPath } from '../../domain/restore/map-paths.ts'
import { isWithin } from '../../domain/znode/path.ts'
import { LiveTree } from '../../testing/live-tree.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addTestPeople, workOffJobs } from '../../testing/work-off-jobs.ts'
import { findCachedVersions, startZooKeeper, type ZooKeeperServer } from '../../testing/zookeeper-server.ts'
import { decideApproval } from '../approvals/decide-approval.ts'
import { requestApproval } from '../approvals/request-approval.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import { armCluster } from '../clusters/arm-cluster.ts'
import { disarmCluster } from '../clusters/disarm-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { getRestore } from '../restores/get-restore.ts'
import { confirmMigration } from './confirm-migration.ts'
import { createMigration } from './create-migration.ts'
import { getMigration, getProofFile, listMigrations } from './get-migration.ts'
import { getSourceClients } from './get-source-clients.ts'
import { runDueMigrations } from './run-due-migrations.ts'
import type { CreateMigrationInput } from './schemas.ts'
import { finishMigration, followAgain, goOnWithMigration, startSwitch, stopMigration } from './steer-migration.ts'
import type { MigrationView } from './views.ts'

const NEWEST = findCachedVersions().find(({ version, cached }) => cached && version.startsWith('3.9'))?.version
const EVERY_SECONDS = 30
/** The worker acts for nobody by itself. */
const CLOCK = { kind: 'system', id: null, name: 'schedule', role: 'admin' } as const
const AUTH = { kind: 'digest', username: 'other', password: 'pw' } as const

let from: ZooKeeperServer
let to: ZooKeeperServer
let sourceClient: ClusterConnection
let targetClient: ClusterConnection
let source: LiveTree
let target: LiveTree
let services: TestServices
let context: ServiceContext
let sourceId = ''
let targetId = ''

const connect = (server: ZooKeeperServer) =>
  createZooKeeper().connect({ connectString: server.connectString, auth: [{ scheme: 'digest', id: 'other:pw' }] })

beforeAll(async () => {
  const started = await Promise.all([startZooKeeper(), startZooKeeper(NEWEST ? { version: NEWEST } : {})])
  from = started[0]
  to = started[1]
  sourceClient = await connect(from)
  targetClient = await connect(to)
  source = new LiveTree(sourceClient)
  target = new LiveTree(targetClient)
})
afterAll(async () => {
  await sourceClient?.close()
  await targetClient?.close()
  await Promise.all([from?.stop(), to?.stop()])
})
beforeEach(async () => {
  services = await createTestServices({ zookeeper: createZooKeeper(), archives: createFileArchives() })
  await addTestPeople(services)
  context = services.contextFor('operator')
  const admin = services.contextFor('admin')
  sourceId = (await addCluster(admin, { name: 'old', connectString: from.connectString, auth: AUTH })).id
  targetId = (await addCluster(admin, { name: 'new', connectString: to.connectString, auth: AUTH })).id
  await armCluster(context, { clusterId: targetId, minutes: 60, reason: 'test' })
  await source.fill('/app', 20)
  await source.create('/app/null', null)
  await source.create('/app/empty', '')
  await source.create('/app/guarded', 'secret', [{ perms: 31, scheme: 'auth', id: '' }])
})
afterEach(async () => {
  await services.close()
  await source.clear()
  await target.clear()
})

/** The worker, until only people or the clock can move things. */
async function work(migrationId: string): Promise<MigrationView> {
  for (let turn = 0; turn < 60; turn++) {
    while (await runDueMigrations({ ...services.contextFor('admin'), actor: CLOCK }, 'test')) {
      // Each turn is one step.
    }
    const ran = await workOffJobs(services)
    const row = await context.db.migration.findUniqueOrThrow({ where: { id: migrationId } })
    const waitsForClock = row.nextRunAt !== null && row.nextRunAt.getTime() > context.clock.now() + 1_000
    if (ran === 0 && (row.nextRunAt === null || waitsForClock || (row.waiting !== null && turn > 2)))
      return getMigration(context, migrationId)
    services.clock.advance(1_000)
  }
  throw new Error(`the migration does not come to rest: ${JSON.stringify(await getMigration(context, migrationId))}`)
}

async function nextRound(migrationId: string): Promise<MigrationView> {
  services.clock.advance(EVERY_SECONDS * 1000)
  return work(migrationId)
}

async function check(input: Partial<CreateMigrationInput> = {}): Promise<MigrationView> {
  const { migrationId } = await createMigration(context, { sourceId, targetId, everySeconds: EVERY_SECONDS, ...input })
  return work(migrationId)
}

async function confirm({ id, plan }: MigrationView): Promise<MigrationView> {
  await confirmMigration(context, {
    migrationId: id,
    planHash: plan?.hash ?? '',
    typedName: 'new',
    reason: 'moving house',
    dangersRead: true,
  })
  return work(id)
}

async function approve(restoreId: string): Promise<void> {
  const planHash = (await getRestore(context, restoreId)).plan?.hash ?? ''
  const asked = { subjectKind: 'restore', subjectId: restoreId, planHash, typedName: 'new', reason: 'a round' } as const
  const { approvalId } = await requestApproval(context, asked)
  await decideApproval(services.contextFor('admin'), { approvalId, planHash, decision: 'approve' })
}

/** What an independent client reads, one znode after the other: data with null apart from empty, and ACLs. Ephemerals by name only. */
async function readAll(client: ClusterConnection, root: string, as: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  const visit = async (path: string): Promise<void> => {
    const reading = await client.get(path)
    if (reading.kind !== 'found') throw new Error(`${path} is ${reading.kind}`)
    const { data, acl, kind } = reading.znode
    const value = data === null ? 'null' : `bytes ${Buffer.from(data).toString('hex')}`
    if (kind !== 'ephemeral') found[mapPath(path, root, as)] = `${value} ${JSON.stringify(acl)}`
    const page = await client.listChildren(path, { limit: 1000 })
    if (page.kind !== 'page') return
    for (const { name } of page.children) {
      const child = path === '/' ? `/${name}` : `${path}/${name}`
      if (!isWithin(child, '/zookeeper')) await visit(child)
    }
  }
  await visit(root)
  return found
}

async function expectEqualTrees(): Promise<void> {
  expect(await readAll(targetClient, '/', '/')).toEqual(await readAll(sourceClient, '/', '/'))
}

describe('a migration', () => {
  it('copies, follows a source that is written to, and is done when a comparison of a still source finds nothing', async () => {
    await target.create('/left-over', 'of before')
    await sourceClient.create({
      path: '/app/lock',
      data: Buffer.from('mine'),
      acl: [{ perms: 31, scheme: 'world', id: 'anyone' }],
      kind: 'ephemeral',
    })
    const checked = await check()
    expect(checked).toMatchObject({ state: 'checked', canConfirm: { ok: true }, plan: { creates: 24, deletes: 1 } })
    expect(await target.namesOf('/app')).toEqual([])
    await expect(
      confirmMigration(context, {
        migrationId: checked.id,
        planHash: checked.plan?.hash ?? '',
        typedName: 'old',
        reason: 'x',
      }),
    ).rejects.toMatchObject({ code: 'CONFIRMATION_MISMATCH' })

    const copied = await confirm(checked)
    expect(copied).toMatchObject({ state: 'following', confirmedByName: 'operator one' })
    await expectEqualTrees()
    await source.set('/app/n000001', 'changed')
    await source.remove('/app/n000002')
    await source.create('/app/n000003/below', 'new')
    const followed = await nextRound(copied.id)
    expect(followed.rounds.find(({ differences }) => differences === 3)).toMatchObject({ applied: 3, verified: true })
    await expectEqualTrees()
    // Idle rounds leave one line, and no restores of nothing.
    await nextRound(copied.id)
    const idle = await nextRound(copied.id)
    expect(idle.rounds[0]).toMatchObject({ differences: 0, restoreId: null })
    expect(idle.rounds[0]?.repeats).toBeGreaterThan(1)
    expect(await context.db.restore.count()).toBe(2)

    await startSwitch(context, copied.id)
    const clients = await getSourceClients(context, copied.id)
    expect(clients.ephemerals).toMatchObject([{ path: '/app/lock' }])
    // A writer that nobody has stopped: it moves the zxid with every answer that the comparison waits for.
    let stopped = false
    const writer = (async () => {
      for (let i = 0; !stopped; i++) await source.set('/app/empty', `write ${i}`)
    })()
    await finishMigration(context, copied.id)
    const busy = await work(copied.id).finally(() => {
      stopped = true
    })
    await writer
    expect(busy).toMatchObject({ state: 'switching', isFinishing: false, canFinish: { ok: true } })
    expect(busy.proof?.ok ?? false).toBe(false)

    await source.set('/app/empty', '')
    await finishMigration(context, copied.id)
    const done = await work(copied.id)
    expect(done).toMatchObject({
      state: 'done',
      proof: { ok: true, still: true, added: 0, removed: 0, changed: 0, compared: 25, unreadable: 0, ephemerals: 1 },
    })
    await expectEqualTrees()
    expect(await target.find('/app/lock')).toBeNull()
    expect(JSON.parse(await getProofFile(context, copied.id))).toMatchObject({ state: 'done', proof: { ok: true } })
    const audit = await services.readAudit()
    expect(audit.filter(({ action, outcome }) => action === 'restore.run' && outcome === 'ok').length).toBeGreaterThan(
      1,
    )
    expect(audit.filter(({ clusterId, action }) => clusterId === sourceId && action.startsWith('restore.'))).toEqual([])
  })

  it('waits for a target that was disarmed, and goes on when it is armed', async () => {
    const { id } = await confirm(await check())
    await disarmCluster(context, { clusterId: targetId })
    await source.set('/app/n000001', 'changed')
    expect(await nextRound(id)).toMatchObject({ state: 'following', waiting: 'read-only' })
    expect(await target.text('/app/n000001')).not.toBe('changed')
    await armCluster(context, { clusterId: targetId, minutes: 60, reason: 'test' })
    expect(await work(id)).toMatchObject({ state: 'following', waiting: null })
    expect(await target.text('/app/n000001')).toBe('changed')
  })

  it('stops at a conflict, says so, and goes on with a new plan; stopped, it leaves the target as it is', async () => {
    const { id } = await confirm(await check())
    await disarmCluster(context, { clusterId: targetId })
    await source.set('/app/n000001', 'changed')
    await nextRound(id)
    await target.set('/app/n000001', 'by somebody else')
    await armCluster(context, { clusterId: targetId, minutes: 60, reason: 'test' })
    const failed = await work(id)
    expect(failed).toMatchObject({ state: 'failed', canGoOn: { ok: true }, error: { code: 'RESTORE_CONFLICT' } })
    const round = failed.rounds[0]
    expect(await getRestore(context, round?.restoreId ?? '')).toMatchObject({ state: 'conflict' })
    expect(await target.text('/app/n000001')).toBe('by somebody else')
    await goOnWithMigration(context, id)
    expect(await work(id)).toMatchObject({ state: 'following', error: null })
    expect(await target.text('/app/n000001')).toBe('changed')

    await startSwitch(context, id)
    await followAgain(context, id)
    expect(await work(id)).toMatchObject({ state: 'following' })
    await stopMigration(context, id)
    await source.set('/app/n000001', 'later')
    expect(await nextRound(id)).toMatchObject({ state: 'stopped' })
    expect(await target.text('/app/n000001')).toBe('changed')
  })

  it('puts a subtree at another path, and leaves the rest of the target alone', async () => {
    await target.create('/mine', 'kept')
    const { id } = await confirm(await check({ sourcePath: '/app', targetPath: '/copies/app' }))
    await startSwitch(context, id)
    await finishMigration(context, id)
    expect(await work(id)).toMatchObject({ state: 'done', proof: { ok: true, compared: 24 } })
    expect(await readAll(targetClient, '/copies/app', '/')).toEqual(await readAll(sourceClient, '/app', '/'))
    expect(await target.text('/mine')).toBe('kept')
  })

  it('waits for a second person each round where the target asks for one', async () => {
    await context.db.cluster.update({ where: { id: targetId }, data: { approvalMinutes: 60 } })
    const waiting = await confirm(await check())
    expect(waiting).toMatchObject({ state: 'copying', waiting: 'approval', needsApproval: true })
    expect(await target.namesOf('/app')).toEqual([])
    await approve(waiting.rounds[0]?.restoreId ?? '')
    expect(await work(waiting.id)).toMatchObject({ state: 'following', waiting: null })
    expect(await target.text('/app/n000001')).toBe(await source.text('/app/n000001'))
    // The next round is another plan, and asks anew.
    await source.set('/app/n000001', 'changed')
    const next = await nextRound(waiting.id)
    expect(next).toMatchObject({ state: 'following', waiting: 'approval' })
    await stopMigration(context, waiting.id)
    expect(await getRestore(context, next.rounds[0]?.restoreId ?? '')).toMatchObject({ state: 'cancelled' })
  })

  it('is refused to viewers, into its own ensemble by another address, and beside another one', async () => {
    const viewer = services.contextFor('viewer')
    await expect(createMigration(viewer, { sourceId, targetId })).rejects.toMatchObject({ code: 'FORBIDDEN' })
    const alias = from.connectString.replace('127.0.0.1', 'localhost')
    const aliasId = (await addCluster(services.contextFor('admin'), { name: 'alias', connectString: alias })).id
    await expect(createMigration(context, { sourceId, targetId: aliasId })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: 'old and alias are the same ensemble, reached by two entries',
    })
    await check()
    await expect(createMigration(context, { sourceId, targetId })).rejects.toMatchObject({ code: 'WRONG_STATE' })
    await expect(createMigration(context, { sourceId: targetId, targetId: sourceId })).rejects.toMatchObject({
      code: 'WRONG_STATE',
    })
    expect(await listMigrations(context, { clusterId: targetId })).toHaveLength(1)
  })

  it('fails when its person may not restore any more, and is gone on with by another one', async () => {
    const { id } = await confirm(await check())
    await context.db.user.update({ where: { id: 'operator-1' }, data: { role: 'viewer' } })
    expect(await nextRound(id)).toMatchObject({ state: 'failed', error: { code: 'FORBIDDEN' } })
    await goOnWithMigration(services.contextFor('admin'), id)
    expect(await work(id)).toMatchObject({ state: 'following', confirmedByName: 'admin one' })
  })
})
