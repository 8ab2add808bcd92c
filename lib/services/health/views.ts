import type { Check, NamedFinding } from '../../domain/health/find-dangers.ts'
import type { Severity } from '../../domain/health/health-facts.ts'
import type { HealthHistory, HistoryRange } from '../../domain/health/series.ts'

/** Times are ISO strings, zxids hex strings, spans milliseconds. What a server did not tell is null. */
export interface ServerHealthView {
  readonly server: string
  readonly ok: boolean
  readonly fault: string | null
  readonly faultMessage: string | null
  readonly gap: string | null
  readonly source: string | null
  readonly role: string | null
  readonly version: string | null
  readonly serverId: number | null
  readonly uptimeMs: number | null
  readonly zxid: string | null
  readonly latencyMin: number | null
  readonly latencyAvg: number | null
  readonly latencyMax: number | null
  readonly outstanding: number | null
  readonly connections: number | null
  readonly znodes: number | null
  readonly ephemerals: number | null
  readonly watches: number | null
  readonly dataBytes: number | null
  readonly packetsReceived: number | null
  readonly packetsSent: number | null
  readonly openFiles: number | null
  readonly openFilesMax: number | null
  readonly quorumSize: number | null
  readonly learners: number | null
  readonly syncedFollowers: number | null
  readonly syncedNonVoting: number | null
  readonly syncedObservers: number | null
  readonly proposalLastBytes: number | null
  readonly proposalMaxBytes: number | null
  readonly fsyncMaxMs: number | null
  readonly digestMismatches: number | null
  readonly sessionsExpired: number | null
}

/** One line for a card: of the latest look. */
export interface HealthSummaryView {
  readonly lookedAt: string
  readonly leader: string | null
  readonly serving: number
  readonly known: number
  readonly dangers: number
  readonly warnings: number
  readonly worst: { readonly severity: Severity; readonly title: string } | null
}

export interface HealthView {
  readonly clusterId: string
  readonly watch: {
    readonly enabled: boolean
    readonly everySeconds: number
    /** Why nobody could be asked at all. */
    readonly error: string | null
    /** The latest look is so old that no worker seems to look. */
    readonly isLate: boolean
  }
  /** Null: nobody has looked yet. */
  readonly lookedAt: string | null
  readonly settingsAt: string | null
  readonly servers: readonly ServerHealthView[]
  readonly findings: readonly NamedFinding[]
  readonly checks: readonly Check[]
}

export interface HealthHistoryView extends HealthHistory {
  readonly range: HistoryRange
}

/** One look at one server as it was stored. */
export interface HealthSampleView extends ServerHealthView {
  readonly at: string
}
