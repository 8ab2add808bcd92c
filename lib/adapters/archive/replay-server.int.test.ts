import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { OPEN_ACL } from '../../domain/znode/acl.ts'
import { LiveTree } from '../../testing/live-tree.ts'
import { asClientSees, findLoaded, readLive } from '../../testing/live-view.ts'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { collectZnodes } from '../../testing/znode-builder.ts'
import { findCachedVersions, startZooKeeper, type ZooKeeperServer } from '../../testing/zookeeper-server.ts'
import { createZooKeeper } from '../zookeeper/zookeeper.ts'
import { openDataDir } from './open-data-dir.ts'
import { verifyPath } from './verify-path.ts'
import { writeNative } from './write-native.ts'

let dir: string
let servers: ZooKeeperServer[]
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-replay-'))
  servers = []
})
afterEach(async () => {
  for (const server of servers) await server.stop()
  await rm(dir, { recursive: true, force: true })
})

async function start(dataDir: string, version?: string): Promise<ZooKeeperServer> {
  const server = await startZooKeeper({
    dataDir,
    version,
    config: { snapCount: '60', preAllocSize: '64' },
    javaProperties: {
      'zookeeper.skipACL': 'yes',
      'zookeeper.extendedTypesEnabled': 'true',
      'zookeeper.preAllocSize': '64',
      'zookeeper.snapCount': '60',
      'znode.container.checkIntervalMs': '3600000',
      'org.slf4j.simpleLogger.defaultLogLevel': 'info',
    },
  })
  servers.push(server)
  return server
}

/** Some of everything: creations of all kinds, changes, deletions, multis, failures, a quota. */
async function write(
  connectString: string,
  { random, rounds, extendedKinds = true }: { random: SeededRandom; rounds: number; extendedKinds?: boolean },
): Promise<void> {
  const client = await createZooKeeper().connect({ connectString })
  try {
    const tree = new LiveTree(client)
    const base = `/r${random.seed}`
    await tree.create(base, 'base')
    const quota = `/zookeeper/quota${base}`
    await tree.create(quota, '')
    await tree.create(`${quota}/zookeeper_limits`, 'count=100,bytes=1000')
    await tree.create(`${quota}/zookeeper_stats`, 'count=0,bytes=0')
    await tree.create(`${base}/ünï ✓`, null)
    // Its session is closed below, and with it the znode goes.
    await client.create({ path: `${base}/ephemeral`, data: null, acl: OPEN_ACL, kind: 'ephemeral' })
    if (extendedKinds) await client.create({ path: `${base}/container`, data: null, acl: OPEN_ACL, kind: 'container' })
    if (extendedKinds)
      await client.create({
        path: `${base}/ttl`,
        data: Buffer.from('t'),
        acl: OPEN_ACL,
        kind: 'ttl',
        ttlMs: 86_400_000,
      })
    for (let i = 0; i < rounds; i++) {
      const path = `${base}/n${random.below(20)}`
      const dice = random.below(6)
      if (dice < 2)
        await client.create({ path, data: random.bytes(random.below(50)), acl: OPEN_ACL, kind: 'persistent' })
      else if (dice === 2) await client.multi([{ op: 'setData', path, data: random.bytes(9), version: -1 }])
      else if (dice === 3) await client.multi([{ op: 'delete', path, version: -1 }])
      else if (dice === 4)
        await client.setAcl(path, [{ perms: 1 + random.below(31), scheme: 'world', id: 'anyone' }], -1)
      else {
        await client.multi([
          { op: 'setData', path: base, data: random.bytes(5), version: -1 },
          { op: 'delete', path, version: random.below(3) },
        ])
      }
    }
  } finally {
    await client.close()
  }
}

const INSTALLED = '3.8.0'
/** The installed server, always; one of each line where `npm run zookeepers` has fetched it. */
const VERSIONS = [{ version: INSTALLED, cached: true }, ...findCachedVersions()]

describe.each(VERSIONS)('ZooKeeper $version', ({ version, cached }) => {
  const minor = Number(version.split('.')[1])
  const given = version === INSTALLED ? undefined : version

  test.skipIf(!cached)(
    'the directory of a running, a killed and a stopped server is what its clients read',
    async () => {
      const dataDir = join(dir, 'data')
      await mkdir(dataDir)
      const first = await start(dataDir, given)
      const holder = await createZooKeeper().connect({ connectString: first.connectString, sessionTimeoutMs: 40_000 })
      await holder.create({ path: '/held', data: Buffer.from('by a session'), acl: OPEN_ACL, kind: 'ephemeral' })
      const write150 = (server: ZooKeeperServer, seed: number) =>
        write(server.connectString, { random: new SeededRandom(seed), rounds: 150, extendedKinds: minor >= 5 })
      await write150(first, 1)
      const readDir = async () => {
        const tree = await openDataDir(dataDir)
        try {
          // Before 3.6 servers keep no digests: nothing contradicts, and nothing proves.
          const proven = minor >= 6 ? { exact: true, digest: { match: true } } : { digest: null }
          expect(tree.proof).toMatchObject({ problems: [], gaps: [], firstMismatch: null, ...proven })
          return (await collectZnodes(tree.readSubtree('/', { includeSystem: true }))).map(asClientSees)
        } finally {
          await tree.close()
        }
      }
      expect(await readDir()).toEqual((await readLive(first.connectString)).map(asClientSees))
      first.kill('SIGKILL')
      await first.stop()
      await holder.close()

      const second = await start(dataDir, given)
      await write150(second, 2)
      const live = (await readLive(second.connectString)).map(asClientSees)
      await second.stop()
      expect(await readDir()).toEqual(live)
      expect(await verifyPath(dataDir)).toMatchObject({ ok: true, checksumOk: true, problems: [] })
    },
  )
})

test.each(['', '.gz', '.snappy'])(
  'a stock server serves the file of a replay (snapshot.N%s) to any zxid, with the digest that its log had there',
  async (ending) => {
    const dataDir = join(dir, 'data')
    await mkdir(dataDir)
    const source = await start(dataDir)
    await write(source.connectString, { random: new SeededRandom(3), rounds: 120 })
    await source.stop()
    const latest = await openDataDir(dataDir)
    const zxid = latest.proof.zxid - 37n
    await latest.close()

    const tree = await openDataDir(dataDir, { to: zxid })
    const out = join(dir, 'restored')
    await mkdir(join(out, 'version-2'), { recursive: true })
    await writeNative(tree, join(out, 'version-2', `snapshot.${tree.proof.zxid.toString(16)}${ending}`))
    const expected = (await collectZnodes(tree.readSubtree('/', { includeSystem: true }))).map(asClientSees)
    await tree.close()

    const restored = await start(out)
    expect(findLoaded(restored.log())).toMatchObject({
      zxid,
      digest: tree.proof.digest?.expected ?? expect.any(BigInt),
    })
    expect((await readLive(restored.connectString)).map(asClientSees)).toEqual(expected)
    await restored.stop()

    // And it goes the same way from the whole directory: what a server makes of it is what we make of it.
    await cp(dataDir, join(dir, 'whole'), { recursive: true })
    const whole = await start(join(dir, 'whole'))
    const end = await openDataDir(dataDir)
    expect((await readLive(whole.connectString)).map(asClientSees)).toEqual(
      (await collectZnodes(end.readSubtree('/', { includeSystem: true }))).map(asClientSees),
    )
    await end.close()
  },
)
