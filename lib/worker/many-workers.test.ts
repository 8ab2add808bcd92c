import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type BundledCommand, bundleScript } from '../testing/bundled-command.ts'
import { SeededRandom } from '../testing/seeded-random.ts'
import { createTempDatabase, isOnPostgresql, type TempDatabase } from '../testing/temp-database.ts'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 })

const SEED = 20_261_126
const WORKERS = 3
/** Enough for every victim to be met among others; each is three commits, which SQLite syncs to the disk. */
const JOBS = 200
const VICTIMS = 4
/** A worker that is frozen in the middle of a transaction keeps the others from writing: on PostgreSQL for so long, on SQLite for ever. */
const LIMITS = isOnPostgresql ? `?options=${encodeURIComponent('-c idle_in_transaction_session_timeout=1000')}` : ''
/** `STUCK` of lib/testing/queue-worker-main.ts, which is a program and not to be imported. */
const STUCK = 'stuck'

let script: BundledCommand
beforeAll(async () => {
  script = await bundleScript('lib/testing/queue-worker-main.ts')
})
afterAll(() => script.remove())

class Crew {
  readonly #database: TempDatabase
  readonly #members = new Map<string, ChildProcess>()
  #hired = 0

  constructor(database: TempDatabase) {
    this.#database = database
  }

  hire(): void {
    const name = `worker-${++this.#hired}`
    const child = spawn(process.execPath, [script.file, `${this.#database.url}${LIMITS}`, name], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    this.#members.set(name, child)
  }

  signal(name: string, signal: NodeJS.Signals): void {
    this.#members.get(name)?.kill(signal)
  }

  async dismiss(): Promise<void> {
    const ended = [...this.#members.values()]
      .filter((child) => child.exitCode === null && child.signalCode === null)
      .map((child) => {
        const exit = once(child, 'exit')
        child.kill('SIGKILL')
        return exit
      })
    await Promise.all(ended)
  }
}

async function until<T>(find: () => Promise<T | null>): Promise<T> {
  for (;;) {
    const found = await find()
    if (found !== null) return found
    await pause(20)
  }
}

test(`three workers, killed or frozen at random (seed ${SEED}): every job ends once, and what it does is done once`, async () => {
  const random = new SeededRandom(SEED)
  await using database = await createTempDatabase()
  const { client } = database
  const stuck = new Set<number>()
  while (stuck.size < VICTIMS) stuck.add(random.below(JOBS))
  const at = new Date(Date.now() - 60_000)
  await client.job.createMany({
    data: Array.from({ length: JOBS }, (_, i) => ({
      id: `job-${i}`,
      kind: 'verify',
      payload: {},
      actorId: 'system',
      actorName: 'test',
      subjectId: stuck.has(i) ? STUCK : null,
      // On a machine that is very busy a job may be taken away from a living worker, more than once.
      attemptsMax: 1000,
      runAfter: at,
      createdAt: new Date(at.getTime() + i),
    })),
  })
  const crew = new Crew(database)
  try {
    for (let i = 0; i < WORKERS; i++) crew.hire()
    const frozen: string[] = []
    for (const id of [...stuck].sort((a, b) => a - b).map((i) => `job-${i}`)) {
      const { leaseOwner } = await until(() => client.job.findFirst({ where: { id, attempts: { gte: 1 } } }))
      // Taken away before we have looked: its owner was too slow, and is alive.
      if (leaseOwner === null) continue
      const isLast = id === `job-${Math.max(...stuck)}`
      if (isOnPostgresql && (random.chance(0.3) || (isLast && frozen.length === 0))) {
        crew.signal(leaseOwner, 'SIGSTOP')
        frozen.push(leaseOwner)
      } else crew.signal(leaseOwner, 'SIGKILL')
      crew.hire()
    }
    const left = () => client.job.count({ where: { state: { in: ['queued', 'running'] } } })
    await until(async () => ((await left()) === 0 ? true : null))
    // They find their jobs done by others. What they still believe to own must not count.
    for (const name of frozen) crew.signal(name, 'SIGCONT')
    for (const id of frozen) {
      const { seenAt } = await client.workerHeartbeat.findUniqueOrThrow({ where: { id } })
      await until(() => client.workerHeartbeat.findFirst({ where: { id, seenAt: { gt: seenAt } } }))
    }

    const jobs = await client.job.findMany({ select: { id: true, state: true, attempts: true, subjectId: true } })
    expect(jobs.filter(({ state }) => state !== 'succeeded')).toEqual([])
    expect(jobs).toHaveLength(JOBS)
    expect(jobs.filter(({ subjectId }) => subjectId === STUCK).map(({ attempts }) => attempts > 1)).toEqual(
      Array.from({ length: VICTIMS }, () => true),
    )
    // The mark says which attempt has made it: one, the last.
    const marks = await client.setting.findMany()
    const wanted = jobs.map(({ id, attempts }) => [`effect of ${id}`, String(attempts)])
    expect(marks.map(({ key, value }) => [key, value]).sort()).toEqual(wanted.sort())
    const said = await client.jobLog.groupBy({ by: ['jobId'], where: { message: 'done' }, _count: true })
    expect(said.filter(({ _count }) => _count > 1)).toEqual([])
  } finally {
    await crew.dismiss()
  }
})
