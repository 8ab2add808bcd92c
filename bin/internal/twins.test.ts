import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { toPostgresqlSchema } from './prisma-schema.mjs'
import { findTwinless, toPostgresql } from './twins.mjs'

it('each migration for SQLite has its twin for PostgreSQL: npm run prisma -- twins', () => {
  expect(findTwinless()).toEqual({ sqlite: [], postgresql: [] })
})

it('no twin speaks of what PostgreSQL has not, or of JSONB, which does not keep what it is given', () => {
  const words = /\b(JSONB|DATETIME|BLOB|AUTOINCREMENT|json_extract|PRAGMA)\b/
  const wrong = readdirSync('prisma/migrations/postgresql', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.sql'))
    .filter((file) => words.test(readFileSync(`prisma/migrations/postgresql/${file}`, 'utf8')))
  expect(wrong).toEqual([])
})

it('what only adds is said in the words of PostgreSQL', () => {
  expect(
    toPostgresql(`CREATE TABLE "T" (
    "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "at" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "what" JSONB,
    "secret" BLOB,
    "share" REAL NOT NULL
);
UPDATE "T" SET "name" = json_extract("what", '$.name');`),
  ).toBe(`CREATE TABLE "T" (
    "id" SERIAL NOT NULL PRIMARY KEY,
    "at" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "what" JSON,
    "secret" BYTEA,
    "share" DOUBLE PRECISION NOT NULL
);
UPDATE "T" SET "name" = "what"->>'name';`)
})

it('the schema for PostgreSQL keeps JSON as it was written', () => {
  const schema = toPostgresqlSchema(`generator client {
  output = "../x"
}
datasource db {
  provider = "sqlite"
}
model M {
  id   String @id
  a    Json
  b    Json? // said
  json String
}
`)
  expect(schema).toContain('provider = "postgresql"')
  expect(schema).toContain('  a    Json @db.Json\n  b    Json? @db.Json // said\n  json String\n')
})
