import { open, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import type { SharedLines, WorkFolder } from '../../adapters/workfiles/work-files.ts'
import { makeDir } from '../../base/make-dir.ts'
import type { MemberStand } from './views.ts'

/** In the order of a run; `back` replaces `place` on the way back, `rollback` starts again what was stopped for nothing. */
const FILE_STEPS = ['bring', 'stop', 'aside', 'place', 'back', 'start', 'serving', 'rollback'] as const
/** Through AdminServers. */
const ADMIN_STEPS = ['post', 'mark', 'see', 'save', 'unmark', 'restart'] as const
const STEPS = [...FILE_STEPS, ...ADMIN_STEPS] as const
export type JournalStep = (typeof STEPS)[number]
export type JournalPass = 'restore' | 'undo'

const entrySchema = z.object({
  at: z.string(),
  pass: z.enum(['restore', 'undo']),
  step: z.enum(STEPS),
  /** Null: of all of them. */
  member: z.string().nullable(),
  state: z.enum(['begun', 'done', 'failed']),
  note: z.string().optional(),
})
export type JournalEntry = z.infer<typeof entrySchema>

const FILE = 'journal.jsonl'

/** Where it lies; `openLines` where other hosts are to see it too. */
export type JournalPlace = Pick<WorkFolder, 'dir'> & Partial<Pick<WorkFolder, 'openLines'>>

/** What was begun and what was done with the files of which member: one line each, on the disk before the step that it announces. */
export class PhysicalJournal {
  readonly #file: string
  readonly #entries: JournalEntry[]
  readonly #now: () => number
  readonly #shared: SharedLines | null

  private constructor(file: string, entries: JournalEntry[], now: () => number, shared: SharedLines | null) {
    this.#file = file
    this.#shared = shared
    this.#entries = entries
    this.#now = now
  }

  static async open({ dir, openLines }: JournalPlace, now: () => number): Promise<PhysicalJournal> {
    await makeDir(dir, 0o700)
    return new PhysicalJournal(join(dir, FILE), await readJournal(dir), now, (await openLines?.(FILE)) ?? null)
  }

  get entries(): readonly JournalEntry[] {
    return this.#entries
  }

  async write(entry: Omit<JournalEntry, 'at'>): Promise<void> {
    const whole = { at: new Date(this.#now()).toISOString(), ...entry }
    const handle = await open(this.#file, 'a', 0o600)
    try {
      // The file itself must outlive a power loss: without it, servers whose files are half moved would pass for untouched.
      if (this.#entries.length === 0) await syncFolders(dirname(this.#file))
      // A line that a crash has cut short must not swallow this one.
      await handle.write(`\n${JSON.stringify(whole)}\n`)
      await handle.sync()
    } finally {
      await handle.close()
    }
    // A server that this worker no longer answers for must not be touched: this throws then.
    await this.#shared?.append(JSON.stringify(whole), { durable: true })
    this.#entries.push(whole)
  }

  isDone(pass: JournalPass, step: JournalStep, member: string | null): boolean {
    return lastState(this.#entries, pass, step, member) === 'done'
  }

  wasBegun(pass: JournalPass, step: JournalStep, member: string | null): boolean {
    return lastState(this.#entries, pass, step, member) !== null
  }

  /** Announces a step, does it, and says how it ended. One that is done already is passed over. */
  async once(
    place: { readonly pass: JournalPass; readonly step: JournalStep; readonly member: string | null },
    work: () => Promise<string | undefined>,
  ): Promise<void> {
    if (this.isDone(place.pass, place.step, place.member)) return
    await this.again(place, work)
  }

  async again(
    place: { readonly pass: JournalPass; readonly step: JournalStep; readonly member: string | null },
    work: () => Promise<string | undefined>,
  ): Promise<void> {
    await this.write({ ...place, state: 'begun' })
    let note: string | undefined
    try {
      note = await work()
    } catch (error) {
      await this.write({ ...place, state: 'failed', note: error instanceof Error ? error.message : String(error) })
      throw error
    }
    await this.write({ ...place, state: 'done', ...(note === undefined ? {} : { note }) })
  }
}

async function syncFolders(dir: string): Promise<void> {
  for (const each of [dir, dirname(dir)]) {
    const handle = await open(each, 'r')
    await handle.sync().finally(() => handle.close())
  }
}

function lastState(
  entries: readonly JournalEntry[],
  pass: JournalPass,
  step: JournalStep,
  member: string | null,
): JournalEntry['state'] | null {
  return entries.findLast((each) => each.pass === pass && each.step === step && each.member === member)?.state ?? null
}

/** Lines that are not whole are what a crash left; nothing was done under them. */
export async function readJournal(dir: string): Promise<JournalEntry[]> {
  let text: string
  try {
    text = await readFile(join(dir, FILE), 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
  return text.split('\n').flatMap((line) => {
    try {
      const parsed = entrySchema.safeParse(JSON.parse(line))
      return parsed.success ? [parsed.data] : []
    } catch (notWhole) {
      if (notWhole instanceof SyntaxError) return []
      throw notWhole
    }
  })
}

/** Where the files of a member stand by what the journal has of it. */
export function standOf(entries: readonly JournalEntry[], member: string): MemberStand {
  const last = (pass: JournalPass, step: JournalStep) => lastState(entries, pass, step, member)
  if (last('undo', 'back') === 'done') return 'back'
  if (last('undo', 'aside') !== null || last('undo', 'back') !== null) return 'going-back'
  if (last('restore', 'place') === 'done') return 'placed'
  if (last('restore', 'aside') === 'done') return 'aside'
  return last('restore', 'aside') === null ? 'untouched' : 'moving'
}

export function isAnythingMoved(entries: readonly JournalEntry[], pass: JournalPass): boolean {
  return entries.some((each) => each.pass === pass && (each.step === 'aside' || each.step === 'back'))
}
