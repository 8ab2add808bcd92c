import type { WriteRate } from './snapshot-trigger.ts'

/** `files`: the members' snapshots and logs are copied; the others hold one state each. */
export type BackupKind = 'client' | 'admin' | 'files'
export const BACKUP_KINDS = ['client', 'admin', 'files'] as const

/**
 * The seed formula t = logSize / rate × ¼: four backups while one log fills. It assumes that a log is as long as the last ones were and that
 * writing goes on at this rate. Milliseconds; null where nothing is written.
 */
export function seedInterval(logSizeBytes: number, rate: WriteRate): number | null {
  return rate.bytesPerMs > 0 && logSizeBytes > 0 ? logSizeBytes / rate.bytesPerMs / 4 : null
}

export interface LossInput {
  readonly kind: BackupKind
  readonly intervalMs: number
  /** How long a backup takes: what is written meanwhile may not be in it. */
  readonly backupMs: number
  readonly rate: WriteRate
}

export interface WorstLoss {
  readonly kind: BackupKind
  /** The cluster is gone just before the next backup is complete: back to where the last one began. */
  readonly whenAllIsLost: Loss
  /**
   * A mistake in the tree while the members' disks are whole. Their logs go on to the last transaction before it, as long as a purge leaves
   * them; without the logs it is back to the last backup.
   */
  readonly whenDisksRemain: Loss
}

export interface Loss {
  readonly timeMs: number
  readonly txns: number
  readonly bytes: number
}

const NOTHING: Loss = { timeMs: 0, txns: 0, bytes: 0 }

/** What a backup interval loses at worst. Times in milliseconds, transactions rounded up. */
export function worstLoss({ kind, intervalMs, backupMs, rate }: LossInput): WorstLoss {
  const timeMs = Math.max(0, intervalMs) + Math.max(0, backupMs)
  const all = {
    timeMs,
    txns: Math.ceil(rate.txnsPerMs * timeMs),
    bytes: Math.ceil(rate.bytesPerMs * timeMs),
  }
  return { kind, whenAllIsLost: all, whenDisksRemain: kind === 'files' ? NOTHING : all }
}

/**
 * The longest interval at which copies of the files surely overlap: a purge that keeps N snapshots leaves the logs of the last N - 1 times between
 * snapshots, each of which may be the shortest. A longer one may find logs gone that no copy has.
 */
export function longestGaplessMs(snapRetainCount: number, shortestBetweenSnapshotsMs: number): number {
  return Math.max(0, snapRetainCount - 1) * shortestBetweenSnapshotsMs
}
