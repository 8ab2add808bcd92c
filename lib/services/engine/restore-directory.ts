import { randomUUID } from 'node:crypto'
import { createReadStream, type Stats } from 'node:fs'
import { link, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { SharedLines, WorkFolder } from '../../adapters/workfiles/work-files.ts'
import { formatHex64, parseHex64 } from '../../base/hex64.ts'
import { makeDir } from '../../base/make-dir.ts'
import type { LeftOutLine } from '../../domain/restore/fidelity.ts'
import { type JournalState, parseJournal } from '../../domain/restore/journal.ts'
import type { PlanStep, PlanSummary } from '../../domain/restore/plan.ts'
import type { JournalSink, PlanSink } from '../../domain/restore/ports.ts'
import { decodeStep } from '../../domain/restore/step-codec.ts'
import { planWarningSchema } from '../guards/schemas.ts'
import { EngineError } from './errors.ts'
import { planFidelitySchema, runFidelitySchema } from './fidelity-schema.ts'
import { openJournalFile } from './journal-file.ts'
import { LineWriter } from './line-writer.ts'
import { readLines } from './read-lines.ts'

/**
 * All that one restore is, in one folder, so that any process can go on with it (README.md, "The restore directory"):
 *   plan.json     what it does, to what, and the hash that binds both
 *   steps.jsonl   the steps, one a line; plan.json appears when they are complete
 *   left-out.jsonl  what of the source it does not carry, one thing a line
 *   safety.json   where the safety backup is, once it is complete; nothing is written to the cluster before
 *   journal.jsonl intents and outcomes
 *   report.json   how the last run ended
 */
const PLAN = 'plan.json'
const STEPS = 'steps.jsonl'
const LEFT_OUT = 'left-out.jsonl'
const SAFETY = 'safety.json'
const JOURNAL = 'journal.jsonl'
const REPORT = 'report.json'
const LOCK = 'run.lock'
const FLUSH_BYTES = 256 * 1024

const zxid = z.string().transform((text, context) => {
  const value = parseHex64(text)
  if (value === null) context.addIssue({ code: 'custom', message: 'not a zxid' })
  return value ?? 0n
})

const summarySchema = z.object({
  plan: z.string(),
  mode: z.enum(['create', 'update', 'mirror']),
  creates: z.number(),
  updates: z.number(),
  deletes: z.number(),
  aclChanges: z.number(),
  skipped: z.object({ ephemeral: z.number(), system: z.number() }).catchall(z.number()),
  warnings: z.array(planWarningSchema),
  onConflict: z.enum(['stop', 'skip', 'overwrite']),
  steps: z.number(),
  dataBytes: z.number(),
  source: z.string(),
  target: z.string(),
  sourcePath: z.string(),
  targetPath: z.string(),
  plannedAtZxid: zxid,
  plannedAtMs: z.number(),
  salt: z.string().optional(),
  fidelity: planFidelitySchema.nullable().default(null),
  laterWrites: z.object({ count: z.number(), overwritten: z.boolean() }).optional(),
  deletions: z.array(z.object({ path: z.string(), count: z.number() })).optional(),
})

const planFileSchema = z.object({
  format: z.literal(1),
  summary: summarySchema,
  /** Where the plan is to run, without credentials. */
  connectString: z.string(),
  clusterName: z.string(),
  /** Restore directory that this plan takes back; null for any other plan. */
  undoOf: z.string().nullable(),
})

export interface StoredPlan {
  readonly summary: PlanSummary
  readonly connectString: string
  readonly clusterName: string
  readonly undoOf: string | null
}

const safetySchema = z.object({ dir: z.string(), archiveBytes: z.number() })
export type SafetyRecord = z.infer<typeof safetySchema>

const reportSchema = z.object({
  plan: z.string(),
  applied: z.number(),
  alreadyDone: z.number(),
  skipped: z.number(),
  conflicts: z.array(z.object({ path: z.string(), reason: z.string() })),
  conflictCount: z.number(),
  overwritten: z.array(z.object({ path: z.string(), reason: z.string() })).default([]),
  overwrittenCount: z.number().default(0),
  stopped: z.boolean(),
  cancelled: z.boolean(),
  paused: z.boolean().default(false),
  verified: z.boolean().nullable(),
  differences: z.array(z.object({ path: z.string(), change: z.string() })),
  differenceCount: z.number(),
  /** What was read back of ACLs and counters; null when the run did not come to its end. */
  fidelity: runFidelitySchema.nullable().default(null),
  durationMs: z.number(),
})
/**
 * How a run ended. `conflicts` are those that are left; what was overwritten as the policy said is apart. `verified` null: it was not
 * verified, because it did not come to its end.
 */
export type RestoreReport = z.infer<typeof reportSchema>

export class RestoreDirectory {
  readonly dir: string
  readonly #folder: Pick<WorkFolder, 'publish' | 'openLines'> | null
  #pinned: Stats | null = null

  /** `folder`: what the directory is a copy of; whatever a run relies on is there too, before it does. */
  constructor(dir: string, folder: Pick<WorkFolder, 'publish' | 'openLines'> | null = null) {
    this.dir = dir
    this.#folder = folder
  }

  /**
   * Lines of the steps in order, into a file that takes its name when `finish` is called with the plan's facts. `assertOwned` is asked then: a
   * process that lost the planning must not put its plan in the place of one that was confirmed meanwhile.
   */
  async writePlan(assertOwned: () => void = () => undefined): Promise<
    PlanSink & {
      leaveOut(line: LeftOutLine): void
      finish(plan: StoredPlan): Promise<void>
      abandon(): Promise<void>
    }
  > {
    await makeDir(this.dir, 0o700)
    await this.#assertNotBegun()
    const temporary = join(this.dir, `${STEPS}.${randomUUID()}.tmp`)
    const leftOutTemporary = join(this.dir, `${LEFT_OUT}.${randomUUID()}.tmp`)
    const file = await open(temporary, 'wx', 0o600)
    const writer = new LineWriter(file)
    const leftOut = new LineWriter(await open(leftOutTemporary, 'wx', 0o600))
    // Nobody waits for a single line; a write that failed is told of at the end.
    let flushed: Promise<unknown> = Promise.resolve()
    const failures: unknown[] = []
    return {
      write: (_step, line) => writer.write(line),
      leaveOut: (line) => {
        const full = leftOut.write(JSON.stringify(line))
        if (full) flushed = Promise.all([flushed, full]).catch((error: unknown) => failures.push(error))
      },
      finish: async (plan) => {
        await writer.flush()
        await file.sync()
        await file.close()
        await flushed
        if (failures.length > 0) throw failures[0]
        await leftOut.close()
        await this.#assertNotBegun()
        assertOwned()
        // What a run of the plan before this one left, which wrote nothing: its safety backup is of other znodes and another time.
        for (const name of [SAFETY, REPORT]) await rm(join(/* turbopackIgnore: true */ this.dir, name), { force: true })
        await rename(leftOutTemporary, join(this.dir, LEFT_OUT))
        await rename(temporary, join(this.dir, STEPS))
        const { summary, ...rest } = plan
        const text = { format: 1, summary: { ...summary, plannedAtZxid: formatHex64(summary.plannedAtZxid) }, ...rest }
        await this.#replace(PLAN, JSON.stringify(text, null, 2))
        await this.#folder?.publish()
      },
      abandon: async () => {
        await file.close()
        await leftOut.discard()
        for (const name of [temporary, leftOutTemporary]) await rm(name, { force: true })
      },
    }
  }

  async readPlan(): Promise<StoredPlan> {
    const text = await this.#find(PLAN)
    if (text === null) {
      throw new EngineError('RESTORE_DIR_INVALID', `${this.dir} holds no complete plan of a restore`, {
        unaffected: 'nothing was written',
        remedy: 'give the folder that the plan was written to, or plan again',
      })
    }
    return this.#parse(planFileSchema, PLAN, text)
  }

  async *readSteps(from = 0): AsyncGenerator<PlanStep, void, void> {
    let index = 0
    for await (const lines of this.readStepLines()) {
      for (const line of lines) if (index++ >= from) yield decodeStep(line)
    }
  }

  /** From here on, this object reads the steps of the file that is there now, or throws PLAN_DAMAGED. */
  async pinSteps(): Promise<void> {
    this.#pinned = await stat(join(this.dir, STEPS)).catch((error: unknown) => {
      throw hasCode(error, 'ENOENT') ? this.#damaged(STEPS, error) : error
    })
  }

  /** Some hundred steps at once: what is paid per item of a stream is paid for all of them together. */
  async *readStepBatches(): AsyncGenerator<readonly PlanStep[], void, void> {
    for await (const lines of this.readStepLines()) yield lines.map(decodeStep)
  }

  /** As they are stored, without their line feeds. */
  async *readStepLines(): AsyncGenerator<readonly string[], void, void> {
    const file = await open(join(this.dir, STEPS)).catch((error: unknown) => {
      throw hasCode(error, 'ENOENT') ? this.#damaged(STEPS, error) : error
    })
    try {
      if (this.#pinned !== null && !isSameFile(this.#pinned, await file.stat())) {
        throw new EngineError(
          'PLAN_DAMAGED',
          'The steps were replaced after they were held against the confirmed plan',
          {
            unaffected: 'nothing more was written',
            remedy: 'plan again and confirm the new plan',
          },
        )
      }
      yield* readLines(file.createReadStream({ highWaterMark: FLUSH_BYTES, autoClose: false }))
    } finally {
      await file.close()
    }
  }

  /** Lines of JSON, as they were written; none in a folder of before they were kept. */
  async *readLeftOut(): AsyncGenerator<readonly string[], void, void> {
    const file = join(this.dir, LEFT_OUT)
    if (await exists(file)) yield* readLines(createReadStream(file, { highWaterMark: FLUSH_BYTES }))
  }

  async findSafety(): Promise<SafetyRecord | null> {
    const text = await this.#find(SAFETY)
    return text === null ? null : this.#parse(safetySchema, SAFETY, text)
  }

  /**
   * The first record stays, and is given back: a process that lost the restore while it took its safety backup may come with one that holds
   * what another has written since. But not one of an earlier start that is named in `replaces`.
   */
  async writeSafety(
    safety: SafetyRecord,
    { replaces = null }: { readonly replaces?: SafetyRecord | null } = {},
  ): Promise<SafetyRecord> {
    const temporary = await this.#writeAside(SAFETY, JSON.stringify(safety))
    try {
      const isKnown = replaces !== null && (await this.findSafety())?.dir === replaces.dir
      if (isKnown) await rename(temporary, join(this.dir, SAFETY))
      else await link(temporary, join(this.dir, SAFETY))
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error
    } finally {
      await rm(temporary, { force: true })
    }
    await syncFolder(this.dir)
    await this.#folder?.publish([SAFETY])
    return (await this.findSafety()) ?? safety
  }

  async findReport(): Promise<RestoreReport | null> {
    const text = await this.#find(REPORT)
    return text === null ? null : this.#parse(reportSchema, REPORT, text)
  }

  async writeReport(report: RestoreReport): Promise<void> {
    await this.#replace(REPORT, JSON.stringify(report, null, 2))
    await this.#folder?.publish([REPORT])
  }

  /** Null when the run has not begun. */
  async readJournal(): Promise<JournalState | null> {
    const text = await this.#find(JOURNAL)
    return text === null ? null : parseJournal(text)
  }

  /**
   * `assertOwned` is asked before each line, and again when a durable one is on disk: a process that lost the restore to another one
   * meanwhile must not send what follows it.
   */
  async openJournal(assertOwned: () => void): Promise<JournalSink & { close(): Promise<void> }> {
    const file = join(this.dir, JOURNAL)
    const isNew = !(await exists(file))
    const journal = await openJournalFile(file, assertOwned)
    if (isNew) await syncFolder(this.dir)
    const shared = (await this.#folder?.openLines(JOURNAL)) ?? null
    return shared === null ? journal : inBoth(journal, shared, assertOwned)
  }

  /** Keeps a second process of this machine out until the returned function is called. A lock whose process is gone counts for nothing. */
  async lock(): Promise<() => Promise<void>> {
    const file = join(this.dir, LOCK)
    await makeDir(this.dir, 0o700)
    for (let attempt = 0; ; attempt++) {
      try {
        await this.#linkLock(file)
        return () => rm(file, { force: true })
      } catch (error) {
        if (!hasCode(error, 'EEXIST')) throw error
        const pid = Number.parseInt((await this.#find(LOCK)) ?? '', 10)
        if (attempt > 0 || (Number.isInteger(pid) && isAlive(pid))) {
          throw new EngineError('RESTORE_DIR_IN_USE', `The process ${pid} works on ${this.dir}`, {
            unaffected: 'nothing was written',
            remedy: `wait for it; when that process is no arkeeper, remove ${file}`,
          })
        }
        await rm(file, { force: true })
      }
    }
  }

  /** The lock appears with its owner in it: an empty one would pass for that of a process that is gone. */
  async #linkLock(file: string): Promise<void> {
    const own = `${file}.${randomUUID()}`
    await writeFile(own, String(process.pid), { mode: 0o600 })
    try {
      await link(own, file)
    } finally {
      await rm(own, { force: true })
    }
  }

  async #assertNotBegun(): Promise<void> {
    if ((await this.readJournal()) === null) return
    throw new EngineError('RESTORE_DIR_IN_USE', `${this.dir} holds a restore that has begun`, {
      unaffected: 'nothing was changed',
      remedy: 'give another folder, or go on with the restore in it',
    })
  }

  async #find(name: string): Promise<string | null> {
    const file = join(this.dir, name)
    return (await exists(file)) ? readFile(file, 'utf8') : null
  }

  #parse<T>(schema: z.ZodType<T>, name: string, text: string): T {
    let json: unknown = null
    try {
      json = JSON.parse(text)
    } catch (cause) {
      throw this.#damaged(name, cause)
    }
    const parsed = schema.safeParse(json)
    if (!parsed.success) throw this.#damaged(name, parsed.error)
    return parsed.data
  }

  #damaged(name: string, cause: unknown): EngineError {
    return new EngineError('RESTORE_DIR_INVALID', `${join(this.dir, name)} cannot be understood`, {
      cause,
      unaffected: 'nothing was written',
      remedy: 'plan again into another folder',
    })
  }

  /** Whole or not at all, also after a power loss. */
  async #replace(name: string, text: string): Promise<void> {
    await rename(await this.#writeAside(name, text), join(this.dir, name))
    await syncFolder(this.dir)
  }

  /** Under a name of its own: two processes may be at it. */
  async #writeAside(name: string, text: string): Promise<string> {
    const temporary = join(this.dir, `${name}.${randomUUID()}.tmp`)
    const file = await open(temporary, 'wx', 0o600)
    try {
      await file.writeFile(`${text}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    return temporary
  }
}

type Journal = JournalSink & { close(): Promise<void> }

/** What counts is the shared one; the run itself reads its own copy. */
function inBoth(own: Journal, shared: SharedLines, assertOwned: () => void): Journal {
  return {
    append: async (line, options) => {
      await own.append(line)
      await shared.append(line, options)
      if (options?.durable) assertOwned()
    },
    close: async () => {
      await shared.close()
      await own.close()
    },
  }
}

function isSameFile(a: Stats, b: Stats): boolean {
  return a.dev === b.dev && a.ino === b.ino && a.size === b.size && a.mtimeMs === b.mtimeMs
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file)
    return true
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false
    throw error
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it runs, as another user.
    return hasCode(error, 'EPERM')
  }
}

async function syncFolder(dir: string): Promise<void> {
  const handle = await open(dir, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
