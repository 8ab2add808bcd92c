import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createFileArchives } from '../../lib/adapters/archive/file-archives.ts'
import type { ZnodeStream } from '../../lib/domain/znode/znode.ts'
import { startZooKeeper, type ZooKeeperServer } from '../../lib/testing/zookeeper-server.ts'
import { benchTree } from './bench-tree.ts'
import { benchFollow } from './follow-part.ts'
import { RESTORE_STAGES } from './limit-tasks.ts'
import { benchLogIndex } from './log-index-part.ts'
import { benchIndex, benchNative, NATIVE_PARTS } from './native-parts.ts'
import { benchObserver } from './observer-part.ts'
import { type Measure, RESTORED_ROOT, runTask } from './tasks.ts'
import { benchWorker } from './worker-part.ts'

/**
 * `npm run bench [-- --sizes 100000,1000000 --rounds 3 --only backup,observer,follow,worker,diff,restore,limits,native,index,logindex]`
 * Each measurement is a process of its own, so that its peak RSS is its own; what is compared runs in turn, A B A B, in this one run.
 * Figures are for comparing within a run: ratios and medians, never absolute times against another machine.
 */
const SELF = fileURLToPath(import.meta.url)
/** What `npm start` and the command line give to their processes (bin/internal/node-flags.mjs). */
const NODE_FLAGS = ['--max-semi-space-size=8']
const PARTS = ['backup', 'observer', 'follow', 'worker', 'diff', 'restore', 'limits', ...NATIVE_PARTS, 'logindex']
/** Parts that need no archives of each size. */
const ALONE = ['restore', 'limits', 'logindex']

const BENCH = { measure, report, print, median }

interface Options {
  sizes: number[]
  rounds: number
  only: string[]
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      sizes: { type: 'string', default: '100000,1000000' },
      rounds: { type: 'string', default: '3' },
      only: { type: 'string', default: PARTS.join(',') },
      task: { type: 'string' },
      input: { type: 'string' },
    },
  })
  if (values.task !== undefined) {
    process.stdout.write(`${JSON.stringify(await runTask(values.task, JSON.parse(values.input ?? '{}')))}\n`)
    return
  }
  const options = {
    sizes: values.sizes.split(',').map(Number),
    rounds: Number(values.rounds),
    only: values.only.split(','),
  }
  const unknown = options.only.find((part) => !PARTS.includes(part))
  if (unknown !== undefined) throw new Error(`--only takes ${PARTS.join(', ')}, not "${unknown}"`)
  for (const count of [options.rounds, ...options.sizes]) {
    if (!Number.isInteger(count) || count < 1) throw new Error('--sizes and --rounds take whole numbers from 1 on')
  }
  await runAll(options)
}

async function runAll(options: Options): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'arkeeper-bench-'))
  print(
    `${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}; ${options.rounds} rounds, medians`,
  )
  try {
    for (const size of options.only.some((part) => !ALONE.includes(part)) ? options.sizes : []) {
      header(`${size.toLocaleString('en')} znodes`)
      await benchBackupAndDiff(dir, size, options)
    }
    if (options.only.includes('logindex')) await benchLogIndex(BENCH, dir, Math.max(...options.sizes))
    if (options.only.includes('restore')) await benchRestore(dir, 100_000, options)
    if (options.only.includes('limits')) await benchLimits(dir, Math.max(...options.sizes))
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

async function benchBackupAndDiff(dir: string, size: number, { rounds, only }: Options): Promise<void> {
  const archives = createFileArchives()
  const edited = await writeTree(archives, join(dir, `edited-${size}`), size, 1000)
  const original = await writeTree(archives, join(dir, `original-${size}`), size, 0)
  if (only.includes('backup')) {
    const server = await startOn(join(dir, `server-${size}`), original)
    try {
      const connectString = server.connectString
      const bare: Measure[] = []
      const backup: Measure[] = []
      for (let round = 0; round < rounds; round++) {
        bare.push(await measure('bare-read', { port: server.port }))
        backup.push(await measure('backup', { connectString, parentDir: join(dir, `backups-${size}-${round}`) }))
      }
      report('bare reader', bare)
      report('backup, read back and verified', backup, bare)
    } finally {
      await server.stop()
    }
  }
  if (only.includes('diff')) {
    const diff: Measure[] = []
    for (let round = 0; round < rounds; round++) diff.push(await measure('diff', { left: original, right: edited }))
    report('diff of two archives (paths compared)', diff)
  }
  const archivesOfSize = { dir, size, original, edited, rounds }
  if (only.includes('observer')) await benchObserver(BENCH, archivesOfSize)
  if (only.includes('follow')) await benchFollow(BENCH, archivesOfSize)
  if (only.includes('worker')) await benchWorker(archivesOfSize)
  if (only.includes('native')) await benchNative(BENCH, archivesOfSize)
  if (only.includes('index')) await benchIndex(BENCH, archivesOfSize)
}

async function benchRestore(dir: string, size: number, { rounds }: Options): Promise<void> {
  header(`restore of ${size.toLocaleString('en')} znodes into an empty subtree`)
  // The whole of what the bare writer writes, below one path that can be mapped.
  const source = await writeTree(createFileArchives(), join(dir, 'restore-source'), size, 0, RESTORED_ROOT)
  const server = await startZooKeeper({ dataDir: join(dir, 'server-restore'), heapMegabytes: 4096 })
  try {
    const bare: Measure[] = []
    const whole: Measure[] = []
    const applied: Measure[] = []
    for (let round = 0; round < rounds; round++) {
      bare.push(await measure('bare-write', { port: server.port, size, root: `/bare-${round}` }))
      const restore = await measure('restore', {
        connectString: server.connectString,
        source,
        targetPath: `/restored-${round}`,
        dir: join(dir, `restore-${round}`),
      })
      whole.push(restore)
      applied.push({ ...restore, seconds: applyingOf(restore), parts: undefined })
    }
    report('bare pipelined multis', bare)
    report('restore, applying the plan', applied, bare)
    report('restore, from plan to verified', whole, bare)
  } finally {
    await server.stop()
  }
}

/** One plan of very many operations, and its undo: peak memory is what this is about, each stage in a process of its own. */
async function benchLimits(dir: string, size: number): Promise<void> {
  header(`one plan of ${size.toLocaleString('en')} operations, its run, and its undo`)
  const source = await writeTree(createFileArchives(), join(dir, 'limits-source'), size, 0, RESTORED_ROOT)
  const server = await startZooKeeper({ dataDir: join(dir, 'server-limits'), heapMegabytes: 4096 })
  const { connectString } = server
  try {
    for (const task of RESTORE_STAGES) {
      const input = {
        connectString,
        source,
        sourcePath: RESTORED_ROOT,
        targetPath: '/limits',
        dir: join(dir, 'limits'),
      }
      report(task, [await measure(task, input)])
    }
  } finally {
    await server.stop()
  }
}

function applyingOf({ parts }: Measure): number {
  const seconds = parts?.applying
  if (seconds === undefined) throw new Error('the restore did not tell how long applying took')
  return seconds
}

async function writeTree(
  archives: ReturnType<typeof createFileArchives>,
  parentDir: string,
  size: number,
  edits: number,
  root = '',
): Promise<string> {
  await mkdir(parentDir, { recursive: true })
  const archive = await archives.write({
    parentDir,
    stream: root === '' ? benchTree(size, { edits }) : belowRoot(benchTree(size, { edits, root })),
    describe: () => ({
      cluster: { name: 'bench', connectString: null, chroot: '/' },
      source: 'files',
      zookeeperVersion: null,
      scope: { paths: ['/'], kind: 'subtrees' },
      zxid: BigInt(size + 10),
      consistency: {
        class: 'exact',
        proof: 'quiet',
        from: `0x${(size + 10).toString(16)}`,
        to: `0x${(size + 10).toString(16)}`,
        moved: [],
      },
      unreadable: [],
    }),
    startedAtMs: Date.now(),
    now: Date.now,
  })
  return archive.dir
}

async function* belowRoot(stream: ZnodeStream): ZnodeStream & AsyncGenerator {
  for await (const batch of benchTree(1)) yield { ...batch, znodes: batch.znodes.slice(0, 1) }
  yield* stream
}

/** A stock server that starts on the archive's own snapshot: also the quickest way to a million znodes. */
async function startOn(dataDir: string, archive: string): Promise<ZooKeeperServer> {
  const reader = await createFileArchives().open(archive)
  await reader.close()
  const snapshot = reader.manifest.files.find((file) => file.name.startsWith('snapshot.'))
  if (!snapshot) throw new Error('the archive holds no snapshot')
  await mkdir(join(dataDir, 'version-2'), { recursive: true })
  await copyFile(join(archive, snapshot.name), join(dataDir, 'version-2', snapshot.name))
  return startZooKeeper({ dataDir, heapMegabytes: 4096 })
}

async function measure(task: string, input: Record<string, unknown>): Promise<Measure> {
  const child = spawn(process.execPath, [...NODE_FLAGS, SELF, '--task', task, '--input', JSON.stringify(input)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  const [code, signal] = await once(child, 'close')
  if (code !== 0) throw new Error(`the ${task} measurement ended with ${signal ?? code}`)
  const measured: Measure = JSON.parse(output)
  const figures = [measured.znodes, measured.seconds, measured.cpuSeconds, measured.peakRssBytes]
  if (!figures.every((figure) => Number.isFinite(figure) && figure > 0)) {
    throw new Error(`the ${task} measurement gave no figures: ${output.trim()}`)
  }
  return measured
}

function report(name: string, runs: readonly Measure[], against?: readonly Measure[]): void {
  const rate = median(runs.map((run) => run.znodes / run.seconds))
  const rss = Math.max(...runs.map((run) => run.peakRssBytes)) / 2 ** 20
  const ratio = against
    ? median(runs.map((run, i) => run.znodes / run.seconds / (against[i]!.znodes / against[i]!.seconds)))
    : null
  row(name, [
    Math.round(rate).toLocaleString('en'),
    median(runs.map((run) => (run.cpuSeconds * 1e6) / run.znodes)).toFixed(1),
    Math.round(rss).toString(),
    ratio === null ? '' : ratio.toFixed(2),
  ])
  for (const part of Object.keys(runs[0]?.parts ?? {})) {
    print(`    ${part}: ${median(runs.map((run) => run.parts?.[part] ?? 0)).toFixed(2)} s`)
  }
}

function row(name: string, cells: readonly string[]): void {
  print(`  ${name.padEnd(40)}${cells.map((cell) => cell.padStart(14)).join('')}`)
}

function header(title: string): void {
  print(`\n${title}`)
  row('', ['znodes/s', 'CPU µs/znode', 'peak RSS MB', 'ratio'])
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

await main()
