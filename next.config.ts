import type { NextConfig } from 'next'
import { tsconfigOf, webDirOf } from './bin/internal/base-path.mjs'

const basePath = process.env.ARKEEPER_BASE_PATH ?? ''

const config: NextConfig = {
  basePath,
  // Beside the usual build, so that one for another path does not take its place.
  distDir: webDirOf(basePath),
  // Types are checked by `npm run check` and by the tests; whoever builds to start need not wait for it.
  // Next.js writes the folder of its build into the file that it is given.
  typescript: { ignoreBuildErrors: true, ...(basePath !== '' && { tsconfigPath: tsconfigOf(basePath) }) },
  compiler: { define: { ARKEEPER_BASE_PATH: basePath } },
  poweredByHeader: false,
  // Native or with files of their own: they are loaded from node_modules instead of being bundled.
  serverExternalPackages: [
    'better-sqlite3',
    '@prisma/adapter-better-sqlite3',
    '@prisma/adapter-pg',
    '@prisma/client',
    'node-zookeeper-client',
    'nodemailer',
    'pg',
    'pino',
    'prom-client',
  ],
  // Without it a lock file in a folder above would be taken for the root of the project.
  turbopack: { root: import.meta.dirname },
  experimental: {
    // A znode holds up to 1 MiB, and a form sends it with a third on top.
    serverActions: { bodySizeLimit: '4mb' },
    // Builds are for other sources than the one before: to write it takes a third of a build, and twice the disk.
    turbopackFileSystemCacheForBuild: false,
  },
}

export default config
