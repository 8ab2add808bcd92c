import { ArkeeperError } from '../../base/errors.ts'

export type DatabaseErrorCode =
  | 'DATABASE_NODE_TOO_OLD'
  | 'DATABASE_URL_UNSUPPORTED'
  | 'DATABASE_URL_INVALID'
  | 'DATABASE_OPEN_FAILED'
  | 'DATABASE_UNREACHABLE'
  | 'DATABASE_LOGIN_REFUSED'
  | 'DATABASE_NOT_ALLOWED'
  | 'DATABASE_MISSING'
  | 'DATABASE_TOO_OLD'
  | 'MIGRATIONS_MISSING'
  | 'MIGRATION_FAILED'
  | 'MIGRATION_EDITED'
  | 'MIGRATION_UNKNOWN'

export class DatabaseError extends ArkeeperError<DatabaseErrorCode> {
  static override readonly family: string = 'database'
}

/** Codes of Prisma for a database that could not be asked: locked by another for too long, closed, or in the way of another transaction. */
const AWAY_CODES = ['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028', 'P2034', 'P2037']

/** The same as a driver says it, where Prisma passes that on as it came: at the end of a transaction. */
const AWAY_KINDS = [
  'ConnectionClosed',
  'SocketTimeout',
  'DatabaseNotReachable',
  'TransactionWriteConflict',
  'TooManyConnections',
]

/** Whether the database itself could not be reached or used, and not what was asked of it was wrong: a later attempt may do better. */
export function isDatabaseAway(error: unknown): boolean {
  for (let at = error, depth = 0; at instanceof Error && depth < 10; at = at.cause, depth++) {
    if (/^PrismaClient(UnknownRequest|Initialization)Error$/.test(at.name)) return true
    if (at.name === 'DriverAdapterError' && AWAY_KINDS.includes(kindOf(at.cause))) return true
    if (at.name !== 'PrismaClientKnownRequestError' || !('code' in at)) continue
    if (AWAY_CODES.some((code) => code === at.code)) return true
  }
  return false
}

function kindOf(cause: unknown): string {
  return typeof cause === 'object' && cause !== null && 'kind' in cause ? String(cause.kind) : ''
}
