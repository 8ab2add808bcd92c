import { PrismaPg } from '@prisma/adapter-pg'
import { ColumnTypeEnum } from '@prisma/driver-adapter-utils'
import pg from 'pg'

// What the schema engine (bin/schema-engine.mjs) needs of PostgreSQL, past faults of the driver adapter.

const OID_CHAR = 18
const OID_TEXT = 25

/** The adapter knows no "char", which the engine's questions to the catalog give. */
function acceptChar(adapter) {
  const performIO = adapter.performIO.bind(adapter)
  let chars = []
  adapter.performIO = async (query) => {
    const result = await performIO(query)
    chars = []
    result.fields?.forEach((field, index) => {
      if (field.dataTypeID !== OID_CHAR) return
      chars.push(index)
      field.dataTypeID = OID_TEXT
    })
    return result
  }
  const queryRaw = adapter.queryRaw.bind(adapter)
  adapter.queryRaw = async (query) => {
    const result = await queryRaw(query)
    for (const index of chars) result.columnTypes[index] = ColumnTypeEnum.Character
    return result
  }
  // The adapter cuts scripts at each semicolon, also inside of a function's body; the server takes them whole.
  adapter.executeScript = async (script) => {
    await adapter.underlyingDriver().query(script)
  }
  return adapter
}

function connectionOf(url) {
  const { hostname, port, username, password, pathname } = new URL(url)
  return {
    host: hostname,
    port: port ? Number(port) : 5432,
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
  }
}

export function openPostgresqlFactory(url) {
  const factory = new PrismaPg({ connectionString: url })
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connect: async () => acceptChar(await factory.connect()),
    // Given an address the adapter's own opens the main database, and would drop the shadow while it is in use.
    connectToShadowDb: async () => {
      const database = `arkeeper_shadow_${crypto.randomUUID().replaceAll('-', '')}`
      const connection = connectionOf(url)
      await onServer(connection, `CREATE DATABASE "${database}"`)
      const shadow = acceptChar(await new PrismaPg({ ...connection, database }).connect())
      const dispose = shadow.dispose.bind(shadow)
      shadow.dispose = async () => {
        await dispose()
        await onServer(connection, `DROP DATABASE "${database}" WITH (FORCE)`)
      }
      return shadow
    },
    raw: () => factory.connect(),
  }
}

async function onServer(connection, sql) {
  const client = new pg.Client(connection)
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

/** `cli can-connect-to-database` and `cli create-database`; a failure carries Prisma's code. */
export async function runPostgresqlCommand(command, url) {
  const connection = connectionOf(url)
  try {
    if (command === 'can-connect-to-database') await onServer(connection, 'SELECT 1')
    else if (command === 'create-database') {
      await onServer(
        { ...connection, database: 'postgres' },
        `CREATE DATABASE "${connection.database.replaceAll('"', '""')}"`,
      )
    } else throw Object.assign(new Error(`unknown command ${command}`), { code: 'P1000' })
  } catch (error) {
    const codes = { '3D000': 'P1003', '28P01': 'P1000', ECONNREFUSED: 'P1001', ENOTFOUND: 'P1001' }
    throw Object.assign(new Error(error.message), { code: codes[error.code] ?? error.code })
  }
}
