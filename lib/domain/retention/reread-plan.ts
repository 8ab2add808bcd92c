const DAY_MS = 86_400_000

/** One place of an archive: a backup where it was put first, or a copy of it. Each is read again by itself. */
export interface RereadTarget {
  readonly id: string
  readonly bytes: number
  readonly storedAtMs: number
  /** When it was read again as a whole; null: never since it was stored. */
  readonly readAtMs: number | null
}

/** What was just stored was just read back. */
const FRESH_MS = DAY_MS

/**
 * What is to be read next: those that were never read again before all, then the one whose reading is longest ago. Null: everything was read in
 * the latter half of the period, so that a small store is not read day after day.
 */
export function pickReread<Target extends RereadTarget>(
  targets: readonly Target[],
  everyDays: number,
  nowMs: number,
): Target | null {
  const restMs = Math.max(FRESH_MS, (everyDays * DAY_MS) / 2)
  const due = targets.filter(({ storedAtMs, readAtMs }) =>
    readAtMs === null ? nowMs - storedAtMs >= FRESH_MS : nowMs - readAtMs >= restMs,
  )
  return due.toSorted(byUrgency)[0] ?? null
}

function byUrgency(a: RereadTarget, b: RereadTarget): number {
  if ((a.readAtMs === null) !== (b.readAtMs === null)) return a.readAtMs === null ? -1 : 1
  const [ours, theirs] = [a.readAtMs ?? a.storedAtMs, b.readAtMs ?? b.storedAtMs]
  return ours - theirs || (a.id < b.id ? -1 : 1)
}

/** Bytes that a day may read: as many as get through everything in the period, and no more than `bytesMax`. */
export function rereadBudget(totalBytes: number, everyDays: number, bytesMax: number | null): number {
  return Math.min(Math.ceil(totalBytes / everyDays), bytesMax ?? Number.POSITIVE_INFINITY)
}

/**
 * Whether another one may be begun today. The first of a day always may, however large, or it never would be; others as long as the share of
 * the day is not used up, and within `bytesMax` as a whole.
 */
export function mayReread(
  today: { readonly bytes: number; readonly budget: number; readonly bytesMax: number | null },
  next: number,
): boolean {
  if (today.bytes === 0) return true
  return today.bytes < today.budget && (today.bytesMax === null || today.bytes + next <= today.bytesMax)
}

/** Whether the hour lies in the window, which may go past midnight; equal ends: all day. */
export function isInHours(hour: number, from: number, to: number): boolean {
  if (from === to) return true
  return from < to ? hour >= from && hour < to : hour >= from || hour < to
}
