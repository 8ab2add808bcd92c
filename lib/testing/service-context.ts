import { randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { createAdminServer } from '../adapters/adminserver/create-admin-server.ts'
import { type AgeKeys, keysOf } from '../adapters/age/age-keys.ts'
import { createAge } from '../adapters/age/create-age.ts'
import type { ArchivePort } from '../adapters/archive/store.ts'
import { createLog } from '../adapters/log/create-log.ts'
import { createForward } from '../adapters/log/forward.ts'
import { createLocalMachine } from '../adapters/members/local-machine.ts'
import type { MemberMachine } from '../adapters/members/member-machine.ts'
import type { Member } from '../adapters/members/members.ts'
import { createNotify } from '../adapters/notify/create-notify.ts'
import { createObjectStores } from '../adapters/s3/create-object-stores.ts'
import type { ScratchPort } from '../adapters/scratch/scratch-server.ts'
import { createAuditKey } from '../adapters/secrets/audit-key.ts'
import { createSecretBox } from '../adapters/secrets/secret-box.ts'
import { createLocalWorkFiles } from '../adapters/workfiles/local-work-files.ts'
import type { WorkFilesPort } from '../adapters/workfiles/work-files.ts'
import type { ZooKeeperPort } from '../adapters/zookeeper/connection.ts'
import { createObserver } from '../adapters/zookeeper/create-observer.ts'
import { InvariantError } from '../base/invariant.ts'
import { SharedClusterSessions } from '../services/clusters/cluster-sessions.ts'
import { getClusterTarget } from '../services/clusters/open-cluster.ts'
import type { Actor, Role, ServiceContext } from '../services/context.ts'
import { listIdentities } from '../services/encryption/unlock.ts'
import { momentReadersOf } from '../services/moments/open-moment.ts'
import { seenBy } from '../services/seen-by.ts'
import { closeBuckets } from '../services/stores/find-store.ts'
import { archiveReadersOf } from '../services/tree/archive-readers.ts'
import { createTempDatabase, type TempDatabase } from './temp-database.ts'

/** A clock that stands still until it is told. */
export interface FakeClock {
  now(): number
  advance(ms: number): void
}

export interface TestServices extends AsyncDisposable {
  readonly database: TempDatabase
  readonly clock: FakeClock
  readonly sessions: SharedClusterSessions
  /** Every line that was logged, as written. */
  readonly logLines: readonly string[]
  contextFor(role: Role, options?: { readonly signal?: AbortSignal }): ServiceContext
  /** As that person, with just these roles. */
  contextOf(actor: Actor, options?: { readonly signal?: AbortSignal }): ServiceContext
  /** Audit entries, oldest first. */
  readAudit(): Promise<{ action: string; outcome: string; [column: string]: unknown }[]>
  close(): Promise<void>
}

export interface TestServicesOptions {
  /** A real port in integration tests; without one, whatever would need it fails. */
  readonly zookeeper?: ZooKeeperPort
  /** A function is given the keys that the services hold. */
  readonly archives?: ArchivePort | ((keys: AgeKeys) => ArchivePort)
  readonly identityFile?: string
  /** Where drills find their servers; none by default. */
  readonly scratch?: ScratchPort
  /** What the configuration file names; nothing by default. */
  readonly members?: readonly Member[]
  /** Room for archives of buckets. */
  readonly storeCacheBytes?: number
  /** The machines of the members; this host by default. */
  readonly machine?: MemberMachine
  /** Where files of jobs are kept; by default in the work folder. */
  readonly workFiles?: (database: TempDatabase, clock: FakeClock) => WorkFilesPort
}

const START_MS = Date.UTC(2026, 0, 2, 3, 4, 5)

/** Services over a database of their own, with people of each role: `viewer-1` and so on. */
export async function createTestServices(options: TestServicesOptions = {}): Promise<TestServices> {
  const database = await createTempDatabase()
  const db = database.client
  const logLines: string[] = []
  const log = createLog({ level: 'debug', destination: { write: (line) => void logLines.push(line) } })
  let nowMs = START_MS
  const clock: FakeClock = {
    now: () => nowMs,
    advance: (ms) => {
      nowMs += ms
    },
  }
  const auditKey = createAuditKey()
  const secrets = createSecretBox(randomBytes(32))
  const age = createAge({ identityFile: options.identityFile ?? null })
  const zookeeper = options.zookeeper ?? absent<ZooKeeperPort>('ZooKeeper')
  const given = options.archives ?? absent<ArchivePort>('archive store')
  const archives =
    typeof given === 'function' ? given(keysOf({ list: () => listIdentities({ db, secrets, clock, age }) })) : given
  const objects = createObjectStores({ partBytesMin: 5 << 20 })
  const scratch = options.scratch ?? absent<ScratchPort>('scratch server')
  const sessions = new SharedClusterSessions({
    zookeeper,
    clock,
    log,
    loadTarget: (clusterId) => getClusterTarget({ db, secrets }, clusterId),
  })
  const paths = {
    dataDir: database.dir,
    storeDir: join(database.dir, 'store'),
    workDir: join(database.dir, 'work'),
  }
  const workFiles = options.workFiles?.(database, clock) ?? createLocalWorkFiles(paths.workDir)
  const close = async () => {
    await sessions.closeAll()
    await archiveReadersOf(archives).dropAll()
    await closeBuckets({ objects })
    await momentReadersOf(archives).dropAll()
    await workFiles.close()
    await database.close()
  }
  const contextOf: TestServices['contextOf'] = (actor, { signal } = {}) => ({
    actor,
    ...seenBy(actor, { db, sessions }),
    log,
    clock,
    zookeeper,
    adminServers: createAdminServer(),
    observers: createObserver(),
    archives,
    scratch,
    secrets,
    age,
    auditKey,
    forward: createForward('test-host'),
    notify: createNotify(),
    publicUrl: 'https://arkeeper.test/ark',
    members: { list: async () => options.members ?? [] },
    machine: options.machine ?? createLocalMachine(),
    objects,
    storeCacheBytes: options.storeCacheBytes,
    paths,
    workFiles,
    newId: randomUUID,
    signal,
  })
  return {
    database,
    clock,
    sessions,
    logLines,
    contextFor: (role, options) => contextOf(actorOf(role), options),
    contextOf,
    readAudit: () => db.auditEntry.findMany({ orderBy: { id: 'asc' } }),
    close,
    [Symbol.asyncDispose]: close,
  }
}

function actorOf(role: Role): Actor {
  return { kind: 'user', id: `${role}-1`, name: `${role} one`, role, ip: '192.0.2.7' }
}

function absent<Port extends object>(what: string): Port {
  const handler: ProxyHandler<Port> = {
    get: (_target, key) => {
      throw new InvariantError(`This test has no ${what}, but ${String(key)} was asked for`)
    },
  }
  // An empty object stands in for the port: every access to it throws.
  return new Proxy({} as Port, handler)
}
