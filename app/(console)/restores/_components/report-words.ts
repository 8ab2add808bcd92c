import type { ConflictReason } from '@/lib/domain/restore/conflict.ts'

/** Why a step was not done, in words; a reason that this version does not know is shown as it is. */
export const CONFLICT_REASONS: Readonly<Record<string, string> & Record<ConflictReason, string>> = {
  exists: 'exists already, with other content',
  version: 'its value was written since the plan',
  'acl-version': 'its ACL was written since the plan',
  recreated: 'was deleted and created anew since the plan',
  missing: 'does not exist any more',
  ephemeral: 'belongs to a session now and is never overwritten',
  'parent-missing': 'its parent does not exist',
  'ephemeral-parent': 'its parent is ephemeral and can have no children',
  'not-empty': 'has children that the plan does not know',
  unreadable: 'cannot be read',
  'no-auth': 'the credentials of the cluster have no right to write it',
  'invalid-acl': 'the server does not accept its ACL',
  'too-large': 'is too large for this server',
  quota: 'a quota would be exceeded',
  unsupported: 'the server does not know this kind of znode',
  refused: 'the server refused it',
  contended: 'others wrote it again and again meanwhile',
}

/** What still differs after a restore, in words. */
export const DIFFERENCE_REASONS: Readonly<Record<string, string>> = {
  missing: 'is not there',
  present: 'is still there',
  data: 'its value differs',
  acl: 'its ACL differs',
  ephemeral: 'is ephemeral now',
  unreadable: 'cannot be read',
  counter: 'its sequence counter is lower than planned',
}
