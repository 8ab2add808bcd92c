import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inProject } from './project.mjs'

const dirOf = (provider) => inProject('prisma', 'migrations', provider)
/** All up to here is in prisma/migrations/postgresql/0001_baseline. */
const LAST_IN_BASELINE = '20261126011000_audit_chain'
export const BASELINE = '0001_baseline'

const namesIn = (provider) =>
  readdirSync(dirOf(provider), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()

/** Migrations for SQLite that have no twin of the same name for PostgreSQL, and the other way round. */
export function findTwinless() {
  const sqlite = namesIn('sqlite').filter((name) => name > LAST_IN_BASELINE)
  const postgresql = namesIn('postgresql').filter((name) => name !== BASELINE)
  return {
    sqlite: sqlite.filter((name) => !postgresql.includes(name)),
    postgresql: postgresql.filter((name) => !sqlite.includes(name)),
  }
}

/** SQL that only adds (tables, columns, indexes) in PostgreSQL's words. What moves rows is for a person to look at. */
export function toPostgresql(sql) {
  return sql
    .replace(/\bINTEGER NOT NULL PRIMARY KEY AUTOINCREMENT\b/g, 'SERIAL NOT NULL PRIMARY KEY')
    .replace(/\bDATETIME\b/g, 'TIMESTAMP(3)')
    .replace(/\bJSONB\b/g, 'JSON')
    .replace(/\bBLOB\b/g, 'BYTEA')
    .replace(/\bREAL\b/g, 'DOUBLE PRECISION')
    .replace(/json_extract\(("\w+"), '\$\.(\w+)'\)/g, "$1->>'$2'")
}

/** Writes the twins that are missing; gives their names. A SERIAL whose key is always given has to be made an INTEGER by hand. */
export function writeTwins() {
  const names = findTwinless().sqlite
  for (const name of names) {
    const dir = join(dirOf('postgresql'), name)
    mkdirSync(dir, { recursive: true })
    const file = join(dir, 'migration.sql')
    if (!existsSync(file))
      writeFileSync(file, toPostgresql(readFileSync(join(dirOf('sqlite'), name, 'migration.sql'), 'utf8')))
  }
  return names
}
