import type { JobChange } from './job-log.ts'
import type { Kill } from './killer.ts'

const ENDED = ['succeeded', 'failed', 'cancelled']

/** From the kill of a worker to the instant at which another had its job, or at which the job had ended otherwise. */
export function measureTakeovers(changes: readonly JobChange[], kills: readonly Kill[]): number[] {
  const times: number[] = []
  for (const [, log] of Map.groupBy(changes, ({ job }) => job)) {
    for (const [at, { to, owner, atMs }] of log.entries()) {
      if (to !== 'running' || owner === null) continue
      const after = log.slice(at + 1)
      const until = after[0]?.atMs ?? Number.POSITIVE_INFINITY
      const kill = kills.find(
        ({ kind, pid, atMs: killedMs }) =>
          kind === 'worker' && owner.split(':').includes(String(pid)) && killedMs >= atMs && killedMs <= until,
      )
      // Given back or ended by itself right before it died is no takeover.
      const next = after.find((change) => change.to === 'running' || ENDED.includes(change.to))
      if (kill && next && after[0]?.owner !== owner) times.push(next.atMs - kill.atMs)
    }
  }
  return times.sort((a, b) => a - b)
}

/** Ends of each job, less the times that somebody has opened it again. */
export function countEnds(changes: readonly JobChange[]): Map<string, number> {
  const ends = new Map<string, number>()
  for (const { job, from, to } of changes) {
    const wasEnded = ENDED.includes(from)
    const isEnded = ENDED.includes(to)
    if (wasEnded === isEnded) {
      // Ended, and ended once more: nothing may do that.
      if (wasEnded) ends.set(job, (ends.get(job) ?? 0) + 1)
      continue
    }
    ends.set(job, (ends.get(job) ?? 0) + (isEnded ? 1 : -1))
  }
  return ends
}
