import type { PoolConfig } from 'pg'
import { DatabaseError } from '../errors.ts'

/** Of one process. Those who write wait in line for one connection, so the others are for those who read. */
const CONNECTIONS = 10
const CONNECT_TIMEOUT_S = 10
const STATEMENT_TIMEOUT_MS = 30_000
/** Shorter than what a transaction may wait for its begin: whoever gives up has left the server's line as well. */
const LOCK_TIMEOUT_MS = 14_000
/** A process that was cut off inside of a transaction keeps nobody from writing for longer. */
const IDLE_IN_TRANSACTION_MS = 20_000

export interface PostgresqlSettings {
  readonly pool: PoolConfig
  /** For a statement that may take longer than any other: migrations. */
  readonly withoutLimits: PoolConfig
  readonly database: string
  /** Null: the server's own, which is `public`. */
  readonly schema: string | null
  /** Who is asked, in words, without a password. */
  readonly label: string
}

/**
 * An address in the driver's form. Ours, taken out of it: `connection_limit`, `connect_timeout` (seconds), `statement_timeout` (ms),
 * `schema`. TLS as libpq means it: sslmode, sslrootcert, sslcert, sslkey.
 */
export function readPostgresqlUrl(url: string): PostgresqlSettings {
  const [address = '', query = ''] = url.split(/\?(.*)/s)
  const parameters = new URLSearchParams(query)
  const take = (name: string) => {
    const text = parameters.get(name)
    parameters.delete(name)
    return text
  }
  const takeNumber = (name: string, fallback: number) => {
    const text = take(name)
    const value = text === null || text === '' ? fallback : Number(text)
    if (Number.isSafeInteger(value) && value >= 1) return value
    throw urlInvalid(`${name} is not a number above 0`)
  }
  const max = takeNumber('connection_limit', CONNECTIONS)
  const connectionTimeoutMillis = takeNumber('connect_timeout', CONNECT_TIMEOUT_S) * 1000
  const statementMs = takeNumber('statement_timeout', STATEMENT_TIMEOUT_MS)
  const schema = take('schema')
  const givenOptions = take('options')
  if (parameters.has('sslmode') && !parameters.has('uselibpqcompat')) parameters.set('uselibpqcompat', 'true')
  const rest = parameters.toString()
  // Times without a zone are UTC, whatever the server or the role is set to.
  const path = schema && `"${schema.replaceAll('"', '""')}"`.replaceAll(/([\\ ])/g, '\\$1')
  const always = ['-c TimeZone=UTC', ...(path ? [`-c search_path=${path}`] : [])]
  const limits = [
    `-c statement_timeout=${statementMs}`,
    `-c lock_timeout=${LOCK_TIMEOUT_MS}`,
    `-c idle_in_transaction_session_timeout=${IDLE_IN_TRANSACTION_MS}`,
  ]
  const common: PoolConfig = {
    connectionString: rest === '' ? address : `${address}?${rest}`,
    connectionTimeoutMillis,
    keepAlive: true,
    application_name: parameters.get('application_name') ?? 'arkeeper',
  }
  const { database, label } = describe(address, parameters)
  return {
    pool: {
      ...common,
      max,
      options: [...always, ...limits, givenOptions].filter(Boolean).join(' '),
      // The server ends a statement that takes too long; this is for a server that does not answer any more.
      query_timeout: statementMs + 5_000,
    },
    withoutLimits: { ...common, options: [...always, givenOptions].filter(Boolean).join(' ') },
    database,
    schema,
    label,
  }
}

function describe(address: string, parameters: URLSearchParams): { database: string; label: string } {
  // An @ behind the first slash: the slash is of a password, which would be told as the name of the database.
  const match = /^postgres(?:ql)?:\/\/(?:[^@/]*@)?([^/@]*)(?:\/([^@]*))?$/is.exec(address)
  if (!match) throw urlInvalid('it is not of the form postgresql://user:password@host:port/database')
  const host = parameters.get('host') || match[1] || 'localhost'
  const database = decode(match[2] ?? '')
  if (database === '') throw urlInvalid('it names no database')
  return { database, label: `${database} at ${decode(host)}` }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw urlInvalid('it has a % that stands for nothing (%25 is the sign itself)')
  }
}

function urlInvalid(why: string): DatabaseError {
  return new DatabaseError('DATABASE_URL_INVALID', `DATABASE_URL cannot be used: ${why}`, {
    remedy: 'write postgresql://user:password@host:5432/database, with special characters as %..',
  })
}
