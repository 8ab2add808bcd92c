import { ArkeeperError } from '../../base/errors.ts'

export type SnapshotErrorCode =
  | 'BAD_MAGIC'
  | 'BAD_VERSION'
  | 'BAD_LENGTH'
  | 'BAD_PATH'
  | 'MISSING_PARENT'
  | 'DUPLICATE_PATH'
  | 'OUT_OF_ORDER'
  | 'UNKNOWN_ACL'
  | 'BAD_SEAL'
  | 'CHECKSUM_MISMATCH'
  | 'BAD_TAIL'
  | 'TRUNCATED'
  | 'BAD_COMPRESSION'
  | 'BAD_ZNODE'

/** A snapshot that cannot be read, or a stream that cannot be written as one. `details` of a reading fault: offset, expected, found. */
export class SnapshotError extends ArkeeperError<SnapshotErrorCode> {
  static override readonly family: string = 'snapshot'

  /** Offset in the uncompressed stream (in the compressed one for BAD_COMPRESSION); null when a writer raised the error. */
  get offset(): number | null {
    return typeof this.details.offset === 'number' ? this.details.offset : null
  }
}

export interface Fault {
  readonly offset: number
  readonly expected: string
  readonly found: string
  readonly cause?: unknown
  readonly details?: Readonly<Record<string, unknown>>
}

export function snapshotFault(code: SnapshotErrorCode, fault: Fault): SnapshotError {
  return new SnapshotError(
    code,
    `the snapshot is not readable at byte ${fault.offset}: expected ${fault.expected}, found ${fault.found}`,
    {
      details: { ...fault.details, offset: fault.offset, expected: fault.expected, found: fault.found },
      cause: fault.cause,
    },
  )
}
