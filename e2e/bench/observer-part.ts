import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { BodySkim } from '../../lib/adapters/zookeeper/internal/quorum/body-skim.ts'
import { PACKET, PacketReader } from '../../lib/adapters/zookeeper/internal/quorum/packet-reader.ts'
import { QuorumWriter } from '../../lib/adapters/zookeeper/internal/quorum/quorum-writer.ts'
import { createZooKeeper } from '../../lib/adapters/zookeeper/zookeeper.ts'
import { OPEN_ACL } from '../../lib/domain/znode/acl.ts'
import type { EngineContext } from '../../lib/services/context.ts'
import { takeObserverBackup } from '../../lib/services/engine/take-observer-backup.ts'
import { findFreePort, startZooKeeper, type ZooKeeperServer } from '../../lib/testing/zookeeper-server.ts'
import type { Bench, TwoArchives } from './native-parts.ts'
import { snapshotIn } from './native-tasks.ts'
import type { Measure } from './tasks.ts'

export interface ObserverInput {
  readonly quorumPort: number
  readonly parentDir: string
}

/** What a leader sends, received and thrown away, against a verified archive of it. Both ask the same leader, in turn. */
export async function benchObserver(bench: Bench, { dir, size, original, rounds }: TwoArchives): Promise<void> {
  const { server, quorumPort } = await startLeader(join(dir, `leader-${size}`), snapshotIn(original, size))
  try {
    const bare: Measure[] = []
    const backup: Measure[] = []
    for (let round = 0; round < rounds; round++) {
      const parentDir = join(dir, `observed-${size}-${round}`)
      bare.push(await bench.measure('observe-bare', { quorumPort, size }))
      backup.push(await bench.measure('observe', { quorumPort, parentDir }))
    }
    bench.report("a leader's tree, received and thrown away", bare)
    bench.report('backup by listening, read back, verified', backup, bare)
  } finally {
    await server.stop()
  }
}

/** An ensemble of one voter: it leads as any other does, and its tree lies in memory once. */
export async function startLeader(
  dataDir: string,
  snapshot: string,
): Promise<{ server: ZooKeeperServer; quorumPort: number }> {
  await mkdir(join(dataDir, 'version-2'), { recursive: true })
  await copyFile(snapshot, join(dataDir, 'version-2', snapshot.slice(snapshot.lastIndexOf('/') + 1)))
  await writeFile(join(dataDir, 'myid'), '1')
  const [quorumPort, electionPort] = [await findFreePort(), await findFreePort()]
  const config = {
    standaloneEnabled: 'false',
    'server.1': `127.0.0.1:${quorumPort}:${electionPort}`,
    initLimit: '60',
    syncLimit: '60',
  }
  const server = await startZooKeeper({ dataDir, heapMegabytes: 4096, config, startTimeoutMs: 600_000 })
  // A leader that has led for a while: of one that has just begun, the tree is asked for the last change.
  const client = await createZooKeeper().connect({ connectString: server.connectString })
  await client.create({ path: '/lately', data: null, acl: OPEN_ACL, kind: 'persistent' })
  await client.close()
  return { server, quorumPort }
}

/** Znodes that were received. Nothing is kept, and only lengths are looked at. */
export function receiveBare(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port })
    const writer = new QuorumWriter(socket)
    const packets = new PacketReader()
    const skim = new BodySkim()
    let isBody = false
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the leader closed the connection')))
    socket.on('connect', () => writer.observerInfo())
    socket.on('data', (chunk) => {
      for (let at = 0; at < chunk.length && !skim.isDone; ) {
        at = isBody ? skim.push(chunk, at) : packets.push(chunk, at)
        const packet = packets.take()
        if (packet?.type === PACKET.leaderInfo) writer.ackEpoch(packet.zxid, 0n)
        if (packet?.type === PACKET.snapshot) isBody = true
      }
      if (!skim.isDone) return
      socket.removeAllListeners()
      socket.destroy()
      resolve(skim.nodes)
    })
  })
}

/** Znodes, and how long each stage took. */
export async function observe(
  context: EngineContext,
  { quorumPort, parentDir }: ObserverInput,
): Promise<{ znodes: number; parts: Record<string, number> }> {
  const marks: [stage: string, at: number][] = []
  await mkdir(parentDir, { recursive: true })
  const { manifest } = await takeObserverBackup(context, {
    quorum: { servers: [{ host: '127.0.0.1', port: quorumPort }] },
    target: null,
    clusterName: 'bench',
    paths: [],
    parentDir,
    onProgress: ({ stage }) => {
      if (marks.at(-1)?.[0] !== stage) marks.push([stage, performance.now()])
    },
  })
  marks.push(['end', performance.now()])
  const parts: Record<string, number> = {}
  for (const [i, [stage, at]] of marks.slice(0, -1).entries()) {
    parts[stage.toLowerCase()] = (marks[i + 1]![1] - at) / 1000
  }
  return { znodes: manifest.znodes, parts }
}
