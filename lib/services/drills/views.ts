/** How a turn of the schedule went. Only `started` made a job. */
export type DrillTurn = 'started' | 'proved-already' | 'failed-already' | 'no-backup' | 'at-work'

export interface DrillScheduleView {
  readonly enabled: boolean
  readonly everyHours: number
  /** Of each drill of this cluster's backups, by hand too. */
  readonly limitMinutes: number
  /** Null while it is off. */
  readonly nextRunAt: string | null
  readonly lastRunAt: string | null
  readonly lastTurn: DrillTurn | null
  /** Why no drill can be done on this host; null when one can. */
  readonly fault: string | null
}
