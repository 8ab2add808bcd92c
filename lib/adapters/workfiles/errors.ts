import { ArkeeperError } from '../../base/errors.ts'

export type WorkFilesErrorCode = 'LEASE_LOST' | 'WORK_FILE_DAMAGED'

/** A file of a job could not be brought to, or taken from, the place that all hosts share. */
export class WorkFilesError extends ArkeeperError<WorkFilesErrorCode> {
  static override readonly family: string = 'work-files'
}
