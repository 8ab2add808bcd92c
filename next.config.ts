import type { NextConfig } from 'next'

// Next.js puts its data into inline scripts; without a nonce per request they need 'unsafe-inline'. Nothing else comes from elsewhere.
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "script-src 'self' 'unsafe-inline'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self'",
  "object-src 'none'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')

const SECURITY_HEADERS = [
  { key: 'x-content-type-options', value: 'nosniff' },
  { key: 'x-frame-options', value: 'DENY' },
  ...(process.env.NODE_ENV === 'production'
    ? [{ key: 'content-security-policy', value: CONTENT_SECURITY_POLICY }]
    : []),
  { key: 'referrer-policy', value: 'same-origin' },
]

/** Answers that are no pages: whatever a browser makes of them, they run nothing. It wins over the policy above. */
const API_POLICY = { key: 'content-security-policy', value: "sandbox; default-src 'none'; frame-ancestors 'none'" }

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
  headers: async () => [
    { source: '/:path*', headers: SECURITY_HEADERS },
    { source: '/api/:path*', headers: [API_POLICY] },
  ],
}

export default config
