import { AsyncLocalStorage } from 'node:async_hooks'
import type { Prisma } from '../adapters/database/generated/client.ts'
import type { Database } from '../adapters/database/open-database.ts'
import type { Actor, ClusterSessions } from './context.ts'
import { ServiceError } from './errors.ts'
import { roleAt } from './policy.ts'

type Model = Prisma.ModelName

/** Where a row says which clusters it is of. */
type Place =
  | 'no cluster'
  /** `orNone`: a row may be of no cluster at all, and is then for whoever has a role overall. */
  | { readonly main: string; readonly orNone?: true; readonly other?: string; readonly otherOrNone?: true }
  /** Of the row that this relation leads to. */
  | { readonly through: string; readonly of: Model }

/** Every table. One that is missing here does not compile, so that none can be forgotten. */
export const PLACES = {
  User: 'no cluster',
  Session: 'no cluster',
  Account: 'no cluster',
  Invitation: 'no cluster',
  ApiToken: 'no cluster',
  // By a hash that only whoever sent the request can make.
  IdempotentRequest: 'no cluster',
  // What somebody may do where, which rules about people need as a whole; pages name only clusters that are seen.
  ClusterRole: 'no cluster',
  Verification: 'no cluster',
  RateLimit: 'no cluster',
  SignInThrottle: 'no cluster',
  WorkerHeartbeat: 'no cluster',
  Setting: 'no cluster',
  // Read by a port that knows nobody, after the row of what the files are of was found.
  WorkFile: 'no cluster',
  WorkChunk: 'no cluster',
  WorkLines: 'no cluster',
  // Rules of every cluster hold also for who has a role at a single one; the page names only clusters that are seen.
  ValueRule: 'no cluster',
  Cluster: { main: 'id' },
  Backup: { main: 'clusterId' },
  BackupCopy: { through: 'backup', of: 'Backup' },
  // Where archives lie, not which.
  Store: 'no cluster',
  StoreUpload: 'no cluster',
  CopyRule: { main: 'clusterId' },
  BackupHold: { through: 'backup', of: 'Backup' },
  // By the id of the cluster, which is looked up first; the rules of all clusters hold also for who has a role at a single one.
  KeepPolicy: 'no cluster',
  KeepRun: { main: 'clusterId' },
  RereadSchedule: { main: 'clusterId' },
  IgnoreRule: { main: 'clusterId' },
  Search: { main: 'clusterId', orNone: true },
  Diff: { main: 'clusterId', orNone: true, other: 'otherClusterId', otherOrNone: true },
  Restore: { main: 'clusterId', other: 'otherClusterId', otherOrNone: true },
  PhysicalRestore: { main: 'clusterId' },
  PhysicalTick: { through: 'physical', of: 'PhysicalRestore' },
  Approval: { main: 'clusterId' },
  Migration: { main: 'targetId', other: 'sourceId' },
  MigrationRound: { through: 'migration', of: 'Migration' },
  Job: { main: 'clusterId', orNone: true, other: 'otherClusterId', otherOrNone: true },
  JobLog: { through: 'job', of: 'Job' },
  AuditEntry: { main: 'clusterId', orNone: true, other: 'otherClusterId', otherOrNone: true },
  // Of the whole log, and of no entry what it says.
  AuditHead: 'no cluster',
  AuditCheckpoint: 'no cluster',
  AuditPrune: 'no cluster',
  AuditWatch: 'no cluster',
  AuditForward: 'no cluster',
  LogKeeping: { main: 'clusterId' },
  LogPiece: { main: 'clusterId' },
  LogBase: { main: 'clusterId' },
  LogMirror: { main: 'clusterId' },
  ClusterFollow: { main: 'clusterId' },
  FollowGap: { main: 'clusterId' },
  FollowChunk: { main: 'clusterId' },
  WatchedPath: { main: 'clusterId' },
  PathHit: { through: 'watchedPath', of: 'WatchedPath' },
  FollowDrift: { main: 'clusterId' },
  DrillSchedule: { main: 'clusterId' },
  // Public keys, which are asked for by a cluster that was found before.
  EncryptionChoice: 'no cluster',
  EncryptionRecipient: 'no cluster',
  KeyUnlock: { main: 'clusterId' },
  FormerCopy: { main: 'clusterId' },
  Schedule: { main: 'clusterId' },
  ScheduleRun: { main: 'clusterId' },
  HealthSample: { main: 'clusterId' },
  HealthWatch: { main: 'clusterId' },
  // Defaults hold for who has a role at a single cluster, too; a cluster's own are asked for by a cluster that was found before.
  AlertRule: 'no cluster',
  Alert: { main: 'clusterId', orNone: true },
  AlertDelivery: { through: 'alert', of: 'Alert' },
  AlertChannel: 'no cluster',
  AlertWatch: 'no cluster',
  DriftWatch: { main: 'clusterId' },
  CertificateWatch: { main: 'clusterId' },
} as const satisfies Record<Model, Place>

const READS = new Set([
  'findUnique',
  'findUniqueOrThrow',
  'findFirst',
  'findFirstOrThrow',
  'findMany',
  'count',
  'aggregate',
  'groupBy',
])

type Where = Record<string, unknown>

/**
 * Database and sessions as somebody sees them who has no access to some clusters: what is of such a cluster is not there, in any list, by
 * any id. Writes are not changed: what is written was found before. Everybody else gets what was given.
 */
export function seenBy<Given extends { readonly db: Database['client']; readonly sessions: ClusterSessions }>(
  actor: Actor,
  { db, sessions }: Given,
): Pick<Given, 'db' | 'sessions'> {
  if (seesAll(actor)) return { db, sessions }
  return { db: narrow(db, actor), sessions: narrowSessions(sessions, actor) }
}

export function canSee(actor: Pick<Actor, 'role' | 'clusterRoles'>, clusterId: string | null): boolean {
  return roleAt(actor, clusterId) !== 'none'
}

function seesAll({ role, clusterRoles = {} }: Actor): boolean {
  return role !== 'none' && Object.values(clusterRoles).every((each) => each !== 'none')
}

declare global {
  /** Bundles hold a copy of this file each, and the client that one of them has narrowed must hear what another says. */
  var arkeeperLookPast: AsyncLocalStorage<true> | undefined
}
globalThis.arkeeperLookPast ??= new AsyncLocalStorage<true>()
const everything = globalThis.arkeeperLookPast

/**
 * For rules that protect a cluster from two hands at once: they must know of work that the actor does not see. Its answer may say that
 * there is something, and never what.
 */
export function lookPast<T>(read: () => PromiseLike<T>): Promise<T> {
  return everything.run(true, async () => await read())
}

function narrow(db: Database['client'], actor: Actor): Database['client'] {
  const narrowed = db.$extends({
    query: {
      $allModels: {
        async $allOperations({ model, operation, args, query }) {
          const condition = READS.has(operation) && !everything.getStore() ? conditionOf(model, actor) : null
          if (condition === null) return query(args)
          return query(withCondition(args, condition))
        },
      },
    },
  })
  // Only conditions are added: every model, operation and result is the one of the client itself.
  return narrowed as unknown as Database['client']
}

/** Every reading operation takes a `where`, and every `where` an `AND`: the shape of the arguments stays the same. */
function withCondition<Args extends object>(args: Args, condition: Where): Args {
  const where = 'where' in args && typeof args.where === 'object' && args.where !== null ? args.where : {}
  const and = 'AND' in where ? [where.AND].flat() : []
  return { ...args, where: { ...where, AND: [...and, condition] } }
}

function conditionOf(model: Model, actor: Actor): Where | null {
  const place: Place = PLACES[model]
  if (place === 'no cluster') return null
  if ('through' in place) {
    const condition = conditionOf(place.of, actor)
    return condition === null ? null : { [place.through]: condition }
  }
  const { clusterRoles = {}, role } = actor
  const idsWhere = (isSeen: boolean) =>
    Object.keys(clusterRoles).filter((id) => (roleAt(actor, id) !== 'none') === isSeen)
  const known = role === 'none' ? { in: idsWhere(true) } : { notIn: idsWhere(false) }
  // To the database, no cluster is neither in a list nor out of it.
  const seen = (column: string, orNone: boolean) =>
    orNone ? { OR: [{ [column]: known }, { [column]: null }] } : { [column]: known }
  const main = seen(place.main, place.orNone === true && role !== 'none')
  return place.other === undefined ? main : { AND: [main, seen(place.other, place.otherOrNone === true)] }
}

function narrowSessions(sessions: ClusterSessions, actor: Actor): ClusterSessions {
  return {
    borrow: async (clusterId, options) => {
      if (!canSee(actor, clusterId)) throw new ServiceError('NOT_FOUND', `There is no cluster ${clusterId}`)
      return sessions.borrow(clusterId, options)
    },
    drop: (clusterId) => sessions.drop(clusterId),
    closeAll: () => sessions.closeAll(),
  }
}
