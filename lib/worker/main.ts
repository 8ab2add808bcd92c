import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { formatErrorLine } from '../base/errors.ts'
import { getRuntime } from '../runtime/runtime.ts'
import { runDueCheckpoint } from '../services/audit/run-checkpoint.ts'
import { scratchDirOf } from '../services/drills/run-drill.ts'
import { sweepUploads } from '../services/imports/uploads.ts'
import { lookAtBuiltIn } from '../services/stores/run-due-stores.ts'
import { sweepStores } from '../services/stores/sweep-stores.ts'
import { sweepWorkFolders } from '../services/sweep-work-folders.ts'
import { listDueWork } from './due-work.ts'
import { WorkerLoop } from './loop.ts'
import { Poller } from './poller.ts'
import { startProbes } from './probes.ts'
import { createQueue } from './queue.ts'
import { createWork } from './work-on-job.ts'

/** A long backup must not keep a restore waiting; more at once would only share one processor. */
const SLOTS = 2
/** Below the ten seconds that whoever supervises the process grants before it kills. */
const STOP_TIMEOUT_MS = 8_000

async function main(): Promise<void> {
  const runtime = await getRuntime('worker')
  const { log, db } = runtime
  const name = `${hostname()}:${process.pid}:${randomBytes(4).toString('hex')}`
  const queue = createQueue(db, runtime.clock, { name, host: hostname(), pid: process.pid })
  const system = { kind: 'system', id: null, name: 'worker', role: 'admin' } as const
  const own = runtime.contextFor(system)
  const sweepStore = async () => {
    const removed = await sweepStores(own)
    if (removed > 0) log.warn({ removed }, 'Removed unfinished archives of a worker that stopped')
    await sweepUploads(own).catch((error: unknown) => {
      log.warn({ error: formatErrorLine(error) }, 'Uploads that nobody reads any more could not be looked for')
    })
    await sweepWorkFolders(own).catch((error: unknown) => {
      log.warn(
        { error: formatErrorLine(error) },
        'Files of work that is no longer in the catalog could not be looked for',
      )
    })
    const scratch = await own.scratch.sweep(scratchDirOf(own))
    if (scratch > 0) log.warn({ scratch }, 'Removed scratch servers of a worker that stopped')
  }
  const loop = new WorkerLoop({ queue, work: createWork(runtime), log, slots: SLOTS, onSwept: sweepStore })
  await sweepStore()
  // Of several that start at once, one is enough.
  await lookAtBuiltIn(own).catch((error: unknown) => {
    log.warn({ error: formatErrorLine(error) }, 'The built-in folder is looked at later')
  })
  const contextFor = (signal: AbortSignal) => runtime.contextFor(system, { signal })
  const dueWork = Object.values(listDueWork(name))
  const pollers = dueWork.map(
    ({ runDue, fault, actorName = system.name }) =>
      new Poller({
        contextFor: (signal) => ({ ...contextFor(signal), actor: { ...system, name: actorName } }),
        runDue,
        fault,
      }),
  )

  let stopped: Promise<void> | null = null
  const stop = (signal: NodeJS.Signals) => {
    log.info({ signal }, 'The worker stops')
    globalThis.arkeeperStopping = true
    stopped ??= Promise.all([loop.stop(STOP_TIMEOUT_MS), ...pollers.map((poller) => poller.stop())])
      .then(() => Promise.all(dueWork.map(({ end }) => end?.())))
      .then(() => undefined)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)

  log.info({ worker: name, slots: SLOTS }, 'The worker is ready')
  for (const poller of pollers) poller.start()
  const probes = await startProbes(runtime)
  await loop.run()
  await stopped
  await probes.close()
  await queue.gone()
  await runDueCheckpoint(own, { now: true }).catch((error: unknown) => {
    log.warn({ error: formatErrorLine(error) }, 'The audit could not be signed at the end')
  })
  await runtime.close()
  process.exit(0)
}

main().catch((error: unknown) => {
  process.stderr.write(`worker: ${formatErrorLine(error)}\n`)
  process.exit(1)
})
