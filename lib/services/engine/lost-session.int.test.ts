import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ClusterConnection, ClusterTarget } from '../../adapters/zookeeper/connection.ts'
import { askFourLetterWord } from '../../adapters/zookeeper/internal/four-letter-word.ts'
import { createZooKeeper } from '../../adapters/zookeeper/zookeeper.ts'
import { isArkeeperError } from '../../base/errors.ts'
import { createEngineContext } from '../../testing/engine-context.ts'
import { LiveTree } from '../../testing/live-tree.ts'
import { isBatch, startZooKeeperProxy, type ZooKeeperProxy } from '../../testing/zookeeper-proxy.ts'
import { startZooKeeper, type ZooKeeperServer } from '../../testing/zookeeper-server.ts'
import { diffSources } from './diff-sources.ts'
import { RestoreCutShort } from './errors.ts'
import { executeRestore } from './execute-restore.ts'
import { planRestoreTo } from './plan-restore-to.ts'
import { planUndoFrom } from './plan-undo-from.ts'
import { takeBackup } from './take-backup.ts'

const CHILDREN = 15_000
/** Errors that say that the connection is to blame, which is all that a caller has to know to try again. */
const LOST = [
  'SESSION_EXPIRED',
  'CONNECTION_LOST',
  'REQUEST_TIMEOUT',
  'CONNECT_REFUSED',
  'CONNECT_TIMEOUT',
  'NOT_SERVING',
]

const context = createEngineContext()
let server: ZooKeeperServer
let dataDir = ''
let proxy: ZooKeeperProxy
let client: ClusterConnection
let tree: LiveTree
let target: ClusterTarget
let dir = ''

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'arkeeper-lost-session-zk-'))
  await startServer()
})
afterAll(async () => {
  await client?.close()
  await server?.stop()
  await rm(dataDir, { recursive: true, force: true })
})
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-lost-session-'))
  proxy = await startZooKeeperProxy(server.port)
  // As short as the server allows: a session is to expire while somebody waits for it.
  target = { connectString: proxy.connectString, sessionTimeoutMs: 1000 }
  await tree.fill('/many', CHILDREN, 50)
})
afterEach(async () => {
  await proxy.stop()
  await tree.clear()
  await rm(dir, { recursive: true, force: true })
})

async function startServer(port?: number): Promise<void> {
  server = await startZooKeeper({ dataDir, clientPort: port, config: { tickTime: '500' } })
  client = await createZooKeeper().connect({ connectString: server.connectString })
  tree = new LiveTree(client)
}

/** Kill −9 and a new start at the same address. */
async function restartServer(): Promise<void> {
  server.kill('SIGKILL')
  const { port } = server
  await client.close()
  await server.stop()
  await startServer(port)
}

/** Freezes the network until the server has no session left but the test's own. */
async function expireSessions(): Promise<void> {
  proxy.freeze()
  const deadline = Date.now() + 60_000
  for (;;) {
    const facts = await askFourLetterWord({ host: server.host, port: server.port }, 'mntr', {
      timeoutMs: 30_000,
      tls: null,
    })
    if (/^zk_global_sessions\s+1$/m.test(facts)) break
    if (Date.now() > deadline) throw new Error(`the sessions did not expire:\n${facts}`)
    await pause(50)
  }
  proxy.resume()
}

/** Runs `disturb` when the n-th request for which `counts` is true has come. */
function onNthRequest(n: number, counts: (request: Buffer) => boolean, disturb: () => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    let seen = 0
    proxy.onRequest((frame) => {
      if (!counts(frame) || ++seen !== n) return
      disturb().then(resolve, reject)
    })
  })
}

async function differences(archive: string): Promise<number> {
  const left = await context.archives.open(archive)
  try {
    const diff = diffSources({ left, right: client, path: '/' })
    let count = 0
    for await (const changes of diff.changes) count += changes.length
    return count + diff.counts().unreadable
  } finally {
    await left.close()
  }
}

const takeFrom = (from: ClusterTarget) =>
  takeBackup(context, { target: from, clusterName: 'test', paths: [], parentDir: join(dir, 'store') })

async function planFrom(archive: string): Promise<void> {
  const source = await context.archives.open(archive)
  try {
    await planRestoreTo(context, {
      source,
      connection: client,
      target,
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

const execute = (runDir = join(dir, 'run'), through = target) =>
  executeRestore(context, { dir: runDir, target: through, safetyParentDir: join(dir, 'safety'), run: 'run' })

const disturbances = [
  { name: 'its sessions expire', disturb: expireSessions },
  { name: 'the server is killed and started again', disturb: restartServer },
]

describe.each(disturbances)('when $name', ({ disturb }) => {
  it('a restore goes on or says why not, and a resume brings it to its exact end', async () => {
    const { dir: archive } = await takeFrom({ connectString: server.connectString })
    await tree.remove('/many')
    await planFrom(archive)
    const disturbed = onNthRequest(5, isBatch, disturb)
    const ended = await execute().catch((error: unknown) => error)
    await disturbed
    proxy.onRequest(null)
    if (ended instanceof Error) {
      expect(ended).toBeInstanceOf(RestoreCutShort)
      expect(LOST).toContain(isArkeeperError(ended) ? ended.code : ended)
      expect(ended).toMatchObject({ unaffected: expect.stringContaining('journal'), remedy: expect.any(String) })
    }
    const report = await execute(join(dir, 'run'), { connectString: server.connectString })
    expect(report).toMatchObject({ verified: true, conflictCount: 0, stopped: false })
    expect(report.applied + report.alreadyDone).toBe(CHILDREN + 1)
    expect(await differences(archive)).toBe(0)

    await planUndoFrom(context, {
      undoDir: join(dir, 'run'),
      dir: join(dir, 'undo'),
      connection: client,
      target,
      onConflict: 'stop',
      source: 'undo',
    })
    const undone = await execute(join(dir, 'undo'), { connectString: server.connectString })
    expect(undone).toMatchObject({ verified: true, conflictCount: 0 })
    expect(await tree.namesOf('/')).toEqual(['zookeeper'])
  })

  it('a backup is whole or not there at all, and the next one is sound', async () => {
    const disturbed = onNthRequest(60, () => true, disturb)
    const ended = await takeFrom(target).catch((error: unknown) => error)
    await disturbed
    proxy.onRequest(null)
    const kept = await readdir(join(dir, 'store'))
    if (ended instanceof Error) {
      expect(LOST).toContain(isArkeeperError(ended) ? ended.code : ended)
      expect(kept).toEqual([])
    } else {
      expect(kept).toHaveLength(1)
      expect(await differences(join(dir, 'store', kept[0] ?? ''))).toBe(0)
    }
    const next = await takeFrom({ connectString: server.connectString })
    expect(next.manifest.status).toBe('complete')
    expect(await differences(next.dir)).toBe(0)
  })
})
