import type { SqlDriverAdapter, SqlDriverAdapterFactory, SqlQuery, Transaction } from '@prisma/driver-adapter-utils'
import { DriverAdapterError, isDriverAdapterError } from '@prisma/driver-adapter-utils'
import { createLock } from '../lock.ts'

/** Whoever writes more than one statement holds it until the end of the transaction. */
const WRITER_LOCK = 72707370

/**
 * As on SQLite, one transaction at a time writes: all of Arkeeper is written for that, and what it reads in a transaction is still so when
 * it writes. Under it the level is READ COMMITTED, whose every statement sees what the transaction before has left; single statements
 * outside need no lock, for they are guarded by their own conditions.
 */
export function gatePostgresql(factory: SqlDriverAdapterFactory): SqlDriverAdapterFactory {
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connect: async () => gateAdapter(await factory.connect()),
  }
}

function gateAdapter(inner: SqlDriverAdapter): SqlDriverAdapter {
  // Those of this process wait here, so that they do not wait with a connection each.
  const lock = createLock()
  return {
    provider: inner.provider,
    adapterName: inner.adapterName,
    ...(inner.getConnectionInfo && { getConnectionInfo: inner.getConnectionInfo.bind(inner) }),
    queryRaw: (query) => tell(inner.queryRaw(clean(query))),
    executeRaw: (query) => tell(inner.executeRaw(clean(query))),
    executeScript: (script) => tell(inner.executeScript(script)),
    dispose: () => inner.dispose(),
    startTransaction: async () => {
      const release = await lock()
      let transaction: Transaction | undefined
      try {
        transaction = await tell(inner.startTransaction())
        await tell(
          transaction.executeRaw({ sql: `SELECT pg_advisory_xact_lock(${WRITER_LOCK})`, args: [], argTypes: [] }),
        )
        return gateTransaction(transaction, release)
      } catch (error) {
        if (transaction) await abandon(transaction)
        release()
        throw error
      }
    },
  }
}

function gateTransaction(inner: Transaction, release: () => void): Transaction {
  return {
    provider: inner.provider,
    adapterName: inner.adapterName,
    options: inner.options,
    queryRaw: (query) => tell(inner.queryRaw(clean(query))),
    executeRaw: (query) => tell(inner.executeRaw(clean(query))),
    // Prisma sends COMMIT or ROLLBACK as a statement first, and calls these afterwards, also when the statement failed.
    commit: () => inner.commit().finally(release),
    rollback: () => inner.rollback().finally(release),
    createSavepoint: (name) => inner.createSavepoint?.(name) ?? Promise.resolve(),
    rollbackToSavepoint: (name) => inner.rollbackToSavepoint?.(name) ?? Promise.resolve(),
    releaseSavepoint: (name) => inner.releaseSavepoint?.(name) ?? Promise.resolve(),
  }
}

/** A connection that still has its transaction would go back into the pool with it. */
async function abandon(transaction: Transaction): Promise<void> {
  await transaction.executeRaw({ sql: 'ROLLBACK', args: [], argTypes: [] }).catch(() => undefined)
  await transaction.rollback().catch(() => undefined)
}

/** Of a filter that looks for a part of a text: upper and lower case are one, as they are on SQLite. */
const LIKE = /::text (NOT )?LIKE /g

/** PostgreSQL keeps no 0x00 in text, and whatever a server, a file or a person sends may hold one: the picture of it stands in. */
function clean(asked: SqlQuery): SqlQuery {
  const query = { ...asked, sql: asked.sql.replace(LIKE, (_, not: string | undefined) => `::text ${not ?? ''}ILIKE `) }
  const dirty = (arg: unknown) => typeof arg === 'string' && arg.includes('\0')
  if (!query.args.some((arg) => dirty(arg) || (Array.isArray(arg) && arg.some(dirty)))) return query
  const picture = (arg: unknown): unknown => {
    if (Array.isArray(arg)) return arg.map(picture)
    return typeof arg === 'string' ? arg.replaceAll('\0', '\u2400') : arg
  }
  return { ...query, args: query.args.map(picture) }
}

/** States in which the server could not be used for a while, though nothing was wrong with the statement. */
const GONE = /^(08|57P0)/
const TOO_LONG = ['57014', '55P03']

/** The driver's own failures are no errors of Prisma's, and some of the server's have no code there: said so that isDatabaseAway knows them. */
async function tell<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise
  } catch (error) {
    throw translate(error)
  }
}

function translate(error: unknown): unknown {
  if (isDriverAdapterError(error)) {
    if (error.cause.kind !== 'postgres') return error
    const { code, message } = error.cause
    if (GONE.test(code) || code === '25P03') return away('ConnectionClosed', code, message)
    if (TOO_LONG.includes(code)) return away('SocketTimeout', code, message)
    return error
  }
  if (!(error instanceof Error)) return error
  if (/timeout/i.test(error.message)) return away('SocketTimeout', '', error.message)
  if (/connection|socket|EPIPE|EHOSTUNREACH|ENETUNREACH|not queryable/i.test(error.message))
    return away('ConnectionClosed', '', error.message)
  return error
}

function away(kind: 'ConnectionClosed' | 'SocketTimeout', originalCode: string, originalMessage: string) {
  return new DriverAdapterError({ kind, originalCode, originalMessage })
}
