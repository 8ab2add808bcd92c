import { isArkeeperError } from '../../base/errors.ts'
import type { ClaimedJob } from '../../jobs/claim-job.ts'
import { JOB_DEFINITIONS } from '../../jobs/definitions.ts'
import { AWAY_CODES } from '../restores/goes-on-later.ts'

/** What an election, or a busy moment, does to who listens to the leader. */
const LEADER_AWAY: readonly string[] = ['NO_LEADER', 'LOST', 'TOO_SLOW']

/** Whether a backup that failed is tried again by itself: nobody waits for one of a schedule, and its cluster may be back in a moment. */
export function triesAgain(job: Pick<ClaimedJob, 'kind' | 'payload'>, error: unknown): boolean {
  if (job.kind !== 'backup' || !isArkeeperError(error)) return false
  if (![...AWAY_CODES, ...LEADER_AWAY, 'NO_SOURCE'].includes(error.code)) return false
  return JOB_DEFINITIONS.backup.payload.safeParse(job.payload).data?.schedule !== undefined
}
