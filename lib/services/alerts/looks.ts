import type { Look } from './finding.ts'
import {
  lookAtDamagedBackups,
  lookAtFailedBackups,
  lookAtLateBackups,
  lookAtSmallerBackups,
} from './look-at-backups.ts'
import { lookAtCertificates } from './look-at-certificates.ts'
import { lookAtDrift, lookAtLogCopies, lookAtLogPieces, lookAtLogs } from './look-at-cluster-work.ts'
import { lookAtFollow } from './look-at-follow.ts'
import { lookAtHealth } from './look-at-health.ts'
import {
  lookAtAuditChain,
  lookAtChannels,
  lookAtForwards,
  lookAtTokens,
  lookAtWorkers,
} from './look-at-installation.ts'
import { lookAtFailedDrills, lookAtOverdueDrills, lookAtOverdueRereads } from './look-at-proofs.ts'
import { lookAtSchedules } from './look-at-schedules.ts'
import { lookAtCopies, lookAtHolds, lookAtMissingBackups, lookAtRemovals } from './look-at-stored.ts'
import { lookAtWatchedPaths } from './look-at-watched-paths.ts'

/** Each rule is looked at by one of them at least, each for subjects of its own (a test says so). */
export const LOOKS: readonly Look[] = [
  lookAtFailedBackups,
  lookAtLateBackups,
  lookAtSmallerBackups,
  lookAtDamagedBackups,
  lookAtSchedules,
  lookAtMissingBackups,
  lookAtCopies,
  lookAtRemovals,
  lookAtHolds,
  lookAtFailedDrills,
  lookAtOverdueDrills,
  lookAtOverdueRereads,
  lookAtHealth,
  lookAtCertificates,
  lookAtDrift,
  lookAtLogs,
  lookAtLogCopies,
  lookAtLogPieces,
  lookAtWatchedPaths,
  lookAtFollow,
  lookAtTokens,
  lookAtAuditChain,
  lookAtForwards,
  lookAtWorkers,
  lookAtChannels,
]
