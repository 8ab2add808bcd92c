import type { FollowState } from './views.ts'

/** A worker that follows says so every few seconds. */
export const FOLLOW_LEASE_MS = 20_000

const STATES = [
  'waiting',
  'connecting',
  'catching-up',
  'following',
  'behind',
  'lost',
  'held',
  'refused',
] as const satisfies readonly FollowState[]

/** States in which the stream is heard. */
const HEARD: ReadonlySet<FollowState> = new Set(['catching-up', 'following', 'behind'])

export interface FollowRow {
  readonly enabled: boolean
  readonly state: string
  readonly stateSince: Date | null
  readonly leaseUntil: Date | null
}

/** What a row says, held against the clock: of a worker that is gone the last word counts for nothing. */
export function judgeFollow(
  row: FollowRow,
  nowMs: number,
): { readonly state: FollowState; readonly since: Date | null } {
  if (!row.enabled) return { state: 'off', since: row.stateSince }
  const stored = STATES.find((known) => known === row.state) ?? 'waiting'
  const isHeld = row.leaseUntil !== null && row.leaseUntil.getTime() > nowMs
  if (stored === 'refused' || isHeld || !(HEARD.has(stored) || stored === 'connecting')) {
    return { state: stored, since: row.stateSince }
  }
  return { state: 'waiting', since: row.leaseUntil }
}

/** Whether somebody hears the stream at this moment: then nobody else writes into the archive of the log. */
export function isHeard(row: FollowRow, nowMs: number): boolean {
  return HEARD.has(judgeFollow(row, nowMs).state)
}
