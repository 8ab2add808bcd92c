import { appendFile, truncate } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import Sqlite from 'better-sqlite3'
import { databaseFileIn } from '../../lib/adapters/database/database-location.ts'
import { createZooKeeper } from '../../lib/adapters/zookeeper/zookeeper.ts'
import { OPEN_ACL } from '../../lib/domain/znode/acl.ts'
import type { ControlledServer } from '../../lib/testing/controlled-servers.ts'
import type { ForeignWrite } from './judge-tree.ts'
import { killServer, type Place, type PlaceKind, SESSION_TIMEOUT_MS, signalServer } from './place.ts'
import type { RestoreRun } from './restore-run.ts'

export interface FaultKind {
  readonly name: string
  readonly places: readonly PlaceKind[]
  /** How many of a hundred. */
  readonly share: number
  /** Does it to a run that is under way; false when the run ended before its instant came. */
  readonly inject: (run: RestoreRun) => Promise<boolean>
}

const EVERYWHERE: readonly PlaceKind[] = ['alone', 'ensemble']
/** Longer than the lease of a job. */
const LONG_MS = 17_000

/** The one fault that a restore answers with conflicts. */
export const OTHER_WRITER: FaultKind = {
  name: 'other-writer',
  places: EVERYWHERE,
  share: 11,
  inject: writeBetween,
}

export const FAULT_KINDS: readonly FaultKind[] = [
  { name: 'answer-lost', places: EVERYWHERE, share: 16, inject: loseAnswer },
  { name: 'session-expired', places: EVERYWHERE, share: 8, inject: expireSession },
  { name: 'server-frozen', places: EVERYWHERE, share: 8, inject: freezeServer },
  { name: 'server-killed', places: ['alone'], share: 6, inject: killAndStart },
  { name: 'leader-killed', places: ['ensemble'], share: 6, inject: killLeader },
  { name: 'quorum-lost', places: ['ensemble'], share: 4, inject: loseQuorum },
  { name: 'worker-killed', places: EVERYWHERE, share: 22, inject: killWorker },
  { name: 'journal-torn', places: EVERYWHERE, share: 8, inject: tearJournal },
  { name: 'database-locked', places: EVERYWHERE, share: 7, inject: lockDatabase },
  { name: 'two-workers', places: EVERYWHERE, share: 4, inject: addSecondWorker },
  OTHER_WRITER,
]

/** The connection goes after a multi was sent and before its answer is here: whether it was carried out, only the server knows. */
async function loseAnswer(run: RestoreRun): Promise<boolean> {
  const { place, random } = run
  const reached = await run.reachMulti(() => {
    for (const proxy of place.proxies) proxy.holdAnswers()
  })
  if (!reached) return false
  await pause(random.below(50))
  for (const proxy of place.proxies) {
    proxy.cut()
    proxy.resume()
  }
  return true
}

/** The network is silent for longer than the session lives. */
async function expireSession(run: RestoreRun): Promise<boolean> {
  const { place } = run
  const reached = await run.reachMulti(() => {
    for (const proxy of place.proxies) proxy.freeze()
  })
  if (reached) await pause(SESSION_TIMEOUT_MS + 800)
  for (const proxy of place.proxies) proxy.resume()
  return reached
}

async function freezeServer(run: RestoreRun): Promise<boolean> {
  const { place, random } = run
  const server = random.pick(place.servers.servers)
  const forMs = 100 + random.below(2_500)
  if (!(await run.reachMulti(() => signalServer(server, 'SIGSTOP')))) return false
  await pause(forMs)
  signalServer(server, 'SIGCONT')
  return true
}

async function killAndStart(run: RestoreRun): Promise<boolean> {
  const { place, random } = run
  return killSome(run, [random.pick(place.servers.servers)], random.below(400))
}

async function killLeader(run: RestoreRun): Promise<boolean> {
  return killSome(run, [await run.place.findLeader()], run.random.below(1_000))
}

/** Two of three; once in a while for longer than a request waits for its answer. */
async function loseQuorum(run: RestoreRun): Promise<boolean> {
  const { place, random } = run
  const spared = random.below(place.servers.servers.length)
  const downMs = random.chance(0.25) ? LONG_MS : 200 + random.below(3_000)
  return killSome(
    run,
    place.servers.servers.filter((_server, at) => at !== spared),
    downMs,
  )
}

async function killSome(run: RestoreRun, servers: readonly ControlledServer[], downMs: number): Promise<boolean> {
  const reached = await run.reachMulti(() => {
    for (const server of servers) signalServer(server, 'SIGKILL')
  })
  if (!reached) return false
  await Promise.all(servers.map(killServer))
  await pause(downMs)
  await Promise.all(servers.map((server) => server.start()))
  return true
}

/** At any line of the journal, or with a multi on its way; another worker finds the job. */
async function killWorker(run: RestoreRun): Promise<boolean> {
  if (!(await killNow(run))) return false
  return replaceWorker(run)
}

async function killNow(run: RestoreRun): Promise<boolean> {
  const { place, random } = run
  if (random.chance(0.5)) {
    if (!(await run.reachMulti(() => place.worker.killNow()))) return false
  } else if (await run.reachInstant()) place.worker.killNow()
  else return false
  await place.worker.untilGone()
  return true
}

async function replaceWorker(run: RestoreRun): Promise<boolean> {
  const wasUnderWay = !(await run.isOver())
  // The process is gone for certain, so that its lease may run out at once: the runs would only be longer.
  await run.place.runtime.db.job.updateMany({
    where: { id: (await run.find()).jobId, state: 'running' },
    data: { leaseUntil: new Date(0) },
  })
  if (run.isToBeCut && wasUnderWay) await run.cancel()
  run.place.worker = run.place.startWorker()
  return wasUnderWay
}

/** The worker dies in the middle of a line. What is lost is never a line that was durable before its batch was sent. */
async function tearJournal(run: RestoreRun): Promise<boolean> {
  const { place, random, restoreId } = run
  if (!(await killNow(run))) return false
  const file = place.journalOf(restoreId)
  const text = await place.readJournal(restoreId)
  const lines = text.split('\n').filter((line) => line !== '')
  const last = lines.at(-1) ?? ''
  if (text.endsWith('\n') && last.includes('"kind":"outcome"') && random.chance(0.6)) {
    await truncate(file, Buffer.byteLength(text) - 1 - random.below(last.length - 1))
  } else if (text.endsWith('\n')) {
    const next = lines.findLast((line) => /"kind":"(intent|outcome|finished)"/.test(line)) ?? last
    await appendFile(file, next.slice(0, 1 + random.below(next.length - 1)))
  }
  return replaceWorker(run)
}

/** Another program holds the write lock of the database, sometimes for longer than a lease. */
async function lockDatabase(run: RestoreRun): Promise<boolean> {
  const { place, random } = run
  const heldMs = random.chance(0.2) ? LONG_MS : 200 + random.below(4_000)
  if (!(await run.reachInstant())) return false
  const database = new Sqlite(databaseFileIn(place.dataDir), { timeout: 20 })
  try {
    await place.until('the lock of the database', async () => isLockTaken(database), { everyMs: 3 })
    await pause(heldMs)
  } finally {
    database.close()
  }
  return true
}

function isLockTaken(database: Sqlite.Database): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE')
    return true
  } catch (error) {
    if (error instanceof Sqlite.SqliteError && error.code.startsWith('SQLITE_BUSY')) return false
    throw error
  }
}

/**
 * A worker that is stopped for longer than its lease (a machine that sleeps) comes back while another one is at its job, or has done it.
 */
async function addSecondWorker(run: RestoreRun): Promise<boolean> {
  const { place, random } = run
  const first = place.worker
  const reached = random.chance(0.5) ? await run.reachMulti(() => first.freeze()) : await run.reachInstant()
  first.freeze()
  const wakesAfter = random.below(4)
  const moment = random.below(40)
  // One that sleeps inside a transaction keeps every other from the database, and nobody could claim anything.
  if (!reached || !(await canWrite(place))) {
    first.thaw()
    return false
  }
  const second = place.startWorker()
  place.worker = second
  const lines = await run.journalLines()
  run.cleanups.push(async () => {
    await first.stop()
  })
  try {
    await place.until('the second worker to take the job over', async () => {
      const { jobId } = await run.find()
      const job = await place.runtime.db.job.findUnique({ where: { id: jobId }, select: { leaseOwner: true } })
      return job?.leaseOwner?.includes(`:${second.pid}:`) === true || (await run.isOver())
    })
    await place.until('some progress of the second worker', async () => {
      return (await run.journalLines()) >= lines + wakesAfter * 3 || (await run.isOver())
    })
    await pause(moment)
  } finally {
    first.thaw()
  }
  return true
}

async function canWrite(place: Place): Promise<boolean> {
  const database = new Sqlite(databaseFileIn(place.dataDir), { timeout: 50 })
  try {
    return isLockTaken(database)
  } finally {
    database.close()
  }
}

/** A colleague writes to a znode that the restore writes too, somewhere in the middle of it. */
async function writeBetween(run: RestoreRun): Promise<boolean> {
  const { place, random, expected } = run
  const paths = [...expected.keys()]
  const leaves = paths.filter((path) => {
    const { before, after } = expected.get(path)!
    const isWritten = after !== null && before?.data !== after.data
    return isWritten && !run.foreign.has(path) && !paths.some((other) => other.startsWith(`${path}/`))
  })
  if (leaves.length === 0) return false
  const path = random.pick(leaves)
  const data = `another writer ${random.below(1_000_000)}`
  const wantsDelete = random.chance(0.2)
  if (!(await run.reachInstant())) return false
  const client = await createZooKeeper().connect({ connectString: place.directly })
  try {
    const live = await client.get(path)
    const write: ForeignWrite =
      live.kind === 'missing'
        ? { kind: 'create', data }
        : wantsDelete
          ? { kind: 'delete', data: null }
          : { kind: 'set', data }
    const outcome = await client.multi([
      write.kind === 'create'
        ? { op: 'create', path, data: Buffer.from(data), acl: OPEN_ACL, kind: 'persistent', ttlMs: null }
        : write.kind === 'set'
          ? { op: 'setData', path, data: Buffer.from(data), version: -1 }
          : { op: 'delete', path, version: -1 },
    ])
    if (outcome.kind !== 'done') return false
    run.foreign.set(path, write)
    // Behind the last step it is no part of the restore any more: it may have been read back already.
    if (!(await place.readJournal(run.restoreId)).includes('"kind":"finished"')) return true
    run.late.add(path)
    return false
  } finally {
    await client.close()
  }
}
