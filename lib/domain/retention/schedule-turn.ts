import type { CronTimes } from './cron.ts'

const MINUTE_MS = 60_000
/** Up to so much after its time a run counts as on time: workers restart, databases are upgraded. */
export const LATE_MS = 10 * MINUTE_MS
/** Missed times that are counted one by one; beyond them it is only said that there were more. */
export const MISSED_COUNTED_MAX = 2_000
/** No run is made up when the next one begins within a quarter of the distance, and at most so much. */
const SOON_MS = 30 * MINUTE_MS

export interface JitterOf {
  readonly scheduleId: string
  readonly jitterMs: number
}

/**
 * When the run of `dueMs` begins: up to the jitter later, always the same for this run, and always before the next one comes due.
 */
export function plannedAt(times: CronTimes, { scheduleId, jitterMs }: JitterOf, dueMs: number): number {
  if (jitterMs <= 0) return dueMs
  const next = times.next(dueMs)
  const room = next === null ? jitterMs : Math.min(jitterMs, next - dueMs - 1)
  return dueMs + Math.floor(fractionOf(`${scheduleId} ${dueMs}`) * Math.max(0, room))
}

/** A number in [0, 1) that follows from the text alone (FNV-1a with a final mix). */
function fractionOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}

export interface TurnInput extends JitterOf {
  readonly times: CronTimes
  /** The first time that was not dealt with. */
  readonly nextDueMs: number
  readonly nowMs: number
}

export interface MissedTimes {
  readonly count: number
  /** More than `count`. */
  readonly isMore: boolean
  readonly fromMs: number
  readonly toMs: number
}

export interface Turn {
  /** What begins now: the run that is due, or one that makes up all that was missed; null: nothing does. */
  readonly start: { readonly kind: 'due' | 'make-up'; readonly dueMs: number } | null
  readonly missed: MissedTimes | null
  /** Null: there is no time after it. */
  readonly nextDueMs: number | null
  readonly nextRunMs: number | null
}

/** What is to be done about the times up to now. Null: nothing is due yet. */
export function planTurn(input: TurnInput): Turn | null {
  const due = readDue(input)
  if (due === null) return null
  const { times, nowMs } = input
  const nextDueMs = times.next(due.lastMs)
  const nextRunMs = nextDueMs === null ? null : plannedAt(times, input, nextDueMs)
  const next = { nextDueMs, nextRunMs }
  const isOnTime = nowMs - plannedAt(times, input, due.lastMs) <= LATE_MS
  if (isOnTime && due.count === 1) return { start: { kind: 'due', dueMs: due.lastMs }, missed: null, ...next }
  // The last one is on time and stands for those before it.
  if (isOnTime) {
    const missed = { count: due.count - 1, isMore: due.isMore, fromMs: due.firstMs, toMs: due.lastButOneMs }
    return { start: { kind: 'make-up', dueMs: due.lastMs }, missed, ...next }
  }
  const missed = { count: due.count, isMore: due.isMore, fromMs: due.firstMs, toMs: due.lastMs }
  const isSoon =
    nextDueMs !== null &&
    nextRunMs !== null &&
    nextRunMs - nowMs <= Math.min(SOON_MS, Math.floor((nextDueMs - due.lastMs) / 4))
  return { start: isSoon ? null : { kind: 'make-up', dueMs: due.lastMs }, missed, ...next }
}

interface DueTimes {
  readonly count: number
  readonly isMore: boolean
  readonly firstMs: number
  readonly lastButOneMs: number
  readonly lastMs: number
}

function readDue(input: TurnInput): DueTimes | null {
  const { times, nowMs, nextDueMs: firstMs } = input
  const isDue = (at: number) => at <= nowMs && plannedAt(times, input, at) <= nowMs
  if (!isDue(firstMs)) return null
  let [lastButOneMs, lastMs, count] = [firstMs, firstMs, 1]
  for (; count < MISSED_COUNTED_MAX; count++) {
    const next = times.next(lastMs)
    if (next === null || !isDue(next)) return { count, isMore: false, firstMs, lastButOneMs, lastMs }
    lastButOneMs = lastMs
    lastMs = next
  }
  return { count, isMore: true, firstMs, ...lastTwo(input, isDue, lastMs) }
}

/** Looks for the last two from the end: stepping through years of minutes would take long. */
function lastTwo(
  { times, nowMs }: TurnInput,
  isDue: (at: number) => boolean,
  knownMs: number,
): { lastButOneMs: number; lastMs: number } {
  for (let back = 2 * MINUTE_MS; ; back *= 2) {
    const from = Math.max(knownMs, nowMs - back)
    const found: number[] = []
    for (let at = times.next(from); at !== null && isDue(at); at = times.next(at)) found.push(at)
    const [lastButOneMs, lastMs] = found.slice(-2)
    if (lastButOneMs !== undefined && lastMs !== undefined) return { lastButOneMs, lastMs }
    if (from === knownMs) return { lastButOneMs: knownMs, lastMs: found[0] ?? knownMs }
  }
}
