import { join } from 'node:path'
import { defineConfig } from 'prisma/config'

// The running product never uses this: it applies prisma/migrations/sqlite itself (lib/adapters/database/migrate.ts).
export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations/sqlite' },
  datasource: { url: `file:${join(process.env.ARKEEPER_DATA_DIR ?? '.arkeeper', 'arkeeper.db')}` },
})
