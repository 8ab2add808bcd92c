import { mkdir } from 'node:fs/promises'
import { createAdminServer } from '../../lib/adapters/adminserver/create-admin-server.ts'
import { createFileArchives } from '../../lib/adapters/archive/file-archives.ts'
import { createScratch } from '../../lib/adapters/scratch/create-scratch.ts'
import { createObserver } from '../../lib/adapters/zookeeper/create-observer.ts'
import { createZooKeeper } from '../../lib/adapters/zookeeper/zookeeper.ts'
import { systemClock } from '../../lib/base/clock.ts'
import { diffStreams } from '../../lib/domain/diff/diff-streams.ts'
import { readScratchSettings } from '../../lib/runtime/env.ts'
import type { EngineContext } from '../../lib/services/context.ts'
import { executeRestore } from '../../lib/services/engine/execute-restore.ts'
import { planRestoreTo } from '../../lib/services/engine/plan-restore-to.ts'
import { takeBackup } from '../../lib/services/engine/take-backup.ts'
import { type BareCreate, bareRead, bareWrite } from './bare-client.ts'
import { benchTree } from './bench-tree.ts'
import { copyStream, type FollowInput, followLog, writeStream } from './follow-part.ts'
import { type RestoreStageInput, runRestoreStage } from './limit-tasks.ts'
import { findInLogs, type LogIndexInput, writeLogs } from './log-index-part.ts'
import { type NativeInput, openPaths, readNative, writeNative } from './native-tasks.ts'
import { observe, receiveBare } from './observer-part.ts'

export interface Measure {
  readonly znodes: number
  readonly seconds: number
  /** Of this process, on all cores: tells a busy machine from slow work. */
  readonly cpuSeconds: number
  readonly peakRssBytes: number
  /** Seconds of the stages, where the work has any. */
  readonly parts?: Readonly<Record<string, number>>
  /** Milliseconds of each of many small things. */
  readonly times?: readonly number[]
}

interface Input extends NativeInput, LogIndexInput, RestoreStageInput, FollowInput {
  port: number
  connectString: string
  left: string
  right: string
  root: string
  source: string
  targetPath: string
  dir: string
  quorumPort: number
}

/** Where the tree of the restore lies in its archive. */
export const RESTORED_ROOT = '/source'

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
const context: EngineContext = {
  zookeeper: createZooKeeper(),
  adminServers: createAdminServer(),
  observers: createObserver(),
  archives: createFileArchives(),
  scratch: createScratch(readScratchSettings({})),
  clock: systemClock,
  log: quiet,
}

export async function runTask(task: string, input: Input): Promise<Measure> {
  const started = performance.now()
  const startedCpu = cpuSecondsNow()
  const done = (znodes: number, since = started): Measure => ({
    znodes,
    seconds: (performance.now() - since) / 1000,
    cpuSeconds: cpuSecondsNow() - startedCpu,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
  })
  switch (task) {
    case 'bare-read':
      return done((await bareRead(input.port, { sessions: 8, batch: 64, inFlight: 4096 })).znodes)
    case 'backup': {
      await mkdir(input.parentDir, { recursive: true })
      const taken = await takeBackup(context, {
        target: { connectString: input.connectString },
        clusterName: 'bench',
        paths: [],
        parentDir: input.parentDir,
      })
      return done(taken.manifest.znodes)
    }
    case 'diff': {
      const [left, right] = await Promise.all([context.archives.open(input.left), context.archives.open(input.right)])
      const diff = diffStreams(left.readSubtree('/'), right.readSubtree('/'), {})
      let changes = 0
      for await (const batch of diff.changes) changes += batch.length
      if (changes === 0) throw new Error('the two archives of the benchmark must differ')
      await Promise.all([left.close(), right.close()])
      return done(diff.counts().compared)
    }
    case 'diff-files': {
      const [left, right] = [await context.archives.openPath(input.left), await context.archives.openPath(input.right)]
      const diff = diffStreams(left.readSubtree('/'), right.readSubtree('/'), {})
      for await (const _batch of diff.changes);
      await Promise.all([left.close(), right.close()])
      return done(diff.counts().compared)
    }
    case 'read-native':
      return done(await readNative(input))
    case 'write-native':
      return done(await writeNative(input))
    case 'index': {
      const times = await openPaths(input)
      return { ...done(times.length), times }
    }
    case 'log-write':
      return done(await writeLogs(input))
    case 'log-find': {
      const { times, scan } = await findInLogs(input)
      return { ...done(times.length), times, parts: { scan } }
    }
    case 'observe-bare':
      return done(await receiveBare(input.quorumPort))
    case 'observe': {
      const { znodes, parts } = await observe(context, input)
      return { ...done(znodes), parts }
    }
    case 'follow-log':
      return done(await writeStream(input))
    case 'follow-bare':
      return done(await copyStream(input))
    case 'follow': {
      const { transactions, since, cpuSeconds } = await followLog(context, input)
      return { ...done(transactions, since), cpuSeconds }
    }
    case 'bare-write': {
      // Reading the tree beforehand: the yardstick is the pipeline of multis alone.
      const creates: BareCreate[] = []
      for await (const batch of benchTree(input.size, { root: input.root })) {
        for (const znode of batch.znodes) creates.push({ path: znode.path, data: znode.data ?? new Uint8Array() })
      }
      const since = performance.now()
      return done(await bareWrite(input.port, creates, { opsMax: 1000, bytesMax: 512 * 1024, window: 8 }), since)
    }
    case 'restore':
      return restore(input, done)
    case 'plan':
    case 'run':
    case 'plan-undo':
    case 'run-undo':
      return done(await runRestoreStage(context, task, input))
    default:
      throw new Error(`no such task: ${task}`)
  }
}

function cpuSecondsNow(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** The whole of what the product does, into a subtree that does not exist: plan, safety backup, apply, verify. */
async function restore(input: Input, done: (znodes: number) => Measure): Promise<Measure> {
  const target = { connectString: input.connectString }
  const source = await context.archives.open(input.source)
  const connection = await context.zookeeper.connect(target)
  const marks: [stage: string, at: number][] = [['Planning', performance.now()]]
  const onProgress = ({ stage }: { stage: string }) => {
    if (marks.at(-1)?.[0] !== stage) marks.push([stage, performance.now()])
  }
  const plan = await planRestoreTo(context, {
    source,
    connection,
    target,
    names: { source: 'bench', target: 'bench' },
    scope: { kind: 'subtree', path: RESTORED_ROOT, targetPath: input.targetPath },
    mode: 'update',
    onConflict: 'stop',
    dir: input.dir,
  })
  const report = await executeRestore(context, {
    dir: input.dir,
    target,
    safetyParentDir: `${input.dir}-safety`,
    run: 'bench',
    onProgress,
  })
  await Promise.all([source.close(), connection.close()])
  if (!report.verified || report.applied !== plan.steps)
    throw new Error(`the restore of the benchmark failed: ${JSON.stringify(report)}`)
  marks.push(['end', performance.now()])
  const parts: Record<string, number> = {}
  for (const [i, [stage, at]] of marks.slice(0, -1).entries()) {
    const seconds = (marks[i + 1]![1] - at) / 1000
    parts[stage === 'Writing' ? 'applying' : stage.toLowerCase()] = (parts[stage.toLowerCase()] ?? 0) + seconds
  }
  return { ...done(report.applied), parts }
}
