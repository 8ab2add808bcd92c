import { ArkeeperError } from '../../base/errors.ts'

export type DatabaseErrorCode =
  | 'DATABASE_NODE_TOO_OLD'
  | 'DATABASE_URL_UNSUPPORTED'
  | 'DATABASE_OPEN_FAILED'
  | 'MIGRATIONS_MISSING'
  | 'MIGRATION_FAILED'
  | 'MIGRATION_EDITED'
  | 'MIGRATION_UNKNOWN'

export class DatabaseError extends ArkeeperError<DatabaseErrorCode> {
  static override readonly family: string = 'database'
}
