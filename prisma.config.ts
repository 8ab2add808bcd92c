import { join } from 'node:path'
import { defineConfig } from 'prisma/config'

// The running product never uses this: it applies prisma/migrations itself (lib/adapters/database/migrate.ts).
// The schema for PostgreSQL is made of prisma/schema.prisma by `npm run prisma` (bin/internal/prisma-schema.mjs).
const given = process.env.DATABASE_URL
const isPostgresql = /^postgres(ql)?:/i.test(given ?? '')
const file = `file:${join(process.env.ARKEEPER_DATA_DIR ?? '.arkeeper', 'arkeeper.db')}`

export default defineConfig({
  schema: isPostgresql ? 'prisma/.postgresql/schema.prisma' : 'prisma/schema.prisma',
  migrations: { path: `prisma/migrations/${isPostgresql ? 'postgresql' : 'sqlite'}` },
  datasource: { url: isPostgresql || given?.startsWith('file:') ? given : file },
})
