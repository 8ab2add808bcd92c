import type { HistoryChange, HistoryEntryView, HistoryReadingView } from '@/lib/services/tree/views.ts'

/** One place in the history: the live tree, or a backup. */
export interface HistoryPoint {
  /** TreeRef text. */
  readonly ref: string
  /** Null is live. */
  readonly backup: HistoryEntryView | null
  readonly reading: HistoryReadingView
  readonly change: HistoryChange
}

/** Neighbours in which the znode is the same; `change` is that of the oldest, where it came to be so. */
export interface HistoryRun {
  /** Newest first, at least one. */
  readonly points: readonly [HistoryPoint, ...HistoryPoint[]]
  readonly change: HistoryChange
}

export function toPoints(
  pages: readonly {
    readonly clusterId: string
    readonly live: { readonly reading: HistoryReadingView; readonly change: HistoryChange } | null
    readonly entries: readonly HistoryEntryView[]
  }[],
): HistoryPoint[] {
  return pages.flatMap(({ clusterId, live, entries }) => [
    ...(live ? [{ ref: `live:${clusterId}`, backup: null, ...live }] : []),
    ...entries.map((backup) => ({
      ref: `backup:${backup.backupId}`,
      backup,
      reading: backup.reading,
      change: backup.change,
    })),
  ])
}

/** Equal neighbours become one run. Live stands alone: it moves. What cannot be read stands alone too, and parts what lies round it. */
export function foldHistory(points: readonly HistoryPoint[]): HistoryRun[] {
  const runs: HistoryRun[] = []
  for (const point of points) {
    const run = runs.at(-1)
    const newer = run?.points.at(-1)
    const isSame =
      run && newer?.backup && newer.change.kind === 'same' && isKnown(newer.reading) && isKnown(point.reading)
    if (isSame) runs[runs.length - 1] = { points: [...run.points, point], change: point.change }
    else runs.push({ points: [point], change: point.change })
  }
  return runs
}

/** What one wants to see first: the newest two that differ, the older one on the left. Null when nothing differs. */
export function findNewestDifference(runs: readonly HistoryRun[]): { left: string; right: string } | null {
  const known = runs.filter((run) => isKnown(run.points[0].reading))
  for (const [i, run] of known.entries()) {
    const older = known[i + 1]
    if (older && ['changed', 'appeared', 'gone'].includes(run.change.kind)) {
      return { left: older.points[0].ref, right: run.points[0].ref }
    }
  }
  return null
}

const isKnown = (reading: HistoryReadingView) => reading.kind === 'found' || reading.kind === 'missing'
