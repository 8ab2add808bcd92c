import type { Clock } from '../../base/clock.ts'
import { formatHex64, parseHex64 } from '../../base/hex64.ts'
import type { Conflict } from './conflict.ts'
import { RestoreError } from './errors.ts'
import { type IndexRange, IndexRanges } from './internal/index-ranges.ts'
import { isCount, isRecord, parseJsonObject } from './internal/parse-json-line.ts'
import type { ConflictPolicy } from './plan.ts'
import type { JournalSink } from './ports.ts'

export interface RunHeader {
  readonly run: string
  /** Hash of the plan that is run. */
  readonly plan: string
  readonly steps: number
  readonly onConflict: ConflictPolicy
  readonly atMs: number
}

/** State that a step left where the plan does not imply it. */
export interface Rewritten {
  readonly index: number
  readonly czxid: bigint
  readonly version: number
  readonly aversion: number
}

/** What became of one batch; see JOURNAL.md. Steps of its intent that it does not name were certainly not carried out. */
export interface BatchOutcome {
  readonly batch: number
  readonly applied: readonly { readonly zxid: bigint | null; readonly ranges: readonly IndexRange[] }[]
  readonly already: readonly IndexRange[]
  readonly skipped: readonly IndexRange[]
  readonly conflicts: readonly Conflict[]
  readonly rewritten: readonly Rewritten[]
}

export interface RunTotals {
  readonly applied: number
  readonly alreadyDone: number
  readonly skipped: number
}

export type RunResult = 'done' | 'stopped' | 'cancelled' | 'paused'

/**
 * Writes the lines of one process, in the order in which they are asked for. `writer` is a name that no other process has: two may be at one
 * journal for a moment, when one lost the run without knowing yet, and each numbers its own batches.
 */
export class JournalWriter {
  private readonly sink: JournalSink
  private readonly clock: Clock
  private readonly writer: string
  private last: Promise<void> = Promise.resolve()

  constructor(sink: JournalSink, clock: Clock, writer: string) {
    this.sink = sink
    this.clock = clock
    this.writer = writer
  }

  /** `session`: with what another process can end the session that this one writes in. */
  async begin(header: Omit<RunHeader, 'atMs'>, session: string | null = null): Promise<void> {
    const { run, plan, steps, onConflict } = header
    await this.endTornLine()
    await this.append({ kind: 'run', format: 1, run, plan, steps, onConflict, ...(session ? { session } : {}) }, true)
  }

  async resume(input: { run: string; onConflict: ConflictPolicy }, session: string | null = null): Promise<void> {
    const { run, onConflict } = input
    await this.endTornLine()
    await this.append({ kind: 'resumed', run, onConflict, ...(session ? { session } : {}) }, true)
  }

  /** A process that died may have left half a line behind; what comes next must not be glued to it. */
  private async endTornLine(): Promise<void> {
    await this.appendText('', false)
  }

  /** On disk when it returns: only then may the batch be sent. */
  async intent(input: { batch: number; from: number; to: number; zxid: bigint }): Promise<void> {
    const { batch, from, to, zxid } = input
    await this.append({ kind: 'intent', writer: this.writer, batch, from, to, zxid: formatHex64(zxid) }, true)
  }

  /** Need not be durable at once: a lost outcome makes its batch doubtful, which a resume settles by reading. */
  async outcome(outcome: BatchOutcome, options: { durable: boolean }): Promise<void> {
    const { batch, already, skipped, conflicts } = outcome
    const applied = outcome.applied.map(({ zxid, ranges }) => ({
      zxid: zxid === null ? null : formatHex64(zxid),
      ranges,
    }))
    const rewritten = outcome.rewritten.map((state) => ({ ...state, czxid: formatHex64(state.czxid) }))
    const { writer } = this
    await this.append(
      { kind: 'outcome', writer, batch, applied, already, skipped, conflicts, rewritten },
      options.durable,
    )
  }

  async note(message: string): Promise<void> {
    await this.append({ kind: 'note', message }, false)
  }

  async finish(result: RunResult, totals: RunTotals & { conflicts: number }): Promise<void> {
    await this.append({ kind: 'finished', result, ...totals }, true)
  }

  private append(line: Record<string, unknown>, durable: boolean): Promise<void> {
    return this.appendText(JSON.stringify({ ...line, at: this.clock.now() }), durable)
  }

  private appendText(text: string, durable: boolean): Promise<void> {
    const appended = this.last.then(() => this.sink.append(text, { durable }))
    // Whoever asked for this line sees its failure; the next line is tried on its own.
    this.last = appended.catch(() => undefined)
    return appended
  }
}

/** What a journal says about each step; see the table in JOURNAL.md. */
export class JournalState {
  readonly header: RunHeader
  readonly settled = new IndexRanges()
  readonly doubtful = new IndexRanges()
  /** Conflicts of settled steps. */
  readonly conflicts: Conflict[] = []
  /** Those that ended the last run: not settled, judged again by a resume. */
  stopped: Conflict[] = []
  readonly rewritten = new Map<number, Rewritten>()
  /** Sessions that the processes at this run wrote in, as far as they said; any of them may be alive, with writes on their way. */
  readonly sessions: string[] = []
  /** zxids that our own batches were committed with. */
  readonly zxids = new Set<bigint>()
  nextBatch = 0
  /** Of the last `finished` line, when nothing came after it. */
  result: RunResult | null = null
  private readonly applied = new IndexRanges()
  private readonly already = new IndexRanges()
  private readonly skipped = new IndexRanges()
  private readonly appliedRanges: { from: number; to: number; zxid: bigint | null }[] = []
  private sorted = true

  constructor(header: RunHeader) {
    this.header = header
  }

  totals(): RunTotals {
    const { applied, already, skipped } = this
    // Two processes may have settled one step; that one of them wrote it says more than that the other found it written.
    return {
      applied: applied.count(),
      alreadyDone: already.countOutside(applied),
      skipped: skipped.countOutside(applied),
    }
  }

  addOutcome(outcome: BatchOutcome): void {
    for (const { zxid, ranges } of outcome.applied) {
      if (zxid !== null) this.zxids.add(zxid)
      for (const [start, end] of ranges) {
        for (const [from, to] of this.applied.gapsIn(start, end)) this.appliedRanges.push({ from, to, zxid })
        this.applied.add(start, end)
        this.settled.add(start, end)
      }
    }
    this.sorted = false
    for (const [from, to] of outcome.already) {
      this.already.add(from, to)
      this.settled.add(from, to)
    }
    for (const [from, to] of outcome.skipped) {
      this.skipped.add(from, to)
      this.settled.add(from, to)
    }
    for (const conflict of outcome.conflicts)
      (conflict.resolution === 'stopped' ? this.stopped : this.conflicts).push(conflict)
    for (const state of outcome.rewritten) this.rewritten.set(state.index, state)
  }

  /** The transaction that carried the step out (zxid null where only reading back told), or null when the journal knows of none. */
  findApplied(index: number): { readonly zxid: bigint | null } | null {
    if (!this.sorted) this.appliedRanges.sort((a, b) => a.from - b.from)
    this.sorted = true
    let low = 0
    let high = this.appliedRanges.length - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const range = this.appliedRanges[middle]!
      if (index < range.from) high = middle - 1
      else if (index >= range.to) low = middle + 1
      else return { zxid: range.zxid }
    }
    return null
  }
}

/**
 * What a journal's text says. Null when it holds no whole line: the run never began. A torn line at the end, or before a resume,
 * is dropped. Throws RestoreError BAD_JOURNAL with the line's number for any other damage.
 */
export function parseJournal(text: string): JournalState | null {
  const lines = text.split('\n')
  const intents = new Map<string, IndexRange>()
  let state: JournalState | null = null
  for (const [at, line] of lines.entries()) {
    if (line === '') continue
    const json = parseJsonObject(line)
    if (json === null) {
      const next = lines.slice(at + 1).find((other) => other !== '')
      const nextKind = next === undefined ? null : parseJsonObject(next)?.kind
      if (nextKind === null || nextKind === (state === null ? 'run' : 'resumed')) continue
      throw badJournal(at + 1, 'it is not a JSON object')
    }
    if (state === null) {
      state = new JournalState(parseHeader(json, at + 1))
      if (typeof json.session === 'string') state.sessions.push(json.session)
      continue
    }
    state.result = null
    switch (json.kind) {
      case 'intent': {
        const { batch, from, to } = json
        if (!isCount(batch) || !isCount(from) || !isCount(to)) throw badJournal(at + 1, 'the intent is incomplete')
        intents.set(batchKey(json, batch), [from, to])
        state.nextBatch = Math.max(state.nextBatch, batch + 1)
        break
      }
      case 'outcome': {
        const outcome = parseOutcome(json, at + 1)
        intents.delete(batchKey(json, outcome.batch))
        state.nextBatch = Math.max(state.nextBatch, outcome.batch + 1)
        state.addOutcome(outcome)
        break
      }
      case 'finished':
        if (!isOneOf(json.result, RESULTS)) throw badJournal(at + 1, 'the result is unknown')
        state.result = json.result
        break
      case 'run':
        // Two processes began at once: one of them lost the run in the instant before it wrote this, and goes on with nothing.
        if (parseHeader(json, at + 1).plan !== state.header.plan) throw badJournal(at + 1, 'it begins another plan')
        if (typeof json.session === 'string') state.sessions.push(json.session)
        break
      case 'resumed':
        state.stopped = []
        if (typeof json.session === 'string') state.sessions.push(json.session)
        break
      case 'note':
        break
      default:
        throw badJournal(at + 1, `its kind is unknown`)
    }
  }
  if (state !== null) {
    for (const [from, to] of intents.values()) {
      for (let index = from; index < to; index++) if (!state.settled.has(index)) state.doubtful.add(index)
    }
  }
  return state
}

/** Batches are numbered by each process for itself. */
function batchKey({ writer }: Record<string, unknown>, batch: number): string {
  return `${typeof writer === 'string' ? writer : ''}:${batch}`
}

function parseHeader(json: Record<string, unknown>, line: number): RunHeader {
  const { run, plan, steps, onConflict, at } = json
  if (json.kind !== 'run' || json.format !== 1) throw badJournal(line, 'it is not the head of a journal of format 1')
  if (typeof run !== 'string' || typeof plan !== 'string' || !isCount(steps) || !isCount(at))
    throw badJournal(line, 'the head is incomplete')
  if (onConflict !== 'stop' && onConflict !== 'skip' && onConflict !== 'overwrite')
    throw badJournal(line, 'the conflict policy is unknown')
  return { run, plan, steps, onConflict, atMs: at }
}

function parseOutcome(json: Record<string, unknown>, line: number): BatchOutcome {
  const { batch, applied, already, skipped, conflicts, rewritten } = json
  if (!isCount(batch) || !Array.isArray(applied) || !Array.isArray(conflicts) || !Array.isArray(rewritten))
    throw badJournal(line, 'the outcome is incomplete')
  return {
    batch,
    applied: applied.map((group: unknown) => {
      if (!isRecord(group)) throw badJournal(line, 'a group of applied steps is not an object')
      const zxid = group.zxid === null ? null : parseZxid(group.zxid, line)
      return { zxid, ranges: parseRanges(group.ranges, line) }
    }),
    already: parseRanges(already, line),
    skipped: parseRanges(skipped, line),
    conflicts: conflicts.map((conflict: unknown) => parseConflict(conflict, line)),
    rewritten: rewritten.map((entry: unknown) => {
      if (!isRecord(entry) || !isCount(entry.index)) throw badJournal(line, 'a rewritten state is incomplete')
      const { index, czxid, version, aversion } = entry
      if (!Number.isInteger(version) || !Number.isInteger(aversion))
        throw badJournal(line, 'a rewritten state is incomplete')
      return { index, czxid: parseZxid(czxid, line), version: Number(version), aversion: Number(aversion) }
    }),
  }
}

function parseZxid(value: unknown, line: number): bigint {
  const zxid = typeof value === 'string' ? parseHex64(value) : null
  if (zxid === null) throw badJournal(line, 'a zxid is not a hex number')
  return zxid
}

function parseRanges(value: unknown, line: number): IndexRange[] {
  if (!Array.isArray(value)) throw badJournal(line, 'ranges are not a list')
  return value.map((range: unknown) => {
    if (!Array.isArray(range) || !isCount(range[0]) || !isCount(range[1]))
      throw badJournal(line, 'a range is malformed')
    return [range[0], range[1]]
  })
}

function parseConflict(value: unknown, line: number): Conflict {
  if (!isRecord(value) || !isCount(value.index) || typeof value.path !== 'string')
    throw badJournal(line, 'a conflict is incomplete')
  const { index, path, reason, resolution } = value
  if (!isOneOf(reason, REASONS) || !isOneOf(resolution, RESOLUTIONS)) throw badJournal(line, 'a conflict is unknown')
  return { index, path, reason, resolution }
}

const RESULTS = ['done', 'stopped', 'cancelled', 'paused'] as const satisfies readonly RunResult[]
const RESOLUTIONS = ['stopped', 'skipped', 'overwritten'] as const satisfies readonly Conflict['resolution'][]
const REASONS = [
  'exists',
  'version',
  'acl-version',
  'recreated',
  'missing',
  'ephemeral',
  'parent-missing',
  'ephemeral-parent',
  'not-empty',
  'unreadable',
  'no-auth',
  'invalid-acl',
  'too-large',
  'quota',
  'unsupported',
  'refused',
  'contended',
] as const satisfies readonly Conflict['reason'][]

function isOneOf<T extends string>(value: unknown, list: readonly T[]): value is T {
  return list.some((item) => item === value)
}

function badJournal(line: number, reason: string): RestoreError {
  return new RestoreError('BAD_JOURNAL', `Line ${line} of the journal cannot be read: ${reason}`, {
    details: { line },
    unaffected: 'nothing was written',
    remedy: 'compare the target with the source and plan anew',
  })
}
