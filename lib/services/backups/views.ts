import type { VerifyReport } from '../../adapters/archive/store.ts'
import type { Manifest } from '../../domain/snapshot/manifest.ts'

export interface BackupView {
  readonly id: string
  readonly clusterId: string
  readonly clusterName: string
  readonly purpose: 'manual' | 'safety'
  readonly source: string
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
  readonly isLastGood: boolean
  readonly createdByName: string | null
}

export interface BackupDetailView extends BackupView {
  readonly manifest: Manifest
  readonly verifyReport: VerifyReport | null
  /** Folder of the archive on the server, for the day without a browser. */
  readonly archiveDir: string
}
