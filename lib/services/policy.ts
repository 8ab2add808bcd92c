import type { Actor, Role } from './context.ts'

/** Every mutation there is, with the least role that may do it. What is not in this table cannot be done. */
export const LEAST_ROLE = {
  'cluster.add': 'admin',
  'cluster.update': 'admin',
  'cluster.set-admin-servers': 'admin',
  'cluster.test-admin-servers': 'operator',
  'cluster.remove': 'admin',
  'cluster.arm': 'operator',
  'cluster.disarm': 'operator',
  'cluster.test': 'operator',
  'cluster.watch-health': 'admin',
  'cluster.set-approval': 'admin',
  'cluster.ignore': 'operator',
  'cluster.unignore': 'operator',
  'znode.create': 'operator',
  'znode.set-data': 'operator',
  'znode.set-acl': 'operator',
  'znode.delete': 'operator',
  // All values at once: as much as the files of a backup.
  'tree.export': 'operator',
  'backup.start': 'operator',
  'backup.import': 'operator',
  'backup.pin': 'operator',
  'backup.note': 'operator',
  'backup.verify': 'operator',
  'backup.drill': 'operator',
  'backup.schedule-drill': 'admin',
  'schedule.create': 'operator',
  'schedule.update': 'operator',
  'schedule.pause': 'operator',
  'schedule.remove': 'operator',
  'backup.schedule-reread': 'admin',
  'backup.download': 'operator',
  'backup.delete': 'admin',
  'backup.copy': 'operator',
  'backup.set-keep-rules': 'admin',
  // By the clock, as the rules say that an administrator has set.
  'backup.apply-keep-rules': 'admin',
  'backup.remove': 'admin',
  'backup.hold': 'operator',
  'backup.lift-hold': 'admin',
  'backup.rescan': 'admin',
  // Who can read the backups, and whether anybody needs a key.
  'encryption.set': 'admin',
  'encryption.set-default': 'admin',
  'encryption.prove': 'operator',
  // By whoever has the private key: it is the right.
  'encryption.unlock': 'operator',
  'encryption.lock': 'operator',
  'encryption.rotate': 'admin',
  // The stream bypasses every ACL, and costs the leader something.
  'follow.set': 'admin',
  'follow.test-quorum': 'admin',
  'follow.watch-path': 'operator',
  'follow.unwatch-path': 'operator',
  'follow.set-drift': 'operator',
  'logs.keep': 'admin',
  'logs.archive': 'operator',
  'logs.remove': 'admin',
  'logs.verify': 'operator',
  'logs.mend': 'operator',
  // Reads what is kept already, and takes room in the work folder only.
  'moment.prepare': 'viewer',
  'diff.start': 'viewer',
  'diff.export': 'viewer',
  'search.start': 'viewer',
  'restore.plan': 'operator',
  'restore.confirm': 'operator',
  'restore.cancel': 'operator',
  'restore.pause': 'operator',
  'restore.resume': 'operator',
  'restore.undo': 'operator',
  'restore.run': 'operator',
  'restore.export': 'viewer',
  'restore.request-approval': 'operator',
  'restore.approve': 'operator',
  'restore.reject': 'operator',
  // Follow from what somebody else does, or from the clock.
  'restore.void-approval': 'operator',
  'restore.expire-approval': 'operator',
  'migration.check': 'operator',
  'migration.confirm': 'operator',
  // By the clock, in the name of whoever confirmed it.
  'migration.round': 'operator',
  'migration.stop': 'operator',
  'migration.go-on': 'operator',
  'migration.switch': 'operator',
  'migration.follow': 'operator',
  'migration.finish': 'operator',
  // The files of servers are replaced: as much as a cluster's whole life.
  'physical-restore.check': 'admin',
  'physical-restore.confirm': 'admin',
  'physical-restore.run': 'admin',
  'physical-restore.undo': 'admin',
  'physical-restore.verify': 'admin',
  'physical-restore.tick': 'admin',
  'physical-restore.download': 'admin',
  'physical-restore.request-approval': 'admin',
  'physical-restore.approve': 'admin',
  'physical-restore.reject': 'admin',
  'physical-restore.void-approval': 'admin',
  'physical-restore.expire-approval': 'admin',
  'job.cancel': 'operator',
  'job.retry': 'operator',
  // One's own account, also of whoever may see nothing.
  'session.sign-in': 'none',
  'session.sign-out': 'none',
  'session.revoke': 'none',
  'session.change-password': 'none',
  'token.create': 'none',
  'token.revoke': 'none',
  'token.revoke-of-others': 'admin',
  'people.create-administrator': 'admin',
  'people.invite': 'admin',
  'people.revoke-invitation': 'admin',
  // By who holds the link: the token is the right, and says which role comes of it.
  'people.accept-invitation': 'none',
  // By whom the provider of single sign-on vouches for: the groups say which role comes of it.
  'people.follow-provider': 'none',
  'people.set-role': 'admin',
  // Also of an administrator of that cluster only: who may do what is decided overall.
  'people.set-cluster-role': 'admin',
  'people.end-sessions': 'admin',
  'people.open-sign-in': 'admin',
  'people.deactivate': 'admin',
  'people.reactivate': 'admin',
  'store.add': 'admin',
  'store.change': 'admin',
  'store.remove': 'admin',
  'store.test': 'admin',
  'cluster.set-stores': 'admin',
  'audit.export': 'viewer',
  'value-rule.add': 'admin',
  'value-rule.change': 'admin',
  'value-rule.remove': 'admin',
  'value-rule.switch': 'admin',
  // Which role it takes is for the rules to say that match the value.
  'value.reveal': 'viewer',
  'value.read': 'viewer',
  'alert.acknowledge': 'operator',
  'alert.set-rule': 'admin',
  'alert.watch-drift': 'admin',
  // Where notices go is of the whole installation.
  'alert.set-channel': 'admin',
  'alert.remove-channel': 'admin',
  'alert.test-channel': 'admin',
  'alert.set-repeat': 'admin',
  // By the clock.
  'alert.evaluate': 'admin',
  'audit.verify': 'operator',
  'audit.seal': 'admin',
  'audit.prune': 'admin',
  'audit.use-key': 'admin',
  'audit.set-retention': 'admin',
  'audit.set-checkpoints': 'admin',
  'audit.set-forward': 'admin',
  'audit.test-forward': 'admin',
} as const satisfies Record<string, Role>

/** `entity.verb`, as the audit shows it. */
export type Action = keyof typeof LEAST_ROLE

const OVERALL_AREAS = ['audit', 'session', 'people', 'token', 'store'] as const
const OVERALL_ACTIONS = [
  'cluster.add',
  'backup.rescan',
  'value-rule.switch',
  'alert.set-channel',
  'alert.remove-channel',
  'alert.test-channel',
  'alert.set-repeat',
  'alert.evaluate',
  'encryption.set-default',
] as const satisfies readonly Action[]

/** What is of no cluster: the overall role counts. Every other action names the cluster that it is about, and the role there counts. */
export type OverallAction =
  | (typeof OVERALL_ACTIONS)[number]
  | Extract<Action, `${(typeof OVERALL_AREAS)[number]}.${string}`>
export type ClusterAction = Exclude<Action, OverallAction>

export function isOverall<A extends Action>(action: A): action is A & OverallAction {
  return OVERALL_ACTIONS.some((each) => each === action) || OVERALL_AREAS.some((area) => action.startsWith(`${area}.`))
}

const RANK: Record<Role, number> = { none: 0, viewer: 1, operator: 2, admin: 3 }

export function isRoleEnough(role: Role, action: Action): boolean {
  return RANK[role] >= RANK[LEAST_ROLE[action]]
}

/** The role that counts: at a cluster the one given there, if there is one; null asks for the overall role. */
export function roleAt({ role, clusterRoles }: Pick<Actor, 'role' | 'clusterRoles'>, clusterId: string | null): Role {
  if (clusterId === null || clusterRoles === undefined || !Object.hasOwn(clusterRoles, clusterId)) return role
  return clusterRoles[clusterId] ?? role
}

/** A role as stored; one that this version does not know may only look. */
export function toRole(text: string | null | undefined): Role {
  return text === 'admin' || text === 'operator' || text === 'none' ? text : 'viewer'
}
