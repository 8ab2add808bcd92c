import { ArkeeperError } from '../base/errors.ts'

export type JobErrorCode = 'JOB_NOT_FOUND' | 'JOB_WRONG_STATE' | 'JOB_PAYLOAD_INVALID' | 'LEASE_LOST'

export class JobError extends ArkeeperError<JobErrorCode> {
  static override readonly family: string = 'jobs'
}
