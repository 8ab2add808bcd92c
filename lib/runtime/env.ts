import { join, resolve } from 'node:path'
import { z } from 'zod'
import { databaseFileIn } from '../adapters/database/database-location.ts'
import type { SingleSignOnEnv } from '../adapters/oidc/read-single-sign-on.ts'
import type { ScratchSettings } from '../adapters/scratch/scratch-server.ts'
import { parseSecretKey } from '../adapters/secrets/secret-key.ts'
import type { SessionLimits } from '../services/people/session-expiry.ts'
import { RuntimeError } from './errors.ts'
import { type ProxyList, parseProxies } from './front/proxies.ts'

export interface Env {
  /** Address that the web process listens on. */
  readonly host: string
  readonly port: number
  /** Where browsers reach it when that is not host:port, for example behind a proxy that ends TLS. Origin only. */
  readonly publicUrl: string | null
  /** Under which the whole of it is served: empty, or like `/arkeeper`. Fixed by the build. */
  readonly basePath: string
  /** None unless told: without a proxy in front, a client would write these headers itself. */
  readonly trustedProxies: ProxyList
  /** Absolute. Database, key, work files and, unless told otherwise, the store. */
  readonly dataDir: string
  readonly storeDir: string
  readonly workDir: string
  /** Where files of jobs are kept for all hosts; null: in the work folder with SQLite, in the database with PostgreSQL. */
  readonly workFiles: 'folder' | 'database' | null
  /** Absolute. Names the members whose directories this host can reach; need not exist. */
  readonly configFile: string
  /** A `file:` or `postgresql:` address. */
  readonly databaseUrl: string
  /** Worker processes to run beside the web process; 0 is web only. */
  readonly workers: number
  /** Writes that one request of a restore carries at most; null is the engine's own. Fewer are gentler on a small cluster. */
  readonly restoreBatch: number | null
  /** Room for archives of buckets that are read on this host; null: what the services think right. */
  readonly storeCacheBytes: number | null
  /** Null: the generated key file of the data directory is used. */
  readonly secretKey: Uint8Array | null
  /** What the audit is signed with, 32 bytes; null: the file of the data directory, or what is made of `secretKey`. */
  readonly auditKey: Uint8Array | null
  /** This host's keys become those of the installation, whatever was known of them. */
  readonly adoptKeys: boolean
  /** Absolute. Private keys of age, with which encrypted archives are read; null: none lies on this machine. */
  readonly ageIdentityFile: string | null
  /** Java and ZooKeeper for drills; null where they are looked for in the usual places. */
  readonly zookeeper: ScratchSettings
  /** What the environment says of single sign-on, above the configuration file. */
  readonly singleSignOn: SingleSignOnEnv
  /** When a session of the dashboard ends by itself. */
  readonly sessionLimits: SessionLimits
  /** What a scraper of metrics shows; null: API tokens only. */
  readonly metricsToken: string | null
  /** Where a worker answers probes and gives metrics; null: nowhere. */
  readonly workerListener: { readonly host: string; readonly port: number } | null
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent'
}

const HOUR_MS = 3600_000

const port = z.coerce.number().int().min(0).max(65_535)

function toProxies(text: string, ctx: z.RefinementCtx): ProxyList {
  const list = parseProxies(text)
  if (list) return list
  ctx.addIssue({ code: 'custom', message: 'addresses or ranges like 10.0.0.0/8, separated by commas' })
  return z.NEVER
}

const logLevel = z.enum(['debug', 'info', 'warn', 'error', 'silent'])

const envSchema = z.object({
  HOST: z.string().trim().min(1).default('127.0.0.1'),
  PORT: port.default(3000),
  ARKEEPER_PUBLIC_URL: z
    .url({ protocol: /^https?$/ })
    .transform((url) => new URL(url).origin)
    .optional(),
  ARKEEPER_BASE_PATH: z
    .string()
    .regex(/^(\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$/, 'like /arkeeper, without a slash at its end')
    .optional(),
  ARKEEPER_TRUSTED_PROXIES: z.string().default('').transform(toProxies),
  ARKEEPER_DATA_DIR: z.string().trim().min(1).default('.arkeeper'),
  ARKEEPER_STORE_DIR: z.string().trim().min(1).optional(),
  ARKEEPER_WORK_DIR: z.string().trim().min(1).optional(),
  ARKEEPER_WORK_FILES: z.enum(['folder', 'database']).optional(),
  ARKEEPER_CONFIG: z.string().trim().min(1).optional(),
  DATABASE_URL: z.string().trim().min(1).optional(),
  ARKEEPER_WORKERS: z.coerce.number().int().min(0).max(64).default(1),
  ARKEEPER_RESTORE_BATCH: z.coerce.number().int().min(1).max(1000).optional(),
  ARKEEPER_CACHE_GIB: z.coerce.number().min(0.01).max(100_000).optional(),
  ARKEEPER_SECRET_KEY: z.string().min(1).optional(),
  ARKEEPER_AUDIT_KEY: z.string().min(1).optional(),
  ARKEEPER_ADOPT_KEYS: z.enum(['0', '1']).default('0'),
  ARKEEPER_AGE_IDENTITY_FILE: z.string().trim().min(1).optional(),
  ARKEEPER_SESSION_IDLE_HOURS: z.coerce.number().min(0.25).max(720).default(12),
  ARKEEPER_SESSION_HOURS: z.coerce.number().min(0.25).max(720).default(168),
  ARKEEPER_OIDC_ISSUER: z.string().trim().min(1).optional(),
  ARKEEPER_OIDC_CLIENT_ID: z.string().trim().min(1).optional(),
  ARKEEPER_OIDC_CLIENT_SECRET: z.string().trim().min(1).optional(),
  ARKEEPER_OIDC_CLIENT_SECRET_FILE: z.string().trim().min(1).optional(),
  ARKEEPER_METRICS_TOKEN: z
    .string()
    .regex(/^\S{16,500}$/, 'at least 16 characters, without spaces')
    .optional(),
  ARKEEPER_WORKER_HOST: z.string().trim().min(1).default('127.0.0.1'),
  ARKEEPER_WORKER_PORT: port.optional(),
  ARKEEPER_LOG_LEVEL: logLevel.optional(),
  /** Its name of before. */
  LOG_LEVEL: logLevel.default('info'),
})

/** The only reader of the environment. An empty variable counts as unset; a wrong one is named, never quoted. */
export function readEnv(source: Readonly<Record<string, string | undefined>> = process.env): Env {
  const given = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== undefined && value !== ''))
  const parsed = envSchema.safeParse(given)
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
    throw new RuntimeError('ENVIRONMENT_INVALID', `The environment is not valid: ${faults.join('; ')}`, {
      remedy: 'correct or unset the variable and start again',
    })
  }
  const env = parsed.data
  const dataDir = resolve(env.ARKEEPER_DATA_DIR)
  return {
    host: env.HOST,
    port: env.PORT,
    publicUrl: env.ARKEEPER_PUBLIC_URL ?? null,
    basePath: env.ARKEEPER_BASE_PATH ?? '',
    trustedProxies: env.ARKEEPER_TRUSTED_PROXIES,
    dataDir,
    storeDir: env.ARKEEPER_STORE_DIR === undefined ? join(dataDir, 'store') : resolve(env.ARKEEPER_STORE_DIR),
    workDir: env.ARKEEPER_WORK_DIR === undefined ? join(dataDir, 'work') : resolve(env.ARKEEPER_WORK_DIR),
    workFiles: env.ARKEEPER_WORK_FILES ?? null,
    configFile: resolve(env.ARKEEPER_CONFIG ?? join(dataDir, 'arkeeper.json')),
    databaseUrl: env.DATABASE_URL ?? `file:${databaseFileIn(dataDir)}`,
    workers: env.ARKEEPER_WORKERS,
    restoreBatch: env.ARKEEPER_RESTORE_BATCH ?? null,
    storeCacheBytes: env.ARKEEPER_CACHE_GIB === undefined ? null : Math.round(env.ARKEEPER_CACHE_GIB * 2 ** 30),
    secretKey:
      env.ARKEEPER_SECRET_KEY === undefined ? null : parseSecretKey(env.ARKEEPER_SECRET_KEY, 'ARKEEPER_SECRET_KEY'),
    auditKey:
      env.ARKEEPER_AUDIT_KEY === undefined ? null : parseSecretKey(env.ARKEEPER_AUDIT_KEY, 'ARKEEPER_AUDIT_KEY'),
    adoptKeys: env.ARKEEPER_ADOPT_KEYS === '1',
    ageIdentityFile: env.ARKEEPER_AGE_IDENTITY_FILE === undefined ? null : resolve(env.ARKEEPER_AGE_IDENTITY_FILE),
    zookeeper: readScratchSettings(given),
    singleSignOn: {
      issuer: env.ARKEEPER_OIDC_ISSUER ?? null,
      clientId: env.ARKEEPER_OIDC_CLIENT_ID ?? null,
      clientSecret: env.ARKEEPER_OIDC_CLIENT_SECRET ?? null,
      clientSecretFile:
        env.ARKEEPER_OIDC_CLIENT_SECRET_FILE === undefined ? null : resolve(env.ARKEEPER_OIDC_CLIENT_SECRET_FILE),
    },
    sessionLimits: {
      idleMs: env.ARKEEPER_SESSION_IDLE_HOURS * HOUR_MS,
      absoluteMs: env.ARKEEPER_SESSION_HOURS * HOUR_MS,
    },
    metricsToken: env.ARKEEPER_METRICS_TOKEN ?? null,
    workerListener:
      env.ARKEEPER_WORKER_PORT === undefined
        ? null
        : { host: env.ARKEEPER_WORKER_HOST, port: env.ARKEEPER_WORKER_PORT },
    logLevel: env.ARKEEPER_LOG_LEVEL ?? env.LOG_LEVEL,
  }
}

/** Where drills look for Java and ZooKeeper; the command line, which has no other settings, reads it too. */
export function readScratchSettings(source: Readonly<Record<string, string | undefined>>): ScratchSettings {
  const given = (name: string) => source[name]?.trim() || null
  const home = given('ARKEEPER_ZOOKEEPER_HOME')
  return {
    classpath: given('ARKEEPER_ZOOKEEPER_CLASSPATH'),
    zookeeperHome: home === null ? null : resolve(home),
    javaHome: given('JAVA_HOME'),
    searchPath: given('PATH') ?? '',
  }
}
