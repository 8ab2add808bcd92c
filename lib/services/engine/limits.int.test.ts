import { copyFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ClusterConnection, ClusterTarget } from '../../adapters/zookeeper/connection.ts'
import { createZooKeeper } from '../../adapters/zookeeper/zookeeper.ts'
import type { WriteOperation } from '../../domain/restore/ports.ts'
import { OPEN_ACL } from '../../domain/znode/acl.ts'
import { ancestorsOf } from '../../domain/znode/path.ts'
import type { Znode, ZnodeStream } from '../../domain/znode/znode.ts'
import { createEngineContext } from '../../testing/engine-context.ts'
import { buildZnode } from '../../testing/znode-builder.ts'
import { startZooKeeper, type ZooKeeperServer } from '../../testing/zookeeper-server.ts'
import { executeRestore } from './execute-restore.ts'
import { planRestoreTo } from './plan-restore-to.ts'
import { planUndoFrom } from './plan-undo-from.ts'
import { RestoreDirectory } from './restore-directory.ts'
import { takeBackup } from './take-backup.ts'

const JUTE_MAXBUFFER = 4 * 1024 * 1024
const WIDE = 300_000
const MISSING = 11_000

const context = createEngineContext()
let dir = ''
let server: ZooKeeperServer
let target: ClusterTarget
let connection: ClusterConnection

beforeAll(async () => {
  server = await startZooKeeper({ javaProperties: { 'jute.maxbuffer': String(JUTE_MAXBUFFER) } })
  target = { connectString: server.connectString }
  connection = await createZooKeeper().connect(target)
})
afterAll(async () => {
  await connection?.close()
  await server?.stop()
})
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-limits-'))
})
afterEach(async () => {
  await rm(dir, { recursive: true, force: true })
})

function creating(path: string, data: Uint8Array | null): WriteOperation {
  return { op: 'create', path, data, acl: OPEN_ACL, kind: 'persistent', ttlMs: null }
}

async function restoreTo(live: ClusterConnection, at: ClusterTarget, archive: string, name = 'restore') {
  const source = await context.archives.open(archive)
  try {
    const plan = await planRestoreTo(context, {
      source,
      connection: live,
      target: at,
      names: { source: 'backup', target: 'limits' },
      scope: { kind: 'all' },
      mode: 'update',
      onConflict: 'stop',
      dir: join(dir, name),
    })
    return { plan, run: () => run(at, name) }
  } finally {
    await source.close()
  }
}

function run(at: ClusterTarget, name: string) {
  return executeRestore(context, {
    dir: join(dir, name),
    target: at,
    safetyParentDir: join(dir, `${name}-safety`),
    run: name,
  })
}

/** Not by `toEqual`, which would take a minute of the event loop for these bytes. */
async function holds(path: string, data: Buffer): Promise<boolean> {
  const reading = await connection.get(path)
  return reading.kind === 'found' && data.equals(reading.znode.data ?? Buffer.alloc(0))
}

describe('a large znode', () => {
  it('is restored although it fits into no multi, when a client could write it', async () => {
    const room = connection.aloneBytesMax - connection.encodedSizeOf(creating('/large', Buffer.alloc(0)))
    const data = Buffer.alloc(room, 'largest')
    const made = { path: '/large', data, acl: OPEN_ACL, kind: 'persistent' } as const
    expect(connection.encodedSizeOf(creating('/large', data))).toBeGreaterThan(connection.requestBytesMax)
    expect(await connection.create(made)).toMatchObject({ kind: 'done' })
    const { dir: archive } = await takeBackup(context, {
      target,
      clusterName: 'limits',
      paths: ['/large'],
      parentDir: dir,
    })

    expect(await connection.multi([{ op: 'delete', path: '/large', version: 0 }])).toMatchObject({ kind: 'done' })
    const created = await restoreTo(connection, target, archive, 'create')
    expect(created.plan).toMatchObject({ creates: 1, skipped: { ephemeral: 0, system: 0 } })
    expect(await created.run()).toMatchObject({ applied: 1, verified: true })

    expect(await connection.multi([{ op: 'setData', path: '/large', data: null, version: 0 }])).toMatchObject({
      kind: 'done',
    })
    const updated = await restoreTo(connection, target, archive, 'update')
    expect(await updated.run()).toMatchObject({ applied: 1, verified: true })
    expect(await holds('/large', data)).toBe(true)
  })

  it('goes where jute.maxbuffer is raised and this is known, and is left out with a warning where it is not', async () => {
    const known: ClusterTarget = { ...target, requestBytesMax: JUTE_MAXBUFFER }
    const large = await createZooKeeper().connect(known)
    try {
      const data = Buffer.alloc(3 * 1024 * 1024, 'raised')
      expect(await large.multi([creating('/raised', data)])).toMatchObject({ kind: 'done' })
      const { dir: archive } = await takeBackup(context, {
        target,
        clusterName: 'limits',
        paths: ['/raised'],
        parentDir: dir,
      })
      expect(await large.multi([{ op: 'delete', path: '/raised', version: 0 }])).toMatchObject({ kind: 'done' })

      const { plan } = await restoreTo(connection, target, archive, 'unknown')
      expect(plan).toMatchObject({ steps: 0, skipped: { 'too-large': 1 } })
      expect(plan.warnings).toContainEqual(expect.objectContaining({ code: 'too-large', path: '/raised' }))
      const restored = await restoreTo(large, known, archive, 'known')
      expect(await restored.run()).toMatchObject({ applied: 1, verified: true })
      expect(await holds('/raised', data)).toBe(true)
    } finally {
      await large.close()
    }
  })
})

describe('a deep tree', () => {
  it('of 200 levels is backed up, lost, restored and taken back', async () => {
    const deepest = Array.from({ length: 200 }, (_, i) => `/level-${i}`).join('')
    const paths = [...ancestorsOf(deepest).filter((path) => path !== '/'), deepest]
    expect(paths).toHaveLength(200)
    expect(await connection.multi(paths.map((path) => creating(path, Buffer.from(path.slice(-20)))))).toMatchObject({
      kind: 'done',
    })
    const { dir: archive, manifest } = await takeBackup(context, {
      target,
      clusterName: 'limits',
      paths: ['/level-0'],
      parentDir: dir,
    })
    expect(manifest.status).toBe('complete')
    const deletions = paths.toReversed().map((path) => ({ op: 'delete', path, version: 0 }) as const)
    expect(await connection.multi(deletions)).toMatchObject({ kind: 'done' })

    const restored = await restoreTo(connection, target, archive)
    expect(await restored.run()).toMatchObject({ applied: 200, verified: true })
    const [deep] = await connection.readMany([deepest])
    expect(deep).toMatchObject({ kind: 'found', znode: { data: Buffer.from(deepest.slice(-20)) } })

    const names = { undoDir: join(dir, 'restore'), dir: join(dir, 'undo'), onConflict: 'stop', source: 'undo' } as const
    expect(await planUndoFrom(context, { ...names, connection, target })).toMatchObject({ deletes: 200 })
    expect(await run(target, 'undo')).toMatchObject({ applied: 200, verified: true })
    expect(await connection.get('/level-0')).toMatchObject({ kind: 'missing' })
  })
})

describe('300,000 children under one parent', () => {
  it('are listed page by page, backed up, restored where some are missing, and that is taken back', async () => {
    const whole = await writeWide('whole', 0)
    const dataDir = join(dir, 'server')
    await startable(await writeWide('thinned', MISSING), dataDir)
    const wide = await startZooKeeper({ dataDir, heapMegabytes: 1024 })
    const at: ClusterTarget = { connectString: wide.connectString }
    const live = await createZooKeeper().connect(at)
    try {
      // One answer of the server, beyond what a Java client takes by default.
      const page = await live.listChildren('/wide', { limit: 3 })
      expect(page).toMatchObject({ kind: 'page', total: WIDE - MISSING, next: nameOf(MISSING + 2) })
      expect(page.kind === 'page' && page.listBytes).toBeGreaterThan(1_048_575)

      const { plan, run: runIt } = await restoreTo(live, at, whole)
      expect(plan).toMatchObject({ creates: MISSING, steps: MISSING })
      expect(await runIt()).toMatchObject({ applied: MISSING, verified: true })
      expect(await live.countDescendants('/wide')).toBe(WIDE)

      // Too many paths for a list of them: the safety backup covers them by their parent.
      const safety = await new RestoreDirectory(join(dir, 'restore')).findSafety()
      const archive = await context.archives.open(safety?.dir ?? '')
      expect(archive.manifest).toMatchObject({ scope: { kind: 'subtrees', paths: ['/wide'] }, status: 'complete' })
      await archive.close()

      const names = {
        undoDir: join(dir, 'restore'),
        dir: join(dir, 'undo'),
        onConflict: 'stop',
        source: 'undo',
      } as const
      expect(await planUndoFrom(context, { ...names, connection: live, target: at })).toMatchObject({
        deletes: MISSING,
      })
      expect(await run(at, 'undo')).toMatchObject({ applied: MISSING, verified: true })
      expect(await live.countDescendants('/wide')).toBe(WIDE - MISSING)
    } finally {
      await live.close()
      await wide.stop()
    }
    // Much work rather than waiting: a machine that is busy with other things needs its time for it.
  }, 300_000)
})

function nameOf(i: number): string {
  return `child-${String(i).padStart(6, '0')}`
}

/** An archive of a parent with so many children, without the first `missing` ones. */
async function writeWide(name: string, missing: number): Promise<string> {
  async function* stream(): ZnodeStream {
    let znodes: Znode[] = [buildZnode('/'), buildZnode('/wide')]
    for (let i = missing; i < WIDE; i++) {
      znodes.push(buildZnode({ path: `/wide/${nameOf(i)}`, data: String(i) }))
      if (znodes.length < 1000) continue
      yield { znodes, unreadable: [] }
      znodes = []
    }
    yield { znodes, unreadable: [] }
  }
  const parentDir = join(dir, name)
  await mkdir(parentDir)
  const written = await context.archives.write({
    parentDir,
    stream: stream(),
    describe: () => ({
      cluster: { name, connectString: null, chroot: '/' },
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
  return written.dir
}

/** A data directory that a stock server starts on. */
async function startable(archive: string, dataDir: string): Promise<void> {
  const name = (await readdir(archive)).find((file) => file.startsWith('snapshot.') && file.endsWith('.gz'))
  if (!name) throw new Error(`no snapshot in ${archive}`)
  await mkdir(join(dataDir, 'version-2'), { recursive: true })
  await copyFile(join(archive, name), join(dataDir, 'version-2', name))
}
