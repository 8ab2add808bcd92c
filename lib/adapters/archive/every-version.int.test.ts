import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { OPEN_ACL } from '../../domain/znode/acl.ts'
import { asClientSees, findLoaded, readLive } from '../../testing/live-view.ts'
import { buildTree, collectZnodes } from '../../testing/znode-builder.ts'
import { findCachedVersions, startZooKeeper, type ZooKeeperServer } from '../../testing/zookeeper-server.ts'
import type { ClusterConnection } from '../zookeeper/connection.ts'
import { createZooKeeper } from '../zookeeper/zookeeper.ts'
import { TempStore } from './archive-builder.ts'
import { inspectPath } from './inspect-path.ts'

/** 3.8.0 with Debian; elsewhere what is installed, which says itself what it is. */
const INSTALLED = 'installed'
const SESSION = 0x0100_0000_0000_1234n
const ZXID = 0x500n
/** Written for the sake of writing, where only that makes a server take a snapshot. */
const TICKS = '/ticks'
const MATRIX_HEAD = ['ZooKeeper', 'starts on our archive', 'kinds', 'tree digest', 'its snapshots read by us']

/** The installed server, always; one of each line where `npm run zookeepers` has fetched it. */
const VERSIONS = [{ version: INSTALLED, cached: true }, ...findCachedVersions()]
const rows: string[][] = []

let store: TempStore
let dataDir: string
let server: ZooKeeperServer | null = null

beforeEach(async () => {
  store = await TempStore.create()
  dataDir = await mkdtemp(join(tmpdir(), 'arkeeper-data-'))
  await mkdir(join(dataDir, 'version-2'))
})
afterEach(async () => {
  await server?.stop()
  server = null
  await store.remove()
  await rm(dataDir, { recursive: true, force: true })
})
afterAll(() => {
  for (const { version } of VERSIONS.filter((one) => !one.cached)) {
    rows.push([version, 'skipped: not fetched (`npm run zookeepers`)', '', '', ''])
  }
  rows.sort(([a = ''], [b = '']) => a.localeCompare(b, 'en', { numeric: true }))
  const lines = [MATRIX_HEAD, MATRIX_HEAD.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`)
  process.stdout.write(`\n${lines.join('')}`)
})

/** What the line can do, by its minor version. */
function featuresOf(version: string) {
  const minor = version === INSTALLED ? 8 : Number(version.split('.')[1])
  return {
    extendedKinds: minor >= 5,
    snapshotAtStart: minor >= 5,
    compression: minor >= 6,
    digest: minor >= 6,
    lastZxid: minor >= 9,
  }
}

async function restart(version: string, compression = ''): Promise<ZooKeeperServer> {
  await server?.stop()
  server = await startZooKeeper({
    dataDir,
    version: version === INSTALLED ? undefined : version,
    javaProperties: {
      'zookeeper.skipACL': 'yes',
      'znode.container.checkIntervalMs': '3600000',
      'org.slf4j.simpleLogger.defaultLogLevel': 'info',
      // Only where a start takes none: a snapshot in the middle of writes may leave the next one without a digest.
      ...(featuresOf(version).snapshotAtStart ? {} : { 'zookeeper.snapCount': '20' }),
      ...(compression ? { 'zookeeper.snapshot.compression.method': compression } : {}),
    },
  })
  return server
}

function sampleTree(extendedKinds: boolean) {
  return buildTree([
    { path: '/null', data: null },
    { path: '/empty', data: '' },
    { path: '/binary', data: Buffer.from(Array.from({ length: 256 }, (_, i) => i)) },
    { path: '/ünïcode/漢字 with spaces', data: 'naïve – ☃' },
    { path: '/session', kind: 'ephemeral', stat: { ephemeralOwner: SESSION } },
    { path: '/queue', stat: { cversion: 41 } },
    { path: '/acl/none', acl: [] },
    { path: '/acl/digest', acl: [{ perms: 21, scheme: 'digest', id: 'ops:c2VjcmV0' }] },
    {
      path: '/acl/many',
      acl: [
        { perms: 31, scheme: 'ip', id: '10.0.0.0/8' },
        { perms: 1, scheme: 'world', id: 'anyone' },
      ],
    },
    { path: TICKS, data: '' },
    { path: '/versions', data: 'v', stat: { version: 7, aversion: 3, mzxid: 0x123n, pzxid: 0x124n } },
    { path: '/large', data: Buffer.alloc(700_000, 7) },
    ...Array.from({ length: 2000 }, (_, i) => ({ path: `/many/n${String(i).padStart(6, '0')}`, data: `value ${i}` })),
    ...(extendedKinds
      ? ([
          { path: '/ttl', kind: 'ttl', ttlMs: 86_400_000 },
          { path: '/container', kind: 'container', stat: { cversion: 7 } },
        ] as const)
      : []),
  ])
}

/** Changes of every sort that a client of the version can make, through the client port. */
async function change(client: ClusterConnection, extendedKinds: boolean): Promise<void> {
  const acl = [{ perms: 31, scheme: 'digest', id: 'new:aGFzaA==' }]
  const done = async (outcome: Promise<{ kind: string }>) => expect((await outcome).kind).toBe('done')
  const create = (path: string, data: Uint8Array | null, more: object = {}) =>
    done(client.create({ path, data, acl: OPEN_ACL, kind: 'persistent', ...more }))
  await create('/written', Buffer.from('by this version'))
  await create('/written/ünï', Buffer.from('☃'))
  await create('/written/guarded', Buffer.from([0, 255]), { acl })
  await create('/written/gone', Buffer.from('x'))
  if (extendedKinds) {
    await create('/written/container', Buffer.from('c'), { kind: 'container' })
    await create('/written/ttl', Buffer.from('t'), { kind: 'ttl', ttlMs: 3_600_000 })
  }
  await done(client.multi([{ op: 'delete', path: '/written/gone', version: -1 }]))
  await done(client.multi([{ op: 'setData', path: '/null', data: Buffer.from('no more'), version: 0 }]))
  await done(client.setAcl('/empty', acl, 0))
}

describe.each(VERSIONS)('ZooKeeper $version', ({ version, cached }) => {
  const features = featuresOf(version)

  test.skipIf(!cached)('starts on an archive of ours, and what it writes is read by us', async () => {
    const sessions = new Map([[SESSION, 600_000]])
    const { dir, manifest } = await store.write(sampleTree(features.extendedKinds), { zxid: ZXID, sessions })
    const archive = await store.archives.open(dir)
    const expected = await collectZnodes(archive.readSubtree('/', { includeSystem: true }))
    await archive.close()
    const snapshot = join(dataDir, 'version-2', features.compression ? 'snapshot.500.gz' : 'snapshot.500')
    const packed = createReadStream(join(dir, 'snapshot.500.gz'))
    const target = createWriteStream(snapshot)
    await (features.compression ? pipeline(packed, target) : pipeline(packed, createGunzip(), target))

    let { connectString, log } = await restart(version)
    expect((await readLive(connectString)).map(asClientSees)).toEqual(expected.map(asClientSees))
    const loaded = features.digest ? { zxid: ZXID, digest: BigInt(manifest.digest!.computed) } : null
    expect(findLoaded(log())).toEqual(loaded)

    const client = await createZooKeeper().connect({ connectString })
    const queue = { path: '/queue/n-', data: null, acl: OPEN_ACL, kind: 'persistent', sequential: true } as const
    expect(await client.create(queue)).toMatchObject({ kind: 'done', path: '/queue/n-0000000041' })
    const actual = version === INSTALLED ? (client.serverVersion ?? version) : version
    await change(client, features.extendedKinds)
    await client.close()

    const read: string[] = []
    for (const compression of features.compression ? ['', 'gz', 'snappy'] : ['']) {
      ;({ connectString, log } = await restart(version, compression))
      if (!features.snapshotAtStart) await writeUntilSnapshot(connectString)
      const live = await readLive(connectString)
      const found = await store.archives.openPath(dataDir)
      const stored = await collectZnodes(found.readSubtree('/', { includeSystem: true }))
      await found.close()
      const seen = (znodes: typeof live) => znodes.filter(({ path }) => path !== TICKS).map(asClientSees)
      expect(seen(stored), compression).toEqual(seen(live))
      if (features.extendedKinds) {
        expect(stored.find((znode) => znode.path === '/written/container')).toMatchObject({ kind: 'container' })
        expect(stored.find((znode) => znode.path === '/written/ttl')).toMatchObject({ kind: 'ttl', ttlMs: 3_600_000 })
      }
      expect(stored.find((znode) => znode.path === '/session')).toMatchObject({ kind: 'ephemeral' })
      await expectSound(compression, featuresOf(actual))
      read.push(compression || 'plain')
    }
    rows.push([
      actual,
      features.compression ? 'as it is' : 'unpacked (`gunzip`)',
      features.extendedKinds ? 'all' : 'persistent, ephemeral (the line knows no others)',
      features.digest ? 'equal' : 'none in this line',
      read.join(', '),
    ])
  })

  if (features.compression) return
  test.skipIf(!cached)('does not see a packed snapshot and starts empty, as every server before 3.6', async () => {
    const { dir } = await store.write(sampleTree(false), { zxid: ZXID })
    await pipeline(
      createReadStream(join(dir, 'snapshot.500.gz')),
      createWriteStream(join(dataDir, 'version-2', 'snapshot.500.gz')),
    )
    const { connectString } = await restart(version)
    const paths = (await readLive(connectString)).map((znode) => znode.path)
    expect(paths.filter((path) => !path.startsWith('/zookeeper'))).toEqual(['/'])
  })
})

async function listSnapshots(): Promise<string[]> {
  const zxidOf = (name: string) => Number.parseInt(name.split('.')[1]!, 16)
  const names = (await readdir(join(dataDir, 'version-2'))).filter((name) => name.startsWith('snapshot.'))
  return names.sort((a, b) => zxidOf(b) - zxidOf(a))
}

/** A server before 3.5 takes none when it starts, only after so many writes, and beside them: it may or may not see the last one. */
async function writeUntilSnapshot(connectString: string): Promise<void> {
  const before = (await listSnapshots()).length
  const client = await createZooKeeper().connect({ connectString })
  while ((await listSnapshots()).length === before) {
    await client.multi([{ op: 'setData', path: TICKS, data: null, version: -1 }])
  }
  await client.close()
  const [newest] = await listSnapshots()
  await expect
    .poll(() => inspectPath(join(dataDir, 'version-2', newest!)), { timeout: 60_000 })
    .toMatchObject({ problems: [] })
}

/** The newest snapshot in the data directory, as `arkeeper inspect` sees it. */
async function expectSound(compression: string, features: ReturnType<typeof featuresOf>): Promise<void> {
  const [newest] = await listSnapshots()
  const facts = await inspectPath(join(dataDir, 'version-2', newest!))
  expect(facts).toMatchObject({
    type: 'snapshot',
    compression: compression === 'gz' ? 'gzip' : compression || 'none',
    checksum: { ok: true },
    problems: [],
    digest: features.digest ? { match: true } : null,
  })
  if (facts.type === 'snapshot') expect(facts.lastZxid !== null).toBe(features.lastZxid)
}
