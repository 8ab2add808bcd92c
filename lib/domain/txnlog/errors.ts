import { ArkeeperError } from '../../base/errors.ts'

export type TxnLogErrorCode =
  | 'BAD_MAGIC'
  | 'BAD_VERSION'
  | 'BAD_LENGTH'
  | 'CHECKSUM_MISMATCH'
  | 'UNKNOWN_TYPE'
  | 'BARE_CHECK'
  | 'BAD_RECORD'
  | 'LOG_GAP'
  | 'LOG_TOO_SHORT'
  | 'FOREIGN_LOG'
  | 'LOG_CHANGED'
  | 'SNAPSHOT_TOO_NEW'
  | 'INCONSISTENT'

/** A transaction log that cannot be read, or a history that cannot be replayed. `details` of a reading fault: offset, expected, found. */
export class TxnLogError extends ArkeeperError<TxnLogErrorCode> {
  static override readonly family: string = 'txnlog'

  /** Offset in the log; null where the error is about no place in a file. */
  get offset(): number | null {
    return typeof this.details.offset === 'number' ? this.details.offset : null
  }
}

export function logFault(
  code: TxnLogErrorCode,
  fault: { offset: number; expected: string; found: string; details?: Readonly<Record<string, unknown>> },
): TxnLogError {
  return new TxnLogError(
    code,
    `the log is not readable at byte ${fault.offset}: expected ${fault.expected}, found ${fault.found}`,
    { details: { ...fault.details, offset: fault.offset, expected: fault.expected, found: fault.found } },
  )
}
