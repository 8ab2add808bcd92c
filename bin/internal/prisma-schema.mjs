import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { Failure } from './failure.mjs'
import { inProject } from './project.mjs'

const CANONICAL = inProject('prisma', 'schema.prisma')
/** Git-ignored: written anew from the canonical one before every use. prisma.config.ts names it too. */
export const POSTGRESQL_SCHEMA = inProject('prisma', '.postgresql', 'schema.prisma')
/** Not inside of the other client's folder, which Prisma empties. */
const POSTGRESQL_OUTPUT = '../../lib/adapters/database/postgresql/generated'

export function isPostgresql(url) {
  return /^postgres(ql)?:/i.test(url ?? '')
}

/**
 * The same models for PostgreSQL: Prisma takes one provider a schema. JSON is JSON and not JSONB, which would sort keys and refuse half
 * surrogates and \u0000: it is kept as it was written, as on SQLite.
 */
export function toPostgresqlSchema(text) {
  const provider = /(datasource db \{[^}]*provider\s*=\s*)"sqlite"/
  const output = /(\n\s*output\s*=\s*)"[^"]*"/
  if (!provider.test(text) || !output.test(text))
    throw new Failure('prisma/schema.prisma names no provider or no output')
  const models = text
    .replace(provider, '$1"postgresql"')
    .replace(output, `$1"${POSTGRESQL_OUTPUT}"`)
    .replace(/^(\s+\w+\s+Json\??)(?=\s|$)/gm, '$1 @db.Json')
  return `// Made of prisma/schema.prisma: edit that one.\n${models}`
}

export function writePostgresqlSchema() {
  mkdirSync(dirname(POSTGRESQL_SCHEMA), { recursive: true })
  writeFileSync(POSTGRESQL_SCHEMA, toPostgresqlSchema(readFileSync(CANONICAL, 'utf8')))
}
