import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import type { ClusterConnection } from '../../adapters/zookeeper/connection.ts'
import { createZooKeeper } from '../../adapters/zookeeper/zookeeper.ts'
import { createEngineContext } from '../../testing/engine-context.ts'
import { LiveTree } from '../../testing/live-tree.ts'
import { startZooKeeperProxy, type ZooKeeperProxy } from '../../testing/zookeeper-proxy.ts'
import { startZooKeeper, type ZooKeeperServer } from '../../testing/zookeeper-server.ts'
import { executeRestore } from './execute-restore.ts'
import { planRestoreTo } from './plan-restore-to.ts'
import { planUndoFrom } from './plan-undo-from.ts'
import { takeBackup } from './take-backup.ts'

const CHILDREN = 200
const OP_MULTI = 14
/** Multis that a restore has on their way at once. */
const WINDOW = 4

let server: ZooKeeperServer
let client: ClusterConnection
let tree: LiveTree
let proxy: ZooKeeperProxy
let dir = ''

beforeAll(async () => {
  server = await startZooKeeper()
  client = await createZooKeeper().connect({ connectString: server.connectString })
  tree = new LiveTree(client)
})
afterAll(async () => {
  await client?.close()
  await server?.stop()
})
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-stale-writer-'))
  proxy = await startZooKeeperProxy(server.port)
})
afterEach(async () => {
  await proxy.stop()
  await tree.clear()
  await rm(dir, { recursive: true, force: true })
})

const directly = () => ({ connectString: server.connectString })
const context = { ...createEngineContext(), restoreBatch: 10 }

async function planOfLostChildren(): Promise<void> {
  await tree.fill('/many', CHILDREN, 20)
  const { dir: archive } = await takeBackup(context, {
    target: directly(),
    clusterName: 'test',
    paths: [],
    parentDir: join(dir, 'store'),
  })
  for (const name of await tree.namesOf('/many')) await tree.remove(`/many/${name}`)
  const source = await context.archives.open(archive)
  try {
    await planRestoreTo(context, {
      source,
      connection: client,
      target: directly(),
      names: { source: 'backup', target: 'test' },
      scope: { kind: 'all' },
      mode: 'update',
      onConflict: 'stop',
      dir: join(dir, 'run'),
    })
  } finally {
    await source.close()
  }
}

/** A worker whose machine falls asleep: some of its writes are on their way, and neither they nor answers move any more. */
async function fallAsleep(): Promise<{ wakeUp(): Promise<unknown> }> {
  const journal = join(dir, 'run', 'journal.jsonl')
  let owned = true
  let asleep = false
  proxy.onRequest((frame) => {
    // Before there is a journal, the restore only asks what the server would refuse.
    if (asleep || !existsSync(journal) || frame.length < 8 || frame.readInt32BE(4) !== OP_MULTI) return
    // The ones behind it are sent, and kept back.
    asleep = true
    proxy.freeze()
  })
  const ended = executeRestore(context, {
    dir: join(dir, 'run'),
    target: { connectString: proxy.connectString },
    safetyParentDir: join(dir, 'safety'),
    run: 'first',
    assertOwned: () => {
      if (!owned) throw new Error('the lease has run out')
    },
  }).catch((error: unknown) => error)
  for (;;) {
    const text = await readFile(journal, 'utf8').catch(() => '')
    if (text.split('"kind":"intent"').length - 1 === WINDOW) break
    if ((await Promise.race([ended, pause(5)])) !== undefined)
      throw new Error('the restore ended before it fell asleep')
  }
  return {
    wakeUp: () => {
      owned = false
      proxy.resume()
      return ended
    },
  }
}

const goOn = (name: string) =>
  executeRestore(context, { dir: join(dir, name), target: directly(), safetyParentDir: join(dir, 'safety'), run: name })

async function takeBack(): Promise<void> {
  await planUndoFrom(context, {
    undoDir: join(dir, 'run'),
    dir: join(dir, 'undo'),
    connection: client,
    target: directly(),
    onConflict: 'stop',
    source: 'undo',
  })
  expect(await goOn('undo')).toMatchObject({ verified: true, conflictCount: 0 })
}

it('a worker that wakes up when another has finished and undone its restore changes nothing any more', async () => {
  await planOfLostChildren()
  const sleeper = await fallAsleep()
  const report = await goOn('run')
  expect(report).toMatchObject({ verified: true, conflictCount: 0, stopped: false })
  expect(report.applied + report.alreadyDone).toBe(CHILDREN)
  await takeBack()
  expect(await tree.namesOf('/many')).toEqual([])
  expect(await sleeper.wakeUp()).toBeInstanceOf(Error)
  await client.sync('/')
  expect(await tree.namesOf('/many')).toEqual([])
})

it('an undo of a run that was left in the middle is not undone by what was still on its way', async () => {
  await planOfLostChildren()
  const sleeper = await fallAsleep()
  await takeBack()
  expect(await sleeper.wakeUp()).toBeInstanceOf(Error)
  await client.sync('/')
  expect(await tree.namesOf('/many')).toEqual([])
  expect(await readFile(join(dir, 'run', 'journal.jsonl'), 'utf8')).not.toContain('"kind":"finished"')
})

it('a start that came to nothing lends its safety backup to no later one', async () => {
  await planOfLostChildren()
  const input = {
    dir: join(dir, 'run'),
    target: directly(),
    safetyParentDir: join(dir, 'safety'),
    run: 'run',
    onConflict: 'overwrite',
  } as const
  const fail = async () => {
    throw new Error('the catalog is away')
  }
  await expect(executeRestore(context, { ...input, onSafety: fail })).rejects.toThrow('away')
  await tree.create('/many/n000007', 'theirs')
  const report = await executeRestore(context, input)
  expect(report).toMatchObject({ verified: true, overwrittenCount: 1 })
  expect(await tree.text('/many/n000007')).not.toBe('theirs')
  await takeBack()
  expect(await tree.namesOf('/many')).toEqual(['n000007'])
  expect(await tree.text('/many/n000007')).toBe('theirs')
})
