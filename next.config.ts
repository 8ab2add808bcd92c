import type { NextConfig } from 'next'

const config: NextConfig = {
  poweredByHeader: false,
  // Native or with files of their own: they are loaded from node_modules instead of being bundled.
  serverExternalPackages: [
    'better-sqlite3',
    '@prisma/adapter-better-sqlite3',
    '@prisma/client',
    'node-zookeeper-client',
    'pino',
  ],
  // Without it a lock file in a folder above would be taken for the root of the project.
  turbopack: { root: import.meta.dirname },
  // A znode holds up to 1 MiB, and a form sends it with a third on top.
  experimental: { serverActions: { bodySizeLimit: '4mb' } },
}

export default config
