import { ArkeeperError } from '../../base/errors.ts'

export type ImportErrorCode =
  /** None of the known forms, or not the one that was named. */
  | 'UNKNOWN_FORM'
  | 'TRUNCATED'
  | 'BAD_JSON'
  /** It is JSON (or a tar), but not as the form has it. */
  | 'BAD_IMPORT'
  | 'BAD_BASE64'
  | 'BAD_IMPORT_PATH'
  | 'DUPLICATE_IMPORT'
  | 'IMPORT_TOO_LARGE'
  | 'IMPORT_TOO_DEEP'
  | 'EMPTY_IMPORT'

/** A file of another tool that cannot be taken over. The message says where: a byte of the unpacked file, or a path. */
export class ImportError extends ArkeeperError<ImportErrorCode> {
  static override readonly family: string = 'import'

  /** In the unpacked file; null where a path says enough. */
  get offset(): number | null {
    return typeof this.details.offset === 'number' ? this.details.offset : null
  }
}

/** `at`: byte of the unpacked file. */
export function importFault(code: ImportErrorCode, what: string, at: number | null, remedy?: string): ImportError {
  return new ImportError(code, at === null ? what : `${what} (at byte ${at})`, {
    unaffected: 'nothing was imported',
    remedy,
    details: at === null ? {} : { offset: at },
  })
}
