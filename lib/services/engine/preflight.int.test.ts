import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ClusterConnection, ClusterTarget } from '../../adapters/zookeeper/connection.ts'
import { createZooKeeper } from '../../adapters/zookeeper/zookeeper.ts'
import type { WriteOperation } from '../../domain/restore/ports.ts'
import { type Acl, OPEN_ACL, PERM } from '../../domain/znode/acl.ts'
import type { Znode } from '../../domain/znode/znode.ts'
import { createEngineContext } from '../../testing/engine-context.ts'
import { buildTree, streamOf, type ZnodeSketch } from '../../testing/znode-builder.ts'
import { startZooKeeper, type ZooKeeperServer } from '../../testing/zookeeper-server.ts'
import { type ExecuteRestoreInput, executeRestore } from './execute-restore.ts'
import { type PlanRestoreToInput, planRestoreTo } from './plan-restore-to.ts'
import { planUndoFrom } from './plan-undo-from.ts'

const READ_ONLY: Acl = [{ perms: PERM.read, scheme: 'world', id: 'anyone' }]
const UNKNOWN: Acl = [{ perms: PERM.all, scheme: 'kerberos', id: 'ops@EXAMPLE' }]
const OWNER = { scheme: 'digest', id: 'owner:secret' }

const context = createEngineContext()
let server: ZooKeeperServer
let target: ClusterTarget
let owner: ClusterConnection
let connection: ClusterConnection
let dir = ''

beforeAll(async () => {
  server = await startZooKeeper({ javaProperties: { 'zookeeper.extendedTypesEnabled': 'false' } })
  target = { connectString: server.connectString }
  owner = await createZooKeeper().connect({ ...target, auth: [OWNER] })
  connection = await createZooKeeper().connect(target)
  const own: Acl = [...READ_ONLY, { perms: PERM.all, scheme: 'auth', id: '' }]
  const creating = (path: string, acl: Acl): WriteOperation => ({
    op: 'create',
    path,
    data: Buffer.from('live'),
    acl,
    kind: 'persistent',
    ttlMs: null,
  })
  const made = await owner.multi([
    creating('/open', OPEN_ACL),
    creating('/closed', own),
    creating('/closed/child', own),
  ])
  expect(made).toMatchObject({ kind: 'done' })
})
afterAll(async () => {
  await connection?.close()
  await owner?.close()
  await server?.stop()
})
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-preflight-'))
})
afterEach(async () => {
  await rm(dir, { recursive: true, force: true })
})

async function planOf(sketches: readonly ZnodeSketch[], askTarget: boolean, options: Partial<PlanRestoreToInput> = {}) {
  const parentDir = join(dir, 'source')
  const archive = await context.archives.write({
    parentDir: await makeParent(parentDir),
    stream: streamOf(buildTree(sketches) as readonly Znode[]),
    describe: () => ({
      cluster: { name: 'source', connectString: null, chroot: '/' },
      source: 'files',
      zookeeperVersion: null,
      scope: { paths: ['/'], kind: 'subtrees' },
      zxid: 0x10n,
      consistency: { class: 'exact', proof: 'quiet', from: '0x10', to: '0x10', moved: [] },
      unreadable: [],
    }),
    startedAtMs: 0,
    now: () => 0,
  })
  const source = await context.archives.open(archive.dir)
  try {
    return await planRestoreTo(context, {
      source,
      connection,
      target,
      names: { source: 'source', target: 'target' },
      scope: { kind: 'all' },
      mode: 'update',
      onConflict: 'stop',
      dir: join(dir, 'restore'),
      askTarget,
      ...options,
    })
  } finally {
    await source.close()
  }
}

async function makeParent(parentDir: string): Promise<string> {
  await mkdir(parentDir)
  return parentDir
}

function run(options: Partial<ExecuteRestoreInput> = {}) {
  return executeRestore(context, {
    dir: join(dir, 'restore'),
    target,
    safetyParentDir: join(dir, 'safety'),
    run: 'preflight',
    ...options,
  })
}

describe('what the target will refuse', () => {
  const refused: readonly ZnodeSketch[] = [
    { path: '/closed', data: 'live' },
    { path: '/closed/child', data: 'other' },
    { path: '/closed/new', data: 'no right to create here' },
    { path: '/open', data: 'live' },
    { path: '/open/kerberos', data: 'x', acl: UNKNOWN },
    { path: '/open/kerberos/below', data: 'x', acl: UNKNOWN },
    { path: '/open/ttl', data: 'x', kind: 'ttl', ttlMs: 60_000 },
  ]

  it('is listed with the plan, each kind once, and asking changes nothing', async () => {
    const before = await connection.countDescendants('/')
    const { warnings } = await planOf(refused, true)
    const lines = warnings.filter(({ code }) => code.startsWith('target-'))
    expect(lines.map(({ code, path }) => [code, path])).toEqual([
      ['target-no-right', '/closed'],
      ['target-kind-refused', '/open/ttl'],
      ['target-acl-refused', '/open/kerberos'],
      ['target-no-right', '/closed/child'],
    ])
    expect(lines.every(({ severity, advice }) => severity === 'danger' && advice !== undefined)).toBe(true)
    expect(lines[2]?.message).toContain('(2 steps)')
    expect(await connection.countDescendants('/')).toBe(before)
    expect(await connection.get('/closed/child')).toMatchObject({ kind: 'found', znode: { stat: { version: 0 } } })
  })

  it('stops a run before its safety backup and before anything is written', async () => {
    const { warnings } = await planOf(refused, false)
    expect(warnings.filter(({ code }) => code.startsWith('target-'))).toEqual([])
    await expect(run()).rejects.toMatchObject({
      code: 'PREFLIGHT_REFUSED',
      message: expect.stringContaining('/closed: this session has no right to create children below it'),
      unaffected: 'nothing was written',
    })
    expect((await readdir(join(dir, 'restore'))).filter((name) => /safety|journal/.test(name))).toEqual([])
    expect(await connection.get('/open/ttl')).toMatchObject({ kind: 'missing' })
  })

  it('is passed over where conflicts are skipped, and the rest is restored', async () => {
    await planOf(
      [
        { path: '/closed', data: 'live' },
        { path: '/closed/child', data: 'other' },
        { path: '/open', data: 'live' },
        { path: '/open/possible', data: 'x' },
      ],
      false,
    )
    const report = await run({ onConflict: 'skip' })
    expect(report.conflicts).toEqual([{ path: '/closed/child', reason: 'no-auth' }])
    expect(await connection.get('/open/possible')).toMatchObject({ kind: 'found' })
  })

  it('is not what the plan itself gives the right to first', async () => {
    const mayChange: Acl = [{ perms: PERM.read | PERM.admin, scheme: 'world', id: 'anyone' }]
    const made = await connection.multi([
      { op: 'create', path: '/locked', data: Buffer.from('live'), acl: mayChange, kind: 'persistent', ttlMs: null },
    ])
    expect(made).toMatchObject({ kind: 'done' })
    const { warnings } = await planOf(
      [
        { path: '/locked', data: 'new' },
        { path: '/locked/below', data: 'x' },
      ],
      true,
    )
    expect(warnings.filter(({ code }) => code.startsWith('target-'))).toEqual([])
    expect(await run()).toMatchObject({ verified: true, conflictCount: 0 })
  })

  it('is nothing where all of it is possible, and the run goes through', async () => {
    const { warnings } = await planOf(
      [
        { path: '/open', data: 'new' },
        { path: '/open/a/b', data: 'x' },
        { path: '/open/c', kind: 'container' },
      ],
      true,
    )
    expect(warnings.filter(({ code }) => code.startsWith('target-'))).toEqual([])
    expect(await run()).toMatchObject({ verified: true, conflictCount: 0 })
  })
})

it.each(['/blind/new', '/blind/old'])(
  'a restore to %s, below a znode that cannot be read, is taken back',
  async (targetPath) => {
    await connection.multi([
      { op: 'delete', path: '/blind/old', version: -1 },
      { op: 'delete', path: '/blind', version: -1 },
    ])
    const blind: Acl = [{ perms: PERM.create | PERM.delete | PERM.admin, scheme: 'world', id: 'anyone' }]
    const made = await connection.multi([
      { op: 'create', path: '/blind', data: null, acl: blind, kind: 'persistent', ttlMs: null },
      { op: 'create', path: '/blind/old', data: Buffer.from('old'), acl: OPEN_ACL, kind: 'persistent', ttlMs: null },
    ])
    expect(made).toMatchObject({ kind: 'done' })
    await planOf(
      [
        { path: '/open', data: 'x' },
        { path: '/open/y', data: 'y' },
      ],
      false,
      {
        scope: { kind: 'subtree', path: '/open', targetPath },
      },
    )
    expect(await run()).toMatchObject({ verified: true, applied: 2 })
    const undo = {
      undoDir: join(dir, 'restore'),
      dir: join(dir, 'undo'),
      connection,
      target,
      onConflict: 'stop',
    } as const
    const summary = await planUndoFrom(context, { ...undo, source: 'undo' })
    expect(summary).toMatchObject({ steps: 2, warnings: [], skipped: { ephemeral: 0, system: 0 } })
    expect(await run({ dir: join(dir, 'undo') })).toMatchObject({ verified: true, applied: 2 })
    expect(await connection.get('/blind/new')).toMatchObject({ kind: 'missing' })
    expect(await connection.get('/blind/old')).toMatchObject({ znode: { data: Buffer.from('old') }, numChildren: 0 })
  },
)
