import { randomUUID } from 'node:crypto'
import { chmodSync, mkdirSync, statSync } from 'node:fs'
import { hostname } from 'node:os'
import { createAdminServer } from '../adapters/adminserver/create-admin-server.ts'
import { keysOf } from '../adapters/age/age-keys.ts'
import { createAge } from '../adapters/age/create-age.ts'
import { createFileArchives } from '../adapters/archive/file-archives.ts'
import type { TailBox } from '../adapters/archive/log-archive.ts'
import { migrateDatabase } from '../adapters/database/migrate.ts'
import { type Database, openDatabase } from '../adapters/database/open-database.ts'
import { createLog } from '../adapters/log/create-log.ts'
import { createForward } from '../adapters/log/forward.ts'
import { createLocalMachine } from '../adapters/members/local-machine.ts'
import { createGuardRules } from '../adapters/members/read-guards.ts'
import { createMembers } from '../adapters/members/read-members.ts'
import { createNotify } from '../adapters/notify/create-notify.ts'
import { createIdentityProvider } from '../adapters/oidc/create-identity-provider.ts'
import { readSingleSignOn } from '../adapters/oidc/read-single-sign-on.ts'
import { createObjectStores } from '../adapters/s3/create-object-stores.ts'
import { createScratch } from '../adapters/scratch/create-scratch.ts'
import { loadAuditKey } from '../adapters/secrets/audit-key.ts'
import { SecretError } from '../adapters/secrets/errors.ts'
import { createSecretBox, deriveKey } from '../adapters/secrets/secret-box.ts'
import { loadOrCreateSecretKey } from '../adapters/secrets/secret-key.ts'
import { createWorkFiles } from '../adapters/workfiles/create-work-files.ts'
import { createObserver } from '../adapters/zookeeper/create-observer.ts'
import { createZooKeeper } from '../adapters/zookeeper/zookeeper.ts'
import type { Clock } from '../base/clock.ts'
import { formatErrorLine } from '../base/errors.ts'
import { invariant } from '../base/invariant.ts'
import { addLogFields } from '../base/log-fields.ts'
import { sealAudit } from '../services/audit/seal-audit.ts'
import { SharedClusterSessions } from '../services/clusters/cluster-sessions.ts'
import { getClusterTarget } from '../services/clusters/open-cluster.ts'
import type { Actor, ClusterSessions, Log, SecretBox, ServiceContext } from '../services/context.ts'
import { listIdentities } from '../services/encryption/unlock.ts'
import { ServiceError } from '../services/errors.ts'
import { momentReadersOf } from '../services/moments/open-moment.ts'
import { seenBy } from '../services/seen-by.ts'
import { closeBuckets } from '../services/stores/find-store.ts'
import { archiveReadersOf } from '../services/tree/archive-readers.ts'
import { type Auth, type AuthOptions, createAuth } from './auth.ts'
import { type Env, readEnv } from './env.ts'
import { RuntimeError } from './errors.ts'
import { readSession, type SignedIn } from './read-session.ts'
import { assertSameKeys } from './same-keys.ts'
import { setUpCodeOf } from './set-up-code.ts'
import { offerSingleSignOn, type SingleSignOnOffer } from './single-sign-on-offer.ts'
import { publicOrigin } from './trusted-origins.ts'

/** Which process of the product it is. */
export type Component = 'web' | 'worker'

export interface Runtime {
  readonly env: Env
  readonly db: Database['client']
  readonly log: Log
  readonly clock: Clock
  readonly auth: Auth
  readonly sessions: ClusterSessions
  /** How the sign-in page offers it; null: there is none. */
  readonly singleSignOn: SingleSignOnOffer | null
  /** Who is signed in with the cookie of these headers. `watch` asks without counting as use of the session. */
  readSession(headers: Headers, options?: { readonly watch?: boolean }): Promise<SignedIn | null>
  /** What the first administrator must know; null where nobody else can get there. */
  readonly setUpCode: string | null
  contextFor(actor: Actor, options?: { readonly signal?: AbortSignal }): ServiceContext
  /** Closes sessions and database; the next getRuntime() starts anew. */
  close(): Promise<void>
}

declare global {
  /** A development server loads this file again with every change, and several bundles hold a copy of it: the runtime outlives them. */
  var arkeeperRuntime: Promise<Runtime> | undefined
}

/** One a process, made on first use and never at import time. A failed start is forgotten, so that the next call tries again. */
export function getRuntime(component: Component = 'web'): Promise<Runtime> {
  invariant(
    process.env.NEXT_PHASE !== 'phase-production-build',
    'a build looks at no installation: it would make one here',
  )
  if (globalThis.arkeeperRuntime) return globalThis.arkeeperRuntime
  const forget = () => {
    if (globalThis.arkeeperRuntime === starting) globalThis.arkeeperRuntime = undefined
  }
  const starting = openRuntime(readEnv, forget, component)
  globalThis.arkeeperRuntime = starting
  starting.catch(forget)
  return starting
}

/** A runtime of its own for the given environment; `getRuntime` for tests. */
export async function openRuntime(
  read: () => Env,
  onClose: () => void = () => undefined,
  component: Component = 'web',
): Promise<Runtime> {
  const env = read()
  makePrivateDir(env.dataDir)
  const installationKey = env.secretKey ?? loadOrCreateSecretKey(env.dataDir)
  const auditKey = loadAuditKey(env.dataDir, env)
  const secrets = toServiceSecrets(createSecretBox(installationKey))
  const log: Log = createLog({ level: env.logLevel, component })

  const applied = await migrateDatabase(env.databaseUrl)
  if (applied.length > 0) log.info({ migrations: applied }, 'Migrated the database')
  const database = await openDatabase(env.databaseUrl)
  const { client: db, clock } = database
  await assertSameKeys(db, { secrets, auditKey, adopt: env.adoptKeys }).catch(async (error: unknown) => {
    await database.close()
    throw error
  })

  const zookeeper = createZooKeeper()
  const adminServers = createAdminServer()
  const observers = createObserver()
  const age = createAge({ identityFile: env.ageIdentityFile, configFile: env.configFile })
  const keys = keysOf({ list: () => listIdentities({ db, secrets, clock, age }) })
  const archives = createFileArchives({ keys, tailBox: toTailBox(secrets) })
  const scratch = createScratch(env.zookeeper, env.configFile)
  const members = createMembers(env.configFile)
  const guardRules = createGuardRules(env.configFile)
  const forward = createForward(hostname())
  const notify = createNotify()
  const machine = createLocalMachine()
  const objects = createObjectStores()
  const sessions = new SharedClusterSessions({
    zookeeper,
    clock,
    log,
    loadTarget: (clusterId) => getClusterTarget({ db, secrets }, clusterId),
  })
  let known: SignInWays | null = null
  const signIn = () => {
    known ??= openSignIn({
      db,
      env,
      clock,
      log,
      secret: deriveKey(installationKey, 'better-auth', 32).toString('base64'),
    })
    return known
  }
  const setUpCode = setUpCodeOf(env, installationKey)
  const workFiles = createWorkFiles({
    db,
    clock,
    workDir: env.workDir,
    databaseUrl: env.databaseUrl,
    workFiles: env.workFiles,
  })
  const paths = { dataDir: env.dataDir, storeDir: env.storeDir, workDir: env.workDir }

  const contextFor: Runtime['contextFor'] = (actor, options = {}) => {
    // By id, never by name or address: who that is the audit and the page of people tell.
    if (actor.id !== null) addLogFields({ actorId: actor.id })
    if (actor.token) addLogFields({ tokenId: actor.token.id })
    return contextOf(actor, options)
  }
  const contextOf: Runtime['contextFor'] = (actor, options = {}) => ({
    actor,
    ...seenBy(actor, { db, sessions }),
    log,
    clock,
    zookeeper,
    adminServers,
    observers,
    archives,
    scratch,
    secrets,
    age,
    auditKey,
    forward,
    notify,
    publicUrl: publicOrigin(env) + env.basePath,
    members,
    guardRules,
    machine,
    objects,
    storeCacheBytes: env.storeCacheBytes ?? undefined,
    paths,
    setUpCode: setUpCode ?? undefined,
    restoreBatch: env.restoreBatch ?? undefined,
    workFiles,
    newId: randomUUID,
    signal: options.signal,
  })
  await workFiles.sweep().catch((error: unknown) => {
    log.warn({ error: formatErrorLine(error) }, 'Copies of files of processes that ended could not be removed')
  })
  await sealAudit(contextFor({ kind: 'system', id: null, name: 'Arkeeper', role: 'admin' }))

  return {
    env,
    db,
    log,
    get auth() {
      return signIn().auth
    },
    clock,
    sessions,
    get singleSignOn() {
      return signIn().singleSignOn
    },
    readSession: (headers, options) => readSession({ auth: signIn().auth, db, env, clock, log }, headers, options),
    setUpCode,
    contextFor,
    close: async () => {
      onClose()
      await sessions.closeAll()
      await archiveReadersOf(archives).dropAll()
      await momentReadersOf(archives).dropAll()
      await closeBuckets({ objects })
      await workFiles.close()
      await database.close()
    },
  }
}

interface SignInWays {
  readonly auth: Auth
  readonly singleSignOn: SingleSignOnOffer | null
}

/**
 * On first use, which in a worker is never: what is wrong with single sign-on keeps people out, not backups from being taken. The web
 * process looks at it before it listens.
 */
function openSignIn(options: Omit<AuthOptions, 'singleSignOn' | 'env'> & { readonly env: Env }): SignInWays {
  const { env, clock } = options
  const settings = readSingleSignOn(env.configFile, env.singleSignOn)
  if (settings === null) return { auth: createAuth(options), singleSignOn: null }
  const root = publicOrigin(env) + env.basePath
  const singleSignOn = { settings, root, provider: createIdentityProvider(settings, clock) }
  return { auth: createAuth({ ...options, singleSignOn }), singleSignOn: offerSingleSignOn(settings, root) }
}

/** Password hashes, credentials and backups live there: for the owner only. */
function makePrivateDir(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    if (process.platform !== 'win32' && (statSync(dir).mode & 0o077) !== 0) chmodSync(dir, 0o700)
  } catch (cause) {
    throw new RuntimeError('DATA_DIR_UNUSABLE', `The data directory ${dir} cannot be used`, {
      cause,
      remedy: 'set ARKEEPER_DATA_DIR to a folder that this user may write',
    })
  }
}

/** Secrets are texts. */
function toTailBox({ seal, open }: SecretBox): TailBox {
  return {
    seal: (bytes) => seal(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')),
    open: (sealed) => Buffer.from(open(sealed), 'base64'),
  }
}

function toServiceSecrets(box: SecretBox): SecretBox {
  return {
    seal: (text) => box.seal(text),
    open: (sealed) => {
      try {
        return box.open(sealed)
      } catch (error) {
        if (!(error instanceof SecretError)) throw error
        throw new ServiceError('SECRET_UNREADABLE', error.message, { cause: error, remedy: error.remedy })
      }
    },
  }
}
