import { setTimeout as pause } from 'node:timers/promises'
import type {
  IsolationLevel,
  SqlDriverAdapter,
  SqlDriverAdapterFactory,
  SqlQuery,
  Transaction,
} from '@prisma/driver-adapter-utils'
import { DriverAdapterError, isDriverAdapterError } from '@prisma/driver-adapter-utils'
import { createLock } from './lock.ts'

/** How long a statement waits for another process's write, before Prisma sees P1008. */
const BUSY_TIMEOUT_MS = 5_000
/** BEGIN waits longer: SQLite serves no queue, and under many writers one of them may have bad luck for some time. */
const BEGIN_TIMEOUT_MS = 12_000
/** SQLite's own wait stops the whole process, so it gets a sliver; the rest of the wait is done without blocking. */
export const BLOCKING_BUSY_TIMEOUT_MS = 20

const PRAGMAS = `
PRAGMA journal_mode=WAL;
PRAGMA synchronous=FULL;
PRAGMA foreign_keys=ON;
`

/**
 * The driver has one connection, and lets a statement from outside run inside an open transaction of the same process: it is acknowledged
 * and then gone with the rollback. The gate lets one in at a time, so use only `tx` inside `$transaction`: the outer client would wait for itself.
 */
export function gateSqlite(factory: SqlDriverAdapterFactory): SqlDriverAdapterFactory {
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connect: async () => {
      const adapter = await factory.connect()
      await retryWhileBusy(() => adapter.executeScript(PRAGMAS))
      return gateAdapter(adapter, connectionOf(adapter))
    },
  }
}

function gateAdapter(inner: SqlDriverAdapter, connection: SqliteConnection): SqlDriverAdapter {
  const lock = createLock()
  // A failed COMMIT leaves the connection inside its transaction; what comes next would be acknowledged and never stored.
  const heal = () => {
    if (connection.inTransaction) connection.exec('ROLLBACK')
  }
  const alone = async <T>(run: () => Promise<T>): Promise<T> => {
    const release = await lock()
    try {
      heal()
      return await retryWhileBusy(run)
    } finally {
      release()
    }
  }

  return {
    provider: inner.provider,
    adapterName: inner.adapterName,
    queryRaw: (query) => alone(() => inner.queryRaw(query)),
    executeRaw: (query) => alone(() => inner.executeRaw(query)),
    executeScript: (script) => alone(() => inner.executeScript(script)),
    dispose: () => alone(() => inner.dispose()),
    startTransaction: async (isolationLevel) => {
      assertSerializable(isolationLevel)
      const release = await lock()
      try {
        heal()
        // A deferred BEGIN that reads first and writes later fails at once when another process wrote in between.
        await retryWhileBusy(() => inner.executeScript('BEGIN IMMEDIATE'), BEGIN_TIMEOUT_MS)
      } catch (error) {
        release()
        throw error
      }
      return gateTransaction(inner, () => {
        heal()
        release()
      })
    },
  }
}

/** Prisma sends COMMIT or ROLLBACK as a statement first, and calls commit() or rollback() afterwards, also when the statement failed. */
function gateTransaction(inner: SqlDriverAdapter, end: () => void): Transaction {
  const execute = async (sql: string) => {
    await inner.executeRaw({ sql, args: [], argTypes: [] })
  }
  return {
    provider: inner.provider,
    adapterName: inner.adapterName,
    options: { usePhantomQuery: false },
    queryRaw: (query: SqlQuery) => inner.queryRaw(query),
    executeRaw: (query: SqlQuery) => inner.executeRaw(query),
    commit: async () => end(),
    rollback: async () => end(),
    createSavepoint: (name) => execute(`SAVEPOINT ${name}`),
    rollbackToSavepoint: (name) => execute(`ROLLBACK TO ${name}`),
    releaseSavepoint: (name) => execute(`RELEASE SAVEPOINT ${name}`),
  }
}

function assertSerializable(level: IsolationLevel | undefined): void {
  if (level && level !== 'SERIALIZABLE') throw new DriverAdapterError({ kind: 'InvalidIsolationLevel', level })
}

async function retryWhileBusy<T>(run: () => Promise<T>, limitMs: number = BUSY_TIMEOUT_MS): Promise<T> {
  const giveUpAt = performance.now() + limitMs
  for (let attempt = 0; ; attempt++) {
    try {
      return await run()
    } catch (error) {
      const busy = isDriverAdapterError(error) && error.cause.kind === 'SocketTimeout'
      if (!busy || performance.now() >= giveUpAt) throw error
      // Unequal waits keep two processes from meeting again and again.
      await pause(Math.min(2 ** attempt, 25) * (0.5 + Math.random()))
    }
  }
}

interface SqliteConnection {
  readonly inTransaction: boolean
  exec(sql: string): unknown
}

/** The driver's connection is public at run time and missing from its types; a driver without it must not be used ungated. */
function connectionOf(adapter: SqlDriverAdapter): SqliteConnection {
  const { client } = adapter as SqlDriverAdapter & { client?: SqliteConnection }
  if (typeof client?.inTransaction !== 'boolean')
    throw new TypeError('The SQLite driver no longer shows its connection')
  return client
}
