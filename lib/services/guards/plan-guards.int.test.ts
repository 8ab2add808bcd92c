import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AdminTarget } from '../../adapters/adminserver/admin-server.ts'
import type { ClusterConnection } from '../../adapters/zookeeper/connection.ts'
import { formatHex64 } from '../../base/hex64.ts'
import type { PlanSummary } from '../../domain/restore/plan.ts'
import { OPEN_ACL } from '../../domain/znode/acl.ts'
import { createEngineContext } from '../../testing/engine-context.ts'
import {
  findCachedVersions,
  findFreePort,
  startZooKeeper,
  type ZooKeeperServer,
} from '../../testing/zookeeper-server.ts'
import { planRestoreTo } from '../engine/plan-restore-to.ts'
import { RestoreDirectory } from '../engine/restore-directory.ts'
import { askLiveUse } from './ask-live-use.ts'

const context = createEngineContext()
const newest = findCachedVersions().findLast(({ version, cached }) => cached && version.startsWith('3.9.'))?.version

let dir = ''
let talking: ZooKeeperServer
let silent: ZooKeeperServer
let admin: AdminTarget
/** The client that is at work on the target; connected without a chroot. */
let worker: ClusterConnection
let silentWorker: ClusterConnection

const SOURCE: Record<string, string> = {
  '/kafka/brokers/ids': '',
  '/kafka/controller_epoch': '5',
  '/kafka/config/topics/t': 'new',
  '/app/config': 'new',
  '/app/workers': 'new',
  '/app/same': 'same',
}
const LIVE: Record<string, string> = {
  ...SOURCE,
  '/kafka/controller_epoch': '9',
  '/kafka/config/topics/t': 'old',
  '/app/config': 'old',
  '/app/workers': 'old',
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-guards-'))
  const port = await findFreePort()
  admin = { url: `http://127.0.0.1:${port}` }
  const config = {
    '4lw.commands.whitelist': 'conf,srvr',
    'admin.enableServer': 'true',
    'admin.serverPort': String(port),
    'admin.serverAddress': '127.0.0.1',
  }
  ;[talking, silent] = await Promise.all([startZooKeeper(), startZooKeeper({ version: newest, config })])
  worker = await settle(talking)
  silentWorker = await settle(silent)
})
afterAll(async () => {
  await worker?.close()
  await silentWorker?.close()
  await talking?.stop()
  await silent?.stop()
  await rm(dir, { recursive: true, force: true })
})

/** Source and target are two chroots of one server; a client watches, owns, and watches above. */
async function settle(server: ZooKeeperServer): Promise<ClusterConnection> {
  const client = await context.zookeeper.connect({ connectString: server.connectString })
  const made = new Set<string>()
  for (const [root, tree] of [
    ['/src', SOURCE],
    ['/dst', LIVE],
  ] as const) {
    for (const [path, text] of Object.entries(tree)) {
      const names = `${root}${path}`.slice(1).split('/')
      for (let i = 1; i <= names.length; i++) {
        const at = `/${names.slice(0, i).join('/')}`
        if (made.has(at)) continue
        made.add(at)
        const data = i === names.length ? Buffer.from(text) : null
        await client.create({ path: at, data, acl: OPEN_ACL, kind: 'persistent' })
      }
    }
  }
  for (const path of ['/dst/app/workers/w1', '/dst/app/workers/w2', '/dst/app/same/lock']) {
    await client.create({ path, data: null, acl: OPEN_ACL, kind: 'ephemeral' })
  }
  await client.watch(
    { dirs: [], znodes: ['/dst/app/config', '/dst/app/same', '/dst/kafka', '/src/app/config'] },
    () => undefined,
  )
  return client
}

let plans = 0
async function plan(
  connectString: string,
  options: { admins?: AdminTarget[]; server?: ZooKeeperServer } = {},
): Promise<PlanSummary> {
  const server = options.server ?? talking
  const source = await context.zookeeper.connect({ connectString: `${server.connectString}/src` })
  const connection = await context.zookeeper.connect({ connectString: `${server.connectString}/dst` })
  try {
    return await planRestoreTo(context, {
      source,
      connection,
      target: { connectString },
      admins: options.admins,
      names: { source: 's', target: 't' },
      scope: { kind: 'all' },
      mode: 'update',
      onConflict: 'stop',
      dir: join(dir, String(plans++)),
    })
  } finally {
    await connection.close()
    await source.close()
  }
}

const of = (code: string, { warnings }: PlanSummary) => warnings.filter((warning) => warning.code === code)

describe('a server that tells all', () => {
  it('names who watches and who owns what a plan writes, and the application whose counter would go back', async () => {
    const summary = await plan(`${talking.connectString}/dst`)
    const who = formatHex64(worker.sessionId)
    expect(of('watched', summary)).toEqual([
      expect.objectContaining({
        path: '/app/config',
        severity: 'warning',
        message: expect.stringMatching(
          new RegExp(
            `^1 znode that it writes is watched, by 1 watch of session ${who} \\(127\\.0\\.0\\.1:\\d+\\): /app/config$`,
          ),
        ),
      }),
    ])
    expect(of('session-owned', summary)).toEqual([
      expect.objectContaining({
        path: '/app/workers',
        message: expect.stringContaining('owns 2 ephemerals below znodes that it writes: in /app/workers'),
      }),
    ])
    expect(of('watched-above', summary)).toEqual([expect.objectContaining({ path: '/kafka', severity: 'note' })])
    expect(summary.warnings[0]).toMatchObject({
      code: 'application-counter',
      path: '/kafka/controller_epoch',
      severity: 'danger',
      message: 'Kafka counts here and must not count back: 1 znode changed: /kafka/controller_epoch',
      advice: expect.stringContaining('must never go back'),
    })
    expect(of('application-config', summary)).toEqual([expect.objectContaining({ path: '/kafka/config/topics/t' })])
    expect(of('watches-unknown', summary)).toEqual([])
  })

  it('does not count its own sessions, and keeps the hash free of what clients do', async () => {
    const first = await plan(`${talking.connectString}/dst`)
    const stop = await worker.watch({ dirs: [], znodes: ['/dst/app/workers'] }, () => undefined)
    const second = await plan(`${talking.connectString}/dst`)
    await stop()
    expect(of('watched', second)[0]?.message).toMatch(/^2 znodes that it writes are watched, by 2 watches of session /)
    expect(second.plan).toBe(first.plan)
  })

  it('stores all of a warning with the plan', async () => {
    const summary = await plan(`${talking.connectString}/dst`)
    const stored = await new RestoreDirectory(join(dir, String(plans - 1))).readPlan()
    expect(stored.summary.warnings).toEqual(summary.warnings)
  })

  it('says which member of the connect string it could not ask', async () => {
    const closed = await findFreePort()
    const summary = await plan(`${talking.connectString},127.0.0.1:${closed}/dst`)
    expect(of('watched', summary)).toHaveLength(1)
    expect(of('watches-unknown', summary)).toEqual([
      expect.objectContaining({
        severity: 'note',
        message: expect.stringMatching(
          new RegExp(
            `^who watches what it writes is not known on 1 server of 2: 127\\.0\\.0\\.1:${closed} \\(.*refused.*, and no AdminServer tells\\)$`,
          ),
        ),
      }),
    ])
  })
})

describe('a server that does not allow the words', () => {
  it('is not taken for one that nobody watches', async () => {
    const summary = await plan(`${silent.connectString}/dst`, { server: silent })
    expect(of('watched', summary)).toEqual([])
    expect(of('watches-unknown', summary)).toEqual([
      expect.objectContaining({
        message: `who watches what it writes is not known on 1 server of 1: ${silent.connectString} (its 4lw.commands.whitelist does not allow wchs, and no AdminServer tells)`,
        advice: expect.stringContaining('Not known is not none'),
      }),
    ])
    // The walk over the tree has seen them, without any word.
    expect(of('session-owned', summary)).toHaveLength(1)
    expect(of('application-counter', summary)).toHaveLength(1)
  })

  it('tells by its AdminServer', async () => {
    const summary = await plan(`${silent.connectString}/dst`, { server: silent, admins: [admin] })
    const who = formatHex64(silentWorker.sessionId)
    expect(of('watched', summary)[0]?.message).toMatch(
      new RegExp(`of session ${who} \\(127\\.0\\.0\\.1:\\d+\\): /app/config$`),
    )
    expect(of('watches-unknown', summary)).toEqual([])
  })

  it('tells ephemerals by its AdminServer where no tree was walked', async () => {
    const input = { connectString: `${silent.connectString}/dst`, tls: null, ownSessions: [], ephemerals: null }
    const known = await askLiveUse(context, { ...input, admins: [admin] })
    expect(known.ephemerals.get(silentWorker.sessionId)).toEqual(
      expect.arrayContaining(['/app/workers/w1', '/app/workers/w2', '/app/same/lock']),
    )
    expect(await askLiveUse(context, { ...input, admins: [] })).toMatchObject({
      knowsEphemerals: false,
      asked: [{ kind: 'unknown' }],
    })
  })
})

it('merges what several servers say, by path', async () => {
  const connectString = `${talking.connectString},${silent.connectString}/dst`
  const use = await askLiveUse(context, {
    connectString,
    tls: null,
    admins: [admin],
    ownSessions: [],
    ephemerals: null,
  })
  expect(use.watchers.get('/app/config')).toEqual(new Set([worker.sessionId, silentWorker.sessionId]))
  expect([...use.watchers.keys()].filter((path) => path.startsWith('/src') || path.startsWith('/dst'))).toEqual([])
})
