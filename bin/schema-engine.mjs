#!/usr/bin/env node
// Stands in for Prisma's native schema engine, which is fetched from a CDN and therefore missing where only a package registry is
// reachable: the same engine as WebAssembly, spoken to by the same line-wise JSON-RPC. Named by PRISMA_SCHEMA_ENGINE_BINARY.
// For developers who make migrations; the running product never needs it.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, isAbsolute, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import { isPostgresql } from './internal/prisma-schema.mjs'
import { openPostgresqlFactory, runPostgresqlCommand } from './internal/schema-engine-postgresql.mjs'

const require = createRequire(import.meta.url)

const MIGRATIONS_TABLE = `CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
    "id"                    TEXT PRIMARY KEY NOT NULL,
    "checksum"              TEXT NOT NULL,
    "finished_at"           DATETIME,
    "migration_name"        TEXT NOT NULL,
    "logs"                  TEXT,
    "rolled_back_at"        DATETIME,
    "started_at"            DATETIME NOT NULL DEFAULT current_timestamp,
    "applied_steps_count"   INTEGER UNSIGNED NOT NULL DEFAULT 0
);`

async function loadEngine() {
  const entry = require.resolve('@prisma/schema-engine-wasm')
  const bindings = await import(resolve(dirname(entry), 'schema_engine_bg.js'))
  const wasm = readFileSync(resolve(dirname(entry), 'schema_engine_bg.wasm'))
  const { instance } = await WebAssembly.instantiate(wasm, { './schema_engine_bg.js': bindings })
  bindings.__wbg_set_wasm(instance.exports)
  instance.exports.__wbindgen_start()
  globalThis.PRISMA_WASM_PANIC_REGISTRY = { set_message: () => undefined }
  return bindings
}

/** The shadow database gets whole scripts through executeRaw, and the driver takes one statement at a time: such scripts go another way. */
function acceptScripts(adapter) {
  const executeRaw = adapter.executeRaw.bind(adapter)
  adapter.executeRaw = async (query) => {
    try {
      return await executeRaw(query)
    } catch (error) {
      if (!/more than one statement/i.test(`${error?.message} ${error?.cause?.message}`)) throw error
      await adapter.executeScript(query.sql)
      return 0
    }
  }
  return adapter
}

function openFactory(file) {
  const factory = new PrismaBetterSqlite3({ url: file })
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connect: async () => acceptScripts(await factory.connect()),
    connectToShadowDb: async () => acceptScripts(await factory.connectToShadowDb()),
    raw: () => factory.connect(),
  }
}

/** The engine's own reset drops nothing on SQLite. */
async function dropEverything(factory) {
  const adapter = await factory.raw()
  try {
    const { rows } = await adapter.queryRaw({
      sql: `SELECT type, name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'`,
      args: [],
      argTypes: [],
    })
    const drops = rows.map(([type, name]) => `DROP ${type} "${String(name).replaceAll('"', '""')}";`)
    await adapter.executeScript(`PRAGMA foreign_keys=OFF; ${drops.join(' ')}`)
  } finally {
    await adapter.dispose()
  }
}

async function ensureMigrationsTable(factory) {
  const adapter = await factory.raw()
  try {
    await adapter.executeScript(MIGRATIONS_TABLE)
  } finally {
    await adapter.dispose()
  }
}

function warnOfLoss(script) {
  return /^\s*DROP |RENAME TO/m.test(script)
    ? `-- Drops or rebuilds: check which rows and columns it loses.\n${script}`
    : script
}

function parseArguments(argv) {
  const options = { datasource: undefined, datamodels: [], command: undefined }
  const rest = [...argv]
  while (rest.length > 0) {
    const word = rest.shift()
    if (word === '--datasource') options.datasource = JSON.parse(rest.shift())
    else if (word === '--datamodels' || word === '--datamodel' || word === '-d') options.datamodels.push(rest.shift())
    else if (word === 'cli') options.command = rest.shift()
  }
  return options
}

function fileOf(url) {
  if (!url.startsWith('file:'))
    throw Object.assign(new Error(`only file: addresses work here, not ${url}`), { code: 'P1013' })
  const path = url.slice('file:'.length).split('?')[0]
  return isAbsolute(path) ? path : resolve(path)
}

function failCommand(message, code) {
  const line = { level: 'ERROR', target: 'schema_engine::logger', fields: { message, error_code: code } }
  process.stderr.write(`\n${JSON.stringify(line)}\n`)
  process.exit(1)
}

async function runCommand(command, url) {
  if (isPostgresql(url)) {
    await runPostgresqlCommand(command, url)
    return
  }
  const file = fileOf(url)
  if (command === 'can-connect-to-database') {
    if (!existsSync(file)) failCommand(`Database ${file} does not exist`, 'P1003')
  } else if (command === 'create-database') {
    mkdirSync(dirname(file), { recursive: true })
    if (!existsSync(file)) writeFileSync(file, '')
  } else {
    failCommand(`unknown command ${command}`, 'P1000')
  }
}

async function serve(options) {
  const { SchemaEngine } = await loadEngine()
  const url = options.datasource?.url
  const onSqlite = !isPostgresql(url)
  const file = url && onSqlite ? fileOf(url) : ':memory:'
  if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true })
  const factory = onSqlite ? openFactory(file) : openPostgresqlFactory(url)
  const datamodels = options.datamodels.map((path) => [path, readFileSync(path, 'utf8')])
  const write = (message) => process.stdout.write(`${JSON.stringify(message)}\n`)

  let engine
  const scriptFor = ({ migrationsList, schema, filters }) =>
    engine.diff({
      from: { tag: 'migrations', ...migrationsList },
      to: { tag: 'schemaDatamodel', ...schema },
      script: true,
      exitCode: true,
      shadowDatabaseUrl: null,
      filters,
    })
  // On SQLite the engine's own evaluateDataLoss and createMigration find no shadow database; diff does, so they are made from it.
  const evaluateDataLoss = async (params) => {
    const { exitCode } = await scriptFor(params)
    return { migrationSteps: exitCode === 2 ? 1 : 0, unexecutableSteps: [], warnings: [] }
  }
  const createMigration = async (params) => {
    const { exitCode, stdout } = await scriptFor(params)
    const stamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14)
    return {
      connectorType: 'sqlite',
      generatedMigrationName: `${stamp}_${params.migrationName || 'migration'}`,
      migrationScript: exitCode === 2 ? warnOfLoss(stdout) : params.draft ? '-- This is an empty migration.' : null,
      extension: 'sql',
    }
  }

  const answer = async ({ id, method, params }) => {
    try {
      engine ??= await SchemaEngine.new(
        { datamodels: datamodels.length > 0 ? datamodels : undefined },
        () => undefined,
        bindMigrationAwareSqlAdapterFactory(factory),
      )
      if (file !== ':memory:' && (method === 'devDiagnostic' || method === 'diagnoseMigrationHistory')) {
        await ensureMigrationsTable(factory)
      }
      let result
      if (method === 'getDatabaseVersion') result = await engine.version(params)
      else if (method === 'reset' && onSqlite) {
        await dropEverything(factory)
        // SQLite keeps its own table of sequences, which the engine would take for a schema that it must not touch.
        await ensureMigrationsTable(factory)
        result = null
      } else if (method === 'evaluateDataLoss' && onSqlite) result = await evaluateDataLoss(params)
      else if (method === 'createMigration' && onSqlite) result = await createMigration(params)
      else result = await engine[method](params)
      if (method === 'diff') {
        write({ jsonrpc: '2.0', id: id + 1_000_000, method: 'print', params: { content: result?.stdout ?? '' } })
      }
      write({ jsonrpc: '2.0', id, result: result ?? null })
    } catch (error) {
      const message = error?.message ?? String(error)
      const data = { is_panic: false, message, error_code: error?.code ?? error?.error_code, meta: error?.meta ?? null }
      write({ jsonrpc: '2.0', id, error: { code: 4466, message: 'An error happened.', data } })
    }
  }

  let queue = Promise.resolve()
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() === '') continue
    const message = JSON.parse(line)
    if (message.method) queue = queue.then(() => answer(message))
  }
  await queue
}

if (process.argv.includes('--version')) {
  process.stdout.write('schema-engine-cli wasm\n')
} else {
  const options = parseArguments(process.argv.slice(2))
  try {
    if (options.command) await runCommand(options.command, options.datasource?.url ?? '')
    else await serve(options)
  } catch (error) {
    failCommand(error?.message ?? String(error), error?.code ?? 'P1000')
  }
}
