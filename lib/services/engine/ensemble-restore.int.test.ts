import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ClusterConnection, ZooKeeperPort } from '../../adapters/zookeeper/connection.ts'
import { createZooKeeper } from '../../adapters/zookeeper/zookeeper.ts'
import {
  type ControlledServer,
  type ControlledServers,
  createControlledServers,
} from '../../testing/controlled-servers.ts'
import { createEngineContext } from '../../testing/engine-context.ts'
import { LiveTree } from '../../testing/live-tree.ts'
import { readLive } from '../../testing/live-view.ts'
import { findCachedVersions } from '../../testing/zookeeper-server.ts'
import { RestoreCutShort } from './errors.ts'
import { executeRestore } from './execute-restore.ts'
import { planRestoreTo } from './plan-restore-to.ts'
import { planUndoFrom } from './plan-undo-from.ts'
import { takeBackup } from './take-backup.ts'

/** Where it was fetched: older ones come apart now and then when their leader is killed (ZOOKEEPER-3023, -4394, -4785). */
const newest = findCachedVersions().findLast(({ version, cached }) => cached && version.startsWith('3.9.'))?.version
const CHILDREN = 400
const BATCH = 20

let ensemble: ControlledServers
let dir = ''
/** Called once, when so many multis of a restore were handed to the connection and before the next one is. */
let atMulti: { n: number; act: () => Promise<void> } | null = null

const zookeeper = createZooKeeper()
const watched: ZooKeeperPort = {
  ...zookeeper,
  connect: async (...args) => {
    const connection = await zookeeper.connect(...args)
    const multi: ClusterConnection['multi'] = async (...operations) => {
      const outcome = connection.multi(...operations)
      // What is only asked beforehand is no batch.
      if (operations[0].some(({ op }) => op === 'check')) return outcome
      const hook = atMulti
      if (hook !== null && --hook.n === 0) {
        atMulti = null
        await hook.act()
      }
      return outcome
    }
    return new Proxy(connection, {
      get: (target, key) => {
        if (key === 'multi') return multi
        const value: unknown = Reflect.get(target, key)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  },
}
const context = { ...createEngineContext(), zookeeper: watched, restoreBatch: BATCH }

beforeAll(async () => {
  ensemble = await createControlledServers({ cluster: 'test', size: 3, version: newest, config: { tickTime: '500' } })
  await ensemble.startAll()
})
afterAll(() => ensemble?.remove())
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-ensemble-restore-'))
  await withTree(async (tree) => {
    await tree.fill('/many', CHILDREN, 50)
    await tree.create('/kept', 'as it was')
  })
})
afterEach(async () => {
  atMulti = null
  await ensemble.startAll()
  await withTree((tree) => tree.clear())
  await rm(dir, { recursive: true, force: true })
})

const target = () => ({ connectString: ensemble.connectString })

async function withTree<T>(work: (tree: LiveTree, client: ClusterConnection) => Promise<T>): Promise<T> {
  const client = await zookeeper.connect(target())
  try {
    return await work(new LiveTree(client), client)
  } finally {
    await client.close()
  }
}

/** Of every znode below the root, what a restore is to bring back, and how often it was written. */
async function contents(): Promise<Map<string, string>> {
  const znodes = (await readLive(ensemble.connectString)).filter(({ path }) => !path.startsWith('/zookeeper'))
  return new Map(
    znodes.map(({ path, data, stat }) => [path, `${Buffer.from(data ?? []).toString('hex')} ${stat.version}`]),
  )
}

async function findRole(role: 'leader' | 'follower'): Promise<ControlledServer[]> {
  const states = await zookeeper.serverStatus(target())
  return ensemble.servers.filter((_server, at) => states[at]?.status?.mode === role)
}

async function kill(servers: readonly ControlledServer[]): Promise<void> {
  for (const server of servers) {
    const pid = server.pid()
    if (pid !== null) process.kill(pid, 'SIGKILL')
  }
  // One that is still dying passes for one that runs, and would not be started again.
  while (servers.some((server) => server.pid() !== null)) await pause(10)
}

async function planOfLostChildren(): Promise<{ source: Map<string, string>; broken: Map<string, string> }> {
  const source = await contents()
  const { dir: archive } = await takeBackup(context, {
    target: target(),
    clusterName: 'test',
    paths: [],
    parentDir: join(dir, 'store'),
  })
  return withTree(async (tree, connection) => {
    await tree.remove('/many')
    await tree.set('/kept', 'changed')
    const broken = await contents()
    const opened = await context.archives.open(archive)
    try {
      await planRestoreTo(context, {
        source: opened,
        connection,
        target: target(),
        names: { source: 'backup', target: 'test' },
        scope: { kind: 'all' },
        mode: 'update',
        onConflict: 'stop',
        dir: join(dir, 'run'),
      })
    } finally {
      await opened.close()
    }
    return { source, broken }
  })
}

const execute = (name: string) =>
  executeRestore(context, { dir: join(dir, name), target: target(), safetyParentDir: join(dir, 'safety'), run: 'run' })

/** As people do: on with it, until it comes to its end. */
async function executeToItsEnd(name: string) {
  for (;;) {
    const ended = await execute(name).catch((error: unknown) => error)
    if (!(ended instanceof Error)) return ended as Awaited<ReturnType<typeof execute>>
    expect(ended).toBeInstanceOf(RestoreCutShort)
    await ensemble.startAll()
  }
}

const faults = [
  {
    name: 'the leader is killed',
    disturb: async () => kill(await findRole('leader')),
  },
  {
    name: 'the quorum is lost and comes back',
    disturb: async () => {
      const lost = [...(await findRole('leader')), ...(await findRole('follower'))].slice(0, 2)
      await kill(lost)
      await Promise.all(lost.map((server) => server.start()))
    },
  },
]

describe.each(faults)('when $name in the middle of a restore', ({ disturb }) => {
  it('it reaches its exact target, nothing is applied twice, and it can be taken back', async () => {
    const { source, broken } = await planOfLostChildren()
    let disturbed = false
    atMulti = {
      n: 7,
      act: async () => {
        disturbed = true
        await disturb()
      },
    }
    const report = await executeToItsEnd('run')
    expect(disturbed).toBe(true)
    expect(report).toMatchObject({ verified: true, conflictCount: 0, stopped: false })
    expect(report.applied + report.alreadyDone).toBe(CHILDREN + 2)
    await ensemble.startAll()
    // Written once: a created znode has version 0, and a changed one has two writes behind it, the one that broke it and the one that mended it.
    const restored = new Map([...source, ['/kept', `${Buffer.from('as it was').toString('hex')} 2`]])
    expect(await contents()).toEqual(restored)

    await withTree((_tree, connection) =>
      planUndoFrom(context, {
        undoDir: join(dir, 'run'),
        dir: join(dir, 'undo'),
        connection,
        target: target(),
        onConflict: 'stop',
        source: 'undo',
      }),
    )
    expect(await executeToItsEnd('undo')).toMatchObject({ verified: true, conflictCount: 0 })
    expect(await contents()).toEqual(new Map([...broken, ['/kept', `${Buffer.from('changed').toString('hex')} 3`]]))
  })
})
