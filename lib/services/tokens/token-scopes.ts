import type { Action } from '../policy.ts'
import { TOKEN_SCOPES, type TokenScope } from './schemas.ts'

const ANY = 'any'

/**
 * The scope that each action needs of a token, besides the role that it needs of the token's owner. Null: never by a token, which is
 * for whatever lets somebody in, changes what somebody may do, or is the word of a second person. Every action must be here.
 */
export const SCOPE_OF = {
  'cluster.add': 'admin',
  'cluster.update': 'admin',
  'cluster.set-admin-servers': 'admin',
  'cluster.test-admin-servers': 'admin',
  'cluster.remove': 'admin',
  'cluster.arm': 'admin',
  'cluster.disarm': 'edit',
  'cluster.test': 'admin',
  'cluster.watch-health': 'admin',
  'cluster.set-approval': null,
  'cluster.ignore': 'admin',
  'cluster.unignore': 'admin',
  'znode.create': 'edit',
  'znode.set-data': 'edit',
  'znode.set-acl': 'edit',
  'znode.delete': 'edit',
  'tree.export': 'read',
  'backup.start': 'backup',
  'backup.import': 'backup',
  'backup.pin': 'backup',
  'backup.note': 'backup',
  'backup.verify': 'backup',
  'backup.drill': 'backup',
  'backup.schedule-drill': 'admin',
  // As for deleting: no backups from now on is what whoever wants them gone would begin with.
  'schedule.create': 'admin',
  'schedule.update': 'admin',
  'schedule.pause': 'admin',
  'schedule.remove': 'admin',
  'backup.schedule-reread': 'admin',
  // Its files hold every value, also those that are hidden from whoever only looks.
  'backup.download': 'backup',
  // A token that takes backups at night is the first thing that whoever wants them gone would look for.
  'backup.delete': 'admin',
  'backup.set-keep-rules': 'admin',
  'backup.apply-keep-rules': 'admin',
  'backup.remove': 'admin',
  'backup.hold': 'backup',
  'backup.lift-hold': 'admin',
  'backup.rescan': 'admin',
  'backup.copy': 'backup',
  // Where backups go is where whoever wants them would have them go.
  'store.add': null,
  'store.change': null,
  'store.remove': null,
  'store.test': 'admin',
  'cluster.set-stores': null,
  'encryption.set': 'admin',
  'encryption.set-default': 'admin',
  // A private key is for a person to give.
  'encryption.prove': null,
  'encryption.unlock': null,
  'encryption.lock': 'backup',
  'encryption.rotate': 'admin',
  'follow.set': 'admin',
  'follow.test-quorum': 'admin',
  'follow.watch-path': 'admin',
  'follow.unwatch-path': 'admin',
  'follow.set-drift': 'admin',
  'logs.keep': 'admin',
  'logs.archive': 'backup',
  'logs.remove': 'admin',
  'logs.verify': 'backup',
  'logs.mend': 'backup',
  'moment.prepare': 'read',
  'diff.start': 'read',
  'diff.export': 'read',
  'search.start': 'read',
  'restore.plan': 'restore',
  'restore.confirm': 'restore',
  'restore.cancel': 'restore',
  'restore.pause': 'restore',
  'restore.resume': 'restore',
  'restore.undo': 'restore',
  'restore.run': 'restore',
  'restore.export': 'read',
  'restore.request-approval': 'restore',
  'restore.approve': null,
  'restore.reject': null,
  'restore.void-approval': 'restore',
  'restore.expire-approval': 'restore',
  // Its rounds go on by the clock in its owner's name, long after a token has expired.
  'migration.check': null,
  'migration.confirm': null,
  'migration.round': null,
  'migration.stop': null,
  'migration.go-on': null,
  'migration.switch': null,
  'migration.follow': null,
  'migration.finish': null,
  'physical-restore.check': 'admin',
  'physical-restore.confirm': 'admin',
  'physical-restore.run': 'admin',
  'physical-restore.undo': 'admin',
  'physical-restore.verify': 'admin',
  'physical-restore.tick': 'admin',
  'physical-restore.download': 'admin',
  'physical-restore.request-approval': 'admin',
  'physical-restore.approve': null,
  'physical-restore.reject': null,
  'physical-restore.void-approval': 'admin',
  'physical-restore.expire-approval': 'admin',
  // And the scope of what the job does, which the services ask for themselves.
  'job.cancel': ANY,
  'job.retry': ANY,
  'session.sign-in': null,
  'session.sign-out': null,
  'session.revoke': null,
  'session.change-password': null,
  'token.create': null,
  'token.revoke': null,
  'token.revoke-of-others': null,
  'people.create-administrator': null,
  'people.invite': null,
  'people.revoke-invitation': null,
  'people.accept-invitation': null,
  'people.follow-provider': null,
  'people.set-role': null,
  'people.set-cluster-role': null,
  'people.end-sessions': null,
  'people.open-sign-in': null,
  'people.deactivate': null,
  'people.reactivate': null,
  'audit.export': 'read',
  'value-rule.add': null,
  'value-rule.change': null,
  'value-rule.remove': null,
  'value-rule.switch': null,
  // What is hidden is shown to people only, one value at a time.
  'value.reveal': null,
  'value.read': 'read',
  'alert.acknowledge': 'admin',
  'alert.set-rule': 'admin',
  'alert.watch-drift': 'admin',
  // What leaves the installation, and to whom, is for people to say.
  'alert.set-channel': null,
  'alert.remove-channel': null,
  'alert.test-channel': null,
  'alert.set-repeat': null,
  'alert.evaluate': null,
  'audit.verify': 'read',
  'audit.seal': null,
  'audit.prune': null,
  'audit.use-key': null,
  'audit.set-retention': null,
  'audit.set-checkpoints': null,
  'audit.set-forward': null,
  'audit.test-forward': null,
} as const satisfies Record<Action, TokenScope | typeof ANY | null>

/** Whether a token of these scopes may be used for the action; what its owner may do is another question. */
export function isScopeEnough(scopes: readonly string[], action: Action): boolean {
  const needed: TokenScope | typeof ANY | null = SCOPE_OF[action]
  return needed !== null && (needed === ANY || scopes.includes(needed))
}

/** Scopes as stored; one that this version does not know allows nothing. */
export function toScopes(json: unknown): TokenScope[] {
  return Array.isArray(json) ? TOKEN_SCOPES.filter((scope) => json.includes(scope)) : []
}

export function describeLackOfScope(
  { name, scopes }: { readonly name: string; readonly scopes: readonly string[] },
  action: Action,
): string {
  const needed = SCOPE_OF[action]
  if (needed === null) return `${action} is never done by an API token`
  return `${action} needs a token with the scope ${needed}; ${name} has ${scopes.join(', ') || 'none'}`
}
