import type { Prisma } from '../../adapters/database/generated/client.ts'
import type { ClaimedJob } from '../../jobs/claim-job.ts'
import type { ErrorView } from '../error-view.ts'
import type { JobProgress } from './views.ts'

/** What the work of a job is given besides its context, whose signal ends it. */
export interface JobRun {
  readonly job: ClaimedJob
  /** Cheap; written to the database at most twice a second. */
  progress(progress: JobProgress): void
  log(level: 'info' | 'warn' | 'error', message: string): Promise<void>
  /** Throws LEASE_LOST when the lease has run out: another worker may be at it. Asked before each thing that cannot be taken back. */
  assertOwned(): void
}

/** What the work leaves behind. Nothing of it is in the catalog until `commit` has run, in the transaction that settles the job. */
export interface JobResult {
  readonly result: Prisma.InputJsonObject
  /** Last line of the job's log. */
  readonly message: string
  /** The work came to an end that is not what was asked for (a conflict stopped a restore): the job fails, what it did is kept. */
  readonly failure?: ErrorView
  /** Somebody had the work put down before its end (a restore was paused): the job is cancelled, what it did is kept. */
  readonly halted?: ErrorView
  commit?(tx: Prisma.TransactionClient): Promise<void>
  /** Takes back what was written outside the database, when the job was lost to another worker meanwhile. */
  discard?(): Promise<void>
}
