import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { NODE_FLAGS, WORKER_MEMORY_ENV } from '../../bin/internal/node-flags.mjs'
import { createZooKeeper } from '../../lib/adapters/zookeeper/zookeeper.ts'
import { readEnv } from '../../lib/runtime/env.ts'
import { openRuntime } from '../../lib/runtime/runtime.ts'
import { addCluster } from '../../lib/services/clusters/add-cluster.ts'
import { setFollow } from '../../lib/services/follow/set-follow.ts'
import { SeededRandom } from '../../lib/testing/seeded-random.ts'
import type { FollowWorkerInput } from './worker-part.ts'

const WRITES = 100_000
const WINDOW = 400
const SAMPLE_MS = 200
const GROUP_ZNODES = 1000

/** A program of its own, so that the measurements do not load what only a worker needs. */
async function main(): Promise<void> {
  const { dir, size, quorumPort, connectString }: FollowWorkerInput = JSON.parse(process.argv[2] ?? '{}')
  await mkdir(dir)
  const env = {
    ARKEEPER_DATA_DIR: dir,
    ARKEEPER_SECRET_KEY: Buffer.alloc(32, 7).toString('base64'),
    LOG_LEVEL: 'warn',
  }
  const runtime = await openRuntime(() => readEnv(env))
  await runtime.db.user.create({ data: { id: 'bench', name: 'Bench', email: 'bench@example.org', role: 'admin' } })
  const admin = runtime.contextFor({ kind: 'user', id: 'bench', name: 'Bench', role: 'admin' })
  const { id: clusterId } = await addCluster(admin, { name: 'bench', connectString })
  await setFollow(admin, { clusterId, enabled: true, quorumServers: `127.0.0.1:${quorumPort}`, understood: true })
  const script = join(dirname(fileURLToPath(import.meta.url)), 'bench-worker.mjs')
  const worker = spawn(process.execPath, [...NODE_FLAGS, script], {
    env: { ...process.env, ...WORKER_MEMORY_ENV, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const row = () => runtime.db.clusterFollow.findUniqueOrThrow({ where: { clusterId } })
  const samples: number[] = []
  const memory = async () => samples.push(await residentMegabytes(worker.pid!))
  try {
    const settled = await until(async () => {
      await memory()
      const { state, baseZxid } = await row()
      return state === 'following' && baseZxid !== null
    })
    print(
      `  a worker that begins to follow ${size.toLocaleString('en')} znodes: ${settled.toFixed(1)} s, peak RSS ${Math.max(...samples)} MB`,
    )
    samples.length = 0
    const since = performance.now()
    const client = await createZooKeeper().connect({ connectString })
    const sampling = setInterval(() => void memory(), SAMPLE_MS)
    await write(client, size)
    const written = (performance.now() - since) / 1000
    const last = await client.sync('/')
    await until(async () => ((await row()).lastZxid ?? 0n) >= last)
    clearInterval(sampling)
    await client.close()
    print(
      `  the same under ${Math.round(WRITES / written).toLocaleString('en')} transactions/s: RSS median ${median(samples)} MB, peak ${Math.max(...samples)} MB`,
    )
  } finally {
    worker.kill('SIGTERM')
    await once(worker, 'exit')
    await runtime.close()
  }
}

async function write(client: Awaited<ReturnType<ReturnType<typeof createZooKeeper>['connect']>>, size: number) {
  const random = new SeededRandom(9)
  const groups = Math.max(1, Math.floor((size * 2) / 3 / (GROUP_ZNODES + 1)) - 1)
  for (let done = 0; done < WRITES; done += WINDOW) {
    const writes = Array.from({ length: WINDOW }, () => {
      const group = String(random.below(groups)).padStart(5, '0')
      const path = `/bench/group-${group}/znode-${String(random.below(GROUP_ZNODES)).padStart(4, '0')}`
      return client.multi([{ op: 'setData', path, data: random.bytes(200), version: -1 }])
    })
    await Promise.all(writes)
  }
}

/** Seconds until it holds. */
async function until(holds: () => Promise<boolean>): Promise<number> {
  const since = performance.now()
  while (!(await holds())) {
    if (performance.now() - since > 300_000) throw new Error('the worker of the benchmark does not come on')
    await pause(SAMPLE_MS)
  }
  return (performance.now() - since) / 1000
}

async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024)
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

await main()
