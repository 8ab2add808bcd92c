import { createPeriodNamer } from './keep-periods.ts'
import type { GoReason, KeepDecision, KeepPolicy, KeepReason, KeptBackup } from './keep-policy.ts'
import { PERIODS } from './keep-policy.ts'

const DAY_MS = 86_400_000

/**
 * What stays and what would go, with every reason. Each rule looks at all good backups of a scope by itself, so that one backup may be kept by
 * several; of a period the newest counts, and only periods that have a good backup are counted: when no backups are taken, or the clock jumps,
 * nothing ages out. Decisions are in the order of the input, which does not matter otherwise.
 */
export function decideKeeping(
  backups: readonly KeptBackup[],
  policy: KeepPolicy,
  nowMs: number,
): readonly KeepDecision[] {
  const reasons = new Map<string, KeepReason[]>(backups.map((one) => [one.id, protect(one, policy, nowMs)]))
  const add = (backup: KeptBackup, reason: KeepReason) => reasons.get(backup.id)?.push(reason)
  for (const series of seriesOf(backups)) {
    keepLastOnes(series.good, add)
    keepByRules(series.good, policy, add)
    const newest = series.good[0]
    for (const backup of series.unsound) {
      // Better than nothing, for as long as there is nothing better.
      if (!newest || (backup.soundness === 'partial' && isNewer(backup, newest))) add(backup, { kind: 'only-one' })
    }
  }
  return backups.map((backup) => {
    const why = reasons.get(backup.id) ?? []
    return why.length > 0
      ? { id: backup.id, stays: true, reasons: why }
      : { id: backup.id, stays: false, reason: goReasonOf(backup, policy) }
  })
}

/** What holds for one backup by itself, whatever else there is. */
function protect(backup: KeptBackup, policy: KeepPolicy, nowMs: number): KeepReason[] {
  const reasons: KeepReason[] = []
  const { hold, takenAtMs } = backup
  const ageMs = nowMs - takenAtMs
  const isYoungerThan = (days: number) => ageMs < days * DAY_MS
  if (backup.pinned) reasons.push({ kind: 'pinned' })
  if (hold && (hold.untilMs === null || hold.untilMs > nowMs)) {
    reasons.push({ kind: 'held', by: hold.by, untilMs: hold.untilMs })
  }
  for (const by of backup.neededBy) reasons.push({ kind: 'needed', by })
  if (ageMs < 0) reasons.push({ kind: 'future' })
  if (backup.kind === 'import') reasons.push({ kind: 'import' })
  else if (backup.kind === 'safety') {
    if (isYoungerThan(policy.safetyDays)) reasons.push({ kind: 'safety', days: policy.safetyDays })
  } else if (backup.soundness !== 'good') {
    if (isYoungerThan(policy.unsoundDays)) reasons.push({ kind: 'unsound', days: policy.unsoundDays })
  } else if (isYoungerThan(policy.minAgeDays)) reasons.push({ kind: 'young', days: policy.minAgeDays })
  return reasons
}

interface Series {
  /** Newest first, both. */
  readonly good: readonly KeptBackup[]
  readonly unsound: readonly KeptBackup[]
}

function seriesOf(backups: readonly KeptBackup[]): Series[] {
  const byScope = Map.groupBy(
    backups.filter(({ kind }) => kind === 'usual'),
    ({ scope }) => scope,
  )
  return [...byScope.values()].map((all) => {
    const sorted = all.toSorted((a, b) => (isNewer(a, b) ? -1 : 1))
    return {
      good: sorted.filter(({ soundness }) => soundness === 'good'),
      unsound: sorted.filter(({ soundness }) => soundness !== 'good'),
    }
  })
}

type Add = (backup: KeptBackup, reason: KeepReason) => void

/** No policy can lose these. */
function keepLastOnes(good: readonly KeptBackup[], add: Add): void {
  const [newest] = good
  if (newest) add(newest, { kind: 'last-good' })
  const verified = good.find(({ isVerified }) => isVerified)
  if (verified && verified !== newest) add(verified, { kind: 'last-verified' })
  const proved = good.find(({ isProved }) => isProved)
  if (proved && proved !== newest) add(proved, { kind: 'last-proved' })
}

function keepByRules(good: readonly KeptBackup[], policy: KeepPolicy, add: Add): void {
  for (const [i, backup] of good.slice(0, policy.last).entries()) {
    add(backup, { kind: 'last', rank: i + 1, of: policy.last })
  }
  const namer = createPeriodNamer(policy.timeZone)
  for (const period of PERIODS) {
    const seen = new Set<string>()
    for (const backup of good) {
      if (seen.size >= policy[period]) break
      const name = namer.nameOf(period, backup.takenAtMs)
      if (seen.has(name)) continue
      seen.add(name)
      add(backup, { kind: period, period: name, rank: seen.size, of: policy[period] })
    }
  }
  for (const [i, backup] of good.slice(0, policy.atLeast).entries()) {
    add(backup, { kind: 'at-least', rank: i + 1, of: policy.atLeast })
  }
}

function goReasonOf(backup: KeptBackup, policy: KeepPolicy): GoReason {
  if (backup.kind === 'safety') return { kind: 'safety-over', days: policy.safetyDays }
  if (backup.soundness === 'good') return { kind: 'no-rule' }
  return { kind: 'unsound-over', soundness: backup.soundness, days: policy.unsoundDays }
}

/** Of two backups of one time the greater id, so that every order of the input gives the same. */
function isNewer(a: KeptBackup, b: KeptBackup): boolean {
  return a.takenAtMs !== b.takenAtMs ? a.takenAtMs > b.takenAtMs : a.id > b.id
}
