export interface WorkerSign {
  readonly startedAtMs: number
  readonly seenAtMs: number
}

/** A sign of life comes every few seconds; after so long without one a worker is gone. */
export const WORKER_SILENT_MS = 90_000
/** What was lost longer ago is not waited for any more. */
const FORGOTTEN_MS = 24 * 3_600_000

/**
 * How many workers are alive, and how many fell silent without a word of farewell and were not replaced by one that started later.
 * `least`: how many there should be at any rate; null leaves that open.
 */
export function countMissing(
  signs: readonly WorkerSign[],
  nowMs: number,
  least: number | null,
): { readonly alive: number; readonly missing: number } {
  const isAlive = ({ seenAtMs }: WorkerSign) => nowMs - seenAtMs < WORKER_SILENT_MS
  const alive = signs.filter(isAlive)
  const lost = signs
    .filter((sign) => !isAlive(sign) && nowMs - sign.seenAtMs < FORGOTTEN_MS)
    .toSorted((a, b) => a.seenAtMs - b.seenAtMs)
  const starts = alive.map(({ startedAtMs }) => startedAtMs).toSorted((a, b) => a - b)
  let unreplaced = 0
  for (const { seenAtMs } of lost) {
    const at = starts.findIndex((startedAtMs) => startedAtMs >= seenAtMs)
    if (at === -1) unreplaced++
    else starts.splice(at, 1)
  }
  return { alive: alive.length, missing: Math.max(unreplaced, (least ?? 0) - alive.length, 0) }
}
