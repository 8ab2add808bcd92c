import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { formatErrorLine } from '../base/errors.ts'
import { getRuntime } from '../runtime/runtime.ts'
import { runDueAuditForward } from '../services/audit/forward-audit.ts'
import { runDueCheckpoint } from '../services/audit/run-checkpoint.ts'
import { runDueAuditWork } from '../services/audit/run-due-audit-work.ts'
import { scratchDirOf } from '../services/drills/run-drill.ts'
import { runDueDrills } from '../services/drills/run-due-drills.ts'
import { sweepUnlocks } from '../services/encryption/unlock.ts'
import { HealthRounds } from '../services/health/run-due-health.ts'
import { sweepUploads } from '../services/imports/uploads.ts'
import { runDueKeepRules } from '../services/keep-rules/run-due-keep-rules.ts'
import { runDueLogs } from '../services/logs/run-due-logs.ts'
import { runDueMigrations } from '../services/migrations/run-due-migrations.ts'
import { runDueRereads } from '../services/rereads/run-due-rereads.ts'
import { runDueSchedules } from '../services/schedules/run-due-schedules.ts'
import { runDueStores } from '../services/stores/run-due-stores.ts'
import { sweepStores } from '../services/stores/sweep-stores.ts'
import { sweepWorkFolders } from '../services/sweep-work-folders.ts'
import { createAlertPollers } from './alert-pollers.ts'
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
  const contextFor = (signal: AbortSignal) => runtime.contextFor(system, { signal })
  // It is due all the time, and a job a minute would bury those that people have started.
  const keeper = new Poller({
    contextFor,
    runDue: (context) => runDueLogs(context, name),
    fault: 'Which logs are due cannot be asked',
  })
  const drills = new Poller({
    contextFor: (signal) => ({ ...contextFor(signal), actor: { ...system, name: 'schedule' } }),
    runDue: (context) => runDueDrills(context, name),
    fault: 'Which drills are due cannot be asked',
  })
  const keepRules = new Poller({
    contextFor: (signal) => ({ ...contextFor(signal), actor: { ...system, name: 'keep rules' } }),
    runDue: (context) => runDueKeepRules(context, name),
    fault: 'Which keep rules are due cannot be asked',
  })
  // Of its own: a drill or a log that takes long must not make a backup late.
  const schedules = new Poller({
    contextFor: (signal) => ({ ...contextFor(signal), actor: { ...system, name: 'schedule' } }),
    runDue: (context) => runDueSchedules(context, name),
    fault: 'Which schedules are due cannot be asked',
  })
  const rereads = new Poller({
    contextFor: (signal) => ({ ...contextFor(signal), actor: { ...system, name: 'schedule' } }),
    runDue: (context) => runDueRereads(context, name),
    fault: 'Which archives are to be read again cannot be asked',
  })
  const migrations = new Poller({
    contextFor,
    runDue: (context) => runDueMigrations(context, name),
    fault: 'Which migrations are due cannot be asked',
  })

  const auditor = new Poller({
    contextFor,
    runDue: (context) => runDueAuditWork(context, name),
    fault: 'What is to be done for the audit cannot be asked',
  })

  // Of its own: a receiver that does not answer keeps nothing else waiting.
  const forwarder = new Poller({
    contextFor,
    runDue: (context) => runDueAuditForward(context, name),
    fault: 'Which entries of the audit are to be sent cannot be asked',
  })
  const alerts = createAlertPollers(contextFor, name)

  const rounds = new HealthRounds(name)
  const health = new Poller({
    contextFor,
    runDue: (context) => rounds.runDue(context),
    fault: 'Which clusters are to be looked at cannot be asked',
  })

  const locker = new Poller({
    contextFor,
    runDue: sweepUnlocks,
    fault: 'Which unlocked keys are over cannot be asked',
  })

  const stores = new Poller({
    contextFor,
    runDue: (context) => runDueStores(context, name),
    fault: 'Which stores are to be looked at cannot be asked',
  })
  let stopped: Promise<void> | null = null
  const stop = (signal: NodeJS.Signals) => {
    log.info({ signal }, 'The worker stops')
    globalThis.arkeeperStopping = true
    stopped ??= Promise.all([
      loop.stop(STOP_TIMEOUT_MS),
      keeper.stop(),
      drills.stop(),
      keepRules.stop(),
      schedules.stop(),
      rereads.stop(),
      migrations.stop(),
      auditor.stop(),
      forwarder.stop(),
      health.stop(),
      stores.stop(),
      ...alerts.map((poller) => poller.stop()),
      locker.stop(),
    ]).then(() => undefined)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)

  log.info({ worker: name, slots: SLOTS }, 'The worker is ready')
  keeper.start()
  drills.start()
  keepRules.start()
  schedules.start()
  rereads.start()
  migrations.start()
  auditor.start()
  forwarder.start()
  health.start()
  stores.start()
  for (const poller of alerts) poller.start()
  locker.start()
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
