/** An archive that was found damaged where it lies, and what there is instead. */
export interface DamagedPlaceView {
  readonly backupId: string
  readonly takenAt: string
  readonly storeName: string
  readonly isCopy: boolean
  readonly foundAt: string | null
  /** The same archive elsewhere, not found damaged. `isRead`: it was read again and is sound. */
  readonly soundIn: { readonly storeName: string; readonly isRead: boolean } | null
  /** The good backup of the same scope that was taken nearest to it. */
  readonly nearest: { readonly backupId: string; readonly takenAt: string } | null
}

/** How well a cluster's backups are proved. A place is an archive in one store: each copy is read by itself. */
export interface ProofStateView {
  readonly clusterId: string
  readonly places: number
  readonly bytes: number
  /** Read within the period, when they were stored or since. `share` of bytes; null where there is nothing. */
  readonly readWithin: {
    readonly days: number
    readonly places: number
    readonly bytes: number
    readonly share: number | null
  }
  /** Not read again since they were stored. */
  readonly neverReadAgain: number
  /** The one whose reading is longest ago. */
  readonly oldest: { readonly backupId: string; readonly takenAt: string; readonly readAt: string | null } | null
  readonly damaged: readonly DamagedPlaceView[]
  readonly drills: {
    readonly lastProved: { readonly backupId: string; readonly provedAt: string } | null
    readonly failed: { readonly backupId: string; readonly drilledAt: string } | null
  }
  readonly schedule: {
    readonly enabled: boolean
    readonly everyDays: number
    readonly megabytesPerDayMax: number | null
    readonly fromHour: number
    readonly toHour: number
    readonly timeZone: string
    readonly nextRunAt: string | null
    readonly lastRunAt: string | null
    readonly lastTurn: string | null
  }
}
