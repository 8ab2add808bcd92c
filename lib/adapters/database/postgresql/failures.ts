import { DatabaseError, type DatabaseErrorCode } from '../errors.ts'
import type { PostgresqlSettings } from './settings.ts'

const VERSION_MINIMUM = 130_000

/** What keeps the database from being used at all, as one message that says what to do. The password is in none of them. */
export function describeOpenFailure(cause: unknown, { database, label }: PostgresqlSettings): DatabaseError {
  if (cause instanceof DatabaseError) return cause
  const error = innermost(cause)
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  const fail = (kind: DatabaseErrorCode, message: string, remedy: string) =>
    new DatabaseError(kind, message, { cause, remedy })
  const identifier = `"${database.replaceAll('"', '""')}"`
  switch (code) {
    case '3D000':
      return fail(
        'DATABASE_MISSING',
        `The server has no database ${database}`,
        `make it, as a user who may: CREATE DATABASE ${identifier};`,
      )
    case '3F000':
      return fail(
        'DATABASE_MISSING',
        `The database ${label} has no schema to make tables in`,
        'make it, as a user who may: CREATE SCHEMA …;, or name another with ?schema=… in DATABASE_URL',
      )
    case '28P01':
    case '28000':
      return fail(
        'DATABASE_LOGIN_REFUSED',
        `The database ${label} refused the sign-in: ${error.message}`,
        'check user and password in DATABASE_URL (special characters as %..) and the pg_hba.conf of the server',
      )
    case '42501':
      return fail(
        'DATABASE_NOT_ALLOWED',
        `The user of DATABASE_URL may not do what is needed in ${label}: ${error.message}`,
        `give the database to that user: ALTER DATABASE ${identifier} OWNER TO …;`,
      )
    case '53300':
      return fail(
        'DATABASE_UNREACHABLE',
        `The database ${label} has no connection left: ${error.message}`,
        'raise max_connections of the server, or lower connection_limit in DATABASE_URL (per process)',
      )
  }
  return fail(
    'DATABASE_UNREACHABLE',
    `The database ${label} cannot be reached: ${error.message || code || 'no answer'}`,
    'check the address in DATABASE_URL, that the server runs, and TLS (sslmode, sslrootcert)',
  )
}

export function assertVersion(serverVersion: number, version: string): void {
  if (serverVersion >= VERSION_MINIMUM) return
  throw new DatabaseError('DATABASE_TOO_OLD', `PostgreSQL ${version} is too old`, {
    remedy: 'use PostgreSQL 13 or newer',
  })
}

/** Node.js puts the errors of all addresses of a name into one that says nothing itself. */
function innermost(cause: unknown): Error {
  if (cause instanceof AggregateError && cause.errors[0] instanceof Error) return cause.errors[0]
  return cause instanceof Error ? cause : new Error(String(cause))
}
