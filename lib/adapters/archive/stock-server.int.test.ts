import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { formatHex64 } from '../../base/hex64.ts'
import type { ZnodeStream } from '../../domain/znode/znode.ts'
import { asClientSees, findLoaded, readLive } from '../../testing/live-view.ts'
import { buildTree, collectZnodes } from '../../testing/znode-builder.ts'
import { startZooKeeper, type ZooKeeperServer } from '../../testing/zookeeper-server.ts'
import { TempStore } from './archive-builder.ts'
import { HEAD_ROOM_BYTES } from './write-body.ts'

const CORPUS = join(import.meta.dirname, '../../domain/snapshot/corpus')

let store: TempStore
let server: ZooKeeperServer | null = null
let dataDir: string

beforeEach(async () => {
  store = await TempStore.create()
  dataDir = await mkdtemp(join(tmpdir(), 'arkeeper-data-'))
})
afterEach(async () => {
  await server?.stop()
  server = null
  await store.remove()
  await rm(dataDir, { recursive: true, force: true })
})

/** Puts the archive's snapshot into an empty data directory and starts a stock server on it. */
async function startFrom(archiveDir: string, snapshot: string): Promise<ZooKeeperServer> {
  await mkdir(join(dataDir, 'version-2'))
  await cp(join(archiveDir, snapshot), join(dataDir, 'version-2', snapshot))
  server = await startZooKeeper({
    dataDir,
    javaProperties: {
      'zookeeper.skipACL': 'yes',
      // Containers and TTL znodes whose time has come must stay for as long as the test looks.
      'znode.container.checkIntervalMs': '3600000',
      'org.slf4j.simpleLogger.defaultLogLevel': 'info',
    },
  })
  return server
}

test('a stock server serves the archive of a real tree, znode by znode, and computes the digest of the manifest', async () => {
  const source = await store.archives.openPath(join(CORPUS, '3.9.6-compressed/snapshot.180.gz'))
  const stream: ZnodeStream = source.readSubtree('/', { includeSystem: true })
  const { dir, manifest } = await store.write(stream, { zxid: 0x180n })
  const expected = await collectZnodes(source.readSubtree('/', { includeSystem: true }))
  await source.close()
  // What the server of the original published for this tree.
  expect(manifest.digest?.computed).toBe(formatHex64(327264325498n))

  const { connectString, log } = await startFrom(dir, 'snapshot.180.gz')
  expect(findLoaded(log())).toEqual({ zxid: 0x180n, digest: BigInt(manifest.digest!.computed) })
  const live = await readLive(connectString)
  expect(live.map(asClientSees)).toEqual(expected.map(asClientSees))
})

test('a stock server serves values of every sort: null and empty, binary, unicode, large, many blocks, sessions', async () => {
  const tree = buildTree([
    { path: '/null', data: null },
    { path: '/empty', data: '' },
    { path: '/binary', data: Buffer.from(Array.from({ length: 256 }, (_, i) => i)) },
    { path: '/ünïcode/漢字 with spaces', data: 'naïve – ☃' },
    { path: '/session', kind: 'ephemeral', stat: { ephemeralOwner: 0x0100_0000_0000_1234n } },
    { path: '/ttl', kind: 'ttl', ttlMs: 86_400_000 },
    { path: '/container', kind: 'container', stat: { cversion: 7 } },
    { path: '/acl', acl: [{ perms: 21, scheme: 'digest', id: 'ops:c2VjcmV0' }] },
    ...Array.from({ length: 8 }, (_, i) => ({ path: `/large/n${i}`, data: Buffer.alloc(700_000, i) })),
    ...Array.from({ length: 3000 }, (_, i) => ({ path: `/many/n${String(i).padStart(6, '0')}`, data: `value ${i}` })),
  ])
  const { dir, manifest } = await store.write(tree, { zxid: 0x500000000n })
  // Large enough for a head that fills a room in front of the body: its gzip header has an extra field.
  expect(JSON.parse(await readFile(join(dir, 'index'), 'utf8')).head[1]).toBe(HEAD_ROOM_BYTES)
  const { connectString, log } = await startFrom(dir, 'snapshot.500000000.gz')
  expect(findLoaded(log())).toEqual({ zxid: 0x500000000n, digest: BigInt(manifest.digest!.computed) })
  const live = (await readLive(connectString)).filter((znode) => !znode.path.startsWith('/zookeeper'))
  expect(live.map(asClientSees)).toEqual(tree.map(asClientSees))
})
