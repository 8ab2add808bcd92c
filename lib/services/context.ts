import type { AdminServerPort } from '../adapters/adminserver/admin-server.ts'
import type { AgePort } from '../adapters/age/age-port.ts'
import type { ArchivePort } from '../adapters/archive/store.ts'
import type { Database } from '../adapters/database/open-database.ts'
import type { ForwardPort } from '../adapters/log/forward.ts'
import type { MemberMachine } from '../adapters/members/member-machine.ts'
import type { MembersPort } from '../adapters/members/members.ts'
import type { NotifyPort } from '../adapters/notify/notify.ts'
import type { ObjectStorePort } from '../adapters/s3/object-store.ts'
import type { ScratchPort } from '../adapters/scratch/scratch-server.ts'
import type { AuditKey } from '../adapters/secrets/audit-key.ts'
import type { WorkFilesPort } from '../adapters/workfiles/work-files.ts'
import type { ClusterConnection, ZooKeeperPort } from '../adapters/zookeeper/connection.ts'
import type { ObserverPort } from '../adapters/zookeeper/observer.ts'
import type { Clock } from '../base/clock.ts'
import type { GuardedApplication } from '../domain/guards/application.ts'

/** Who acts. Every service call has one; the worker acts as the person who asked for the job. */
export interface Actor {
  readonly kind: 'user' | 'system'
  readonly id: string | null
  readonly name: string
  /** Overall, and at every cluster that `clusterRoles` does not name. What counts is asked with `roleAt` (policy.ts). */
  readonly role: Role
  /** By cluster id: each stands in place of `role` at that cluster, be it more or less. */
  readonly clusterRoles?: Readonly<Record<string, Role>>
  /** Absent: signed in with a session. */
  readonly token?: { readonly id: string; readonly name: string; readonly scopes: readonly string[] }
  readonly ip?: string
}

/** `none` sees nothing. */
export type Role = 'none' | 'viewer' | 'operator' | 'admin'

/** Structured logger (pino's shape, the part that we use). Never given secrets or values of znodes. */
export interface Log {
  debug(fields: Record<string, unknown>, message: string): void
  info(fields: Record<string, unknown>, message: string): void
  warn(fields: Record<string, unknown>, message: string): void
  error(fields: Record<string, unknown>, message: string): void
}

/** AES-256-GCM with the installation's key. `open` throws a ServiceError SECRET_UNREADABLE when the key is another one. */
export interface SecretBox {
  seal(text: string): Uint8Array<ArrayBuffer>
  open(sealed: Uint8Array): string
}

/** Shared live connections of this process, one a cluster and revision, closed when idle. Never close what `borrow` gives. */
export interface ClusterSessions {
  borrow(clusterId: string, options?: { signal?: AbortSignal }): Promise<ClusterConnection>
  /** Forget the connection of a cluster that was changed or removed. */
  drop(clusterId: string): Promise<void>
  closeAll(): Promise<void>
}

/** What engines (no database, no people) need: the command line builds one too. */
export interface EngineContext {
  readonly zookeeper: ZooKeeperPort
  readonly adminServers: AdminServerPort
  /** Listening to a leader, as an observer that never says anything. */
  readonly observers: ObserverPort
  readonly archives: ArchivePort
  /** Servers made for a moment, to prove backups on. */
  readonly scratch: ScratchPort
  readonly clock: Clock
  readonly log: Log
  readonly signal?: AbortSignal
  /** Applications that the configuration file adds to the known ones, read anew at each call; absent: none. */
  readonly guardRules?: { list(): Promise<readonly GuardedApplication[]> }
  /** Writes that one request of a restore carries at most. Absent: as many as the engine thinks right. */
  readonly restoreBatch?: number
}

export interface ServiceContext extends EngineContext {
  readonly actor: Actor
  readonly db: Database['client']
  readonly sessions: ClusterSessions
  readonly secrets: SecretBox
  /** Keys that archives are encrypted to. */
  readonly age: AgePort
  readonly auditKey: AuditKey
  readonly forward: ForwardPort
  readonly notify: NotifyPort
  /** Where browsers reach the first page, without a slash at its end: what a notice links to. */
  readonly publicUrl: string
  readonly members: MembersPort
  /** Directories and commands of members, as this host reaches them. */
  readonly machine: MemberMachine
  /** Buckets of stores that are no folders. */
  readonly objects: ObjectStorePort
  /** Room on this host for archives of buckets that are read. Absent: 20 GiB. */
  readonly storeCacheBytes?: number
  readonly newId: () => string
  /** What jobs leave for pages and for other jobs, wherever these run: `diffs/<id>`, `restores/<id>` and so on. */
  readonly workFiles: WorkFilesPort
  /** True in the worker: what takes long may be done here and now. A request must ask for a job instead. */
  readonly mayTakeLong?: boolean
  /** What whoever makes the first administrator must know. Absent: nobody but the people of this host gets that far. */
  readonly setUpCode?: string
  /** Absolute folders. `storeDir/<cluster folder>/<archive>`; what lies in `workDir` is of this host alone, unless `workFiles` says otherwise. */
  readonly paths: { readonly dataDir: string; readonly storeDir: string; readonly workDir: string }
}
