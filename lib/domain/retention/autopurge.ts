import type { ServerFile } from './server-file.ts'

/** Smaller values of autopurge.snapRetainCount are raised to it. */
export const SNAP_RETAIN_MIN = 3

/** `kept`, `purged`, or `uncounted`: a snapshot that stays but does not count, because it does not look valid. */
export type PurgeFate = 'kept' | 'purged' | 'uncounted'

export interface PurgePlan {
  readonly retainCount: number
  /** Zxid of the oldest snapshot that counts; null where none looks valid, and nothing is deleted then. */
  readonly oldestKept: bigint | null
  /** By the name of the file. */
  readonly fates: ReadonlyMap<string, PurgeFate>
}

export interface PurgeInput {
  /** Of the snapshot directory. `isValid` is what `looksValid` says. */
  readonly snapshots: readonly { readonly file: ServerFile; readonly isValid: boolean }[]
  /** Of the log directory. */
  readonly logs: readonly ServerFile[]
  readonly snapRetainCount: number
}

/**
 * What org.apache.zookeeper.server.PurgeTxnLog would do with these files now: the N newest valid-looking snapshots stay, and every log from the
 * one that begins at or before the oldest of them. Everything with a smaller zxid in its name goes, parked copies included.
 */
export function planPurge(input: PurgeInput): PurgePlan {
  const retainCount = Math.max(SNAP_RETAIN_MIN, Math.trunc(input.snapRetainCount))
  const counted = input.snapshots
    .filter(({ file, isValid }) => isValid && file.zxid !== null)
    .map(({ file }) => zxidOf(file))
    .sort(descending)
    .slice(0, retainCount)
  const oldestKept = counted.at(-1) ?? null
  const fates = new Map<string, PurgeFate>()
  const fateOf = (zxid: bigint, from: bigint | null): PurgeFate => (from !== null && zxid < from ? 'purged' : 'kept')
  for (const { file, isValid } of input.snapshots) {
    const fate = fateOf(zxidOf(file), oldestKept)
    fates.set(file.name, fate === 'kept' && !isValid ? 'uncounted' : fate)
  }
  // A log may reach past the zxid at which the next snapshot begins, so the last one that begins before it stays as well.
  const firstLog =
    oldestKept === null
      ? null
      : input.logs.map(zxidOf).reduce((best, zxid) => (zxid <= oldestKept && zxid > best ? zxid : best), 0n)
  for (const log of input.logs) fates.set(log.name, fateOf(zxidOf(log), firstLog === null ? null : firstLog))
  return { retainCount, oldestKept, fates }
}

/** -1 for a name without a zxid: older than everything. */
export function zxidOf(file: ServerFile): bigint {
  return file.zxid ?? -1n
}

const descending = (a: bigint, b: bigint) => (a < b ? 1 : a > b ? -1 : 0)
