import { decideKeeping } from '../../domain/retention/decide-keeping.ts'
import type { KeepDecision } from '../../domain/retention/keep-policy.ts'
import { isMassRemoval, type RemovalCounts } from '../../domain/retention/removal-limit.ts'
import type { RuledBackup } from './load-kept-backups.ts'
import type { KeepRules } from './schemas.ts'

export interface Weighed {
  readonly backup: RuledBackup
  readonly decision: KeepDecision
}

/** The rules over backups, and what that comes to. */
export interface Weighing {
  /** Newest first. */
  readonly all: readonly Weighed[]
  readonly going: readonly Weighed[]
  readonly counts: RemovalCounts
  /** More goes at once than a clock or a slip of the hand may take. */
  readonly isMass: boolean
}

export function weighBackups(
  backups: readonly RuledBackup[],
  rules: KeepRules,
  nowMs: number,
  options: {
    /** New rules are weighed as if nothing were marked yet. */
    readonly afresh?: boolean
  } = {},
): Weighing {
  const byId = new Map(backups.map((backup) => [backup.id, backup]))
  const all = decideKeeping(backups, rules, nowMs)
    .flatMap((decision) => {
      const backup = byId.get(decision.id)
      return backup ? [{ backup, decision }] : []
    })
    .toSorted((a, b) => b.backup.takenAtMs - a.backup.takenAtMs || (a.backup.id < b.backup.id ? 1 : -1))
  const going = all.filter(({ decision }) => !decision.stays)
  const isOpen = ({ backup }: Weighed) =>
    backup.kind === 'usual' && backup.soundness === 'good' && (options.afresh === true || backup.removeAfterMs === null)
  const counts = { good: all.filter(isOpen).length, goodGoing: going.filter(isOpen).length }
  return { all, going, counts, isMass: isMassRemoval(counts) }
}
