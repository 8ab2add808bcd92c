import type { Manifest } from '../../domain/snapshot/manifest.ts'
import type { DrillReport } from '../engine/drill-report.ts'
import type { SourceFault } from './source-faults.ts'
import type { VerdictReport } from './verify-report.ts'

export interface BackupView {
  readonly id: string
  readonly clusterId: string
  readonly clusterName: string
  readonly purpose: 'manual' | 'safety' | 'scheduled'
  readonly source: string
  /** The schedule that took it, by the name that it had; it may be removed. */
  readonly schedule: { readonly id: string; readonly name: string } | null
  /** Sources that come first in the chain and could not serve. */
  readonly sourceFaults: readonly SourceFault[]
  readonly status: 'complete' | 'partial'
  readonly consistency: 'exact' | 'fuzzy'
  readonly proof: string | null
  readonly zxid: string
  readonly zxidFrom: string
  readonly zxidTo: string
  readonly scopePaths: readonly string[]
  readonly znodes: number
  readonly dataBytes: number
  readonly archiveBytes: number
  readonly takenAt: string
  readonly durationMs: number
  readonly pinned: boolean
  readonly note: string
  readonly verifiedAt: string | null
  readonly verifyOk: boolean | null
  /** `sums`: verified without the key, as far as that goes. */
  readonly verifyDepth: 'sums' | 'all'
  /** Stores that hold it, or should: the first is where it was put first. */
  readonly places: readonly BackupPlace[]
  /** Public keys that it is encrypted to; null: it is not encrypted. */
  readonly recipients: readonly string[] | null
  readonly drill: DrillSummary | null
  readonly isLastGood: boolean
  readonly createdByName: string | null
  /** No keep rule keeps it: it is removed after that time, unless somebody keeps it. */
  readonly goes: { readonly after: string; readonly reason: string } | null
  /** Nothing removes it while the hold stands. */
  readonly hold: { readonly by: string; readonly reason: string; readonly until: string | null } | null
}

/** By the name of the store: where exactly it lies is for those who see the stores. */
export interface BackupPlace {
  readonly storeId: string
  readonly store: string
  /** `there`: and not known to be damaged; `coming`: waits to be copied, or is; `failed`: could not be copied. */
  readonly state: 'there' | 'damaged' | 'missing' | 'coming' | 'failed'
}

/** The last drill of a backup. */
export interface DrillSummary {
  readonly at: string
  readonly ok: boolean
  /** When a drill found no difference last. */
  readonly provedAt: string | null
  /** Null where the report is of a version that is not known here. */
  readonly durationMs: number | null
  readonly serverVersion: string | null
}

export interface BackupDetailView extends BackupView {
  readonly manifest: Manifest
  readonly verifyReport: VerdictReport | null
  readonly drillReport: DrillReport | null
  /** Where it lies, for the day without a browser; null to whoever does not see the stores. */
  readonly archiveDir: string | null
  /** Sums and digests are left out: of a small secret they are as good as the secret to whoever can guess. */
  readonly sumsHidden: boolean
}
