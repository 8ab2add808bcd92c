import type { Spread, WriteRate } from './snapshot-trigger.ts'

const DAY_MS = 86_400_000

export interface DiskGrowth {
  readonly perDayBytes: number
  /** Until the file system is full when nothing deletes; null where nothing grows. */
  readonly fullInDays: number | null
}

/** What a server without autopurge adds: its log, and a snapshot as large as the newest one each time one is due. */
export function growthOf(input: {
  readonly rate: WriteRate
  readonly betweenSnapshots: Spread | null
  readonly snapshotBytes: number
  readonly freeBytes: number
}): DiskGrowth {
  const { rate, betweenSnapshots, snapshotBytes, freeBytes } = input
  const snapshotsPerDay =
    betweenSnapshots === null || betweenSnapshots.expected <= 0 ? 0 : DAY_MS / betweenSnapshots.expected
  const perDayBytes = rate.bytesPerMs * DAY_MS + snapshotsPerDay * snapshotBytes
  return { perDayBytes, fullInDays: perDayBytes > 0 ? freeBytes / perDayBytes : null }
}
