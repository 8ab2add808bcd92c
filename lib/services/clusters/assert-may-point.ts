import { writeAudit } from '../audit/write-audit.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { assertActorCan, type ClusterAction } from '../gate.ts'
import { isRoleEnough, roleAt } from '../policy.ts'

/**
 * Pointing a cluster at other servers is as much as adding one: somebody who is administrator of this one only could make it lead to servers
 * that they may not even see, or, by another name, to the directories that the configuration file gives to that name. Throws FORBIDDEN,
 * after a `denied` entry.
 */
export async function assertMayPoint(
  context: Pick<ServiceContext, 'actor' | 'clock' | 'db' | 'log'>,
  what: { readonly action: ClusterAction; readonly cluster: { readonly id: string; readonly name: string } },
): Promise<void> {
  const { action, cluster } = what
  await assertActorCan(context, { action, cluster: { id: cluster.id, name: cluster.name } })
  if (isRoleEnough(roleAt(context.actor, null), 'cluster.add')) return
  const message = `Another name or other addresses for ${cluster.name} need the role admin overall, as adding a cluster does`
  await writeAudit(context.db, context, {
    action,
    cluster: { id: cluster.id, name: cluster.name },
    outcome: 'denied',
    message,
  })
  throw new ServiceError('FORBIDDEN', message, {
    unaffected: 'nothing was changed',
    remedy: 'ask an administrator, or leave the name and the addresses as they are',
  })
}
