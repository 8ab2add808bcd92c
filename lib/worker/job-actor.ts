import type { PrismaClient } from '../adapters/database/generated/client.ts'
import type { ClaimedJob } from '../jobs/claim-job.ts'
import { SYSTEM_ACTOR } from '../jobs/enqueue-job.ts'
import type { Actor } from '../services/context.ts'
import { ServiceError } from '../services/errors.ts'
import { findClusterRoles } from '../services/people/find-cluster-roles.ts'
import { toRole } from '../services/policy.ts'

/** The person who asked for the job, with the roles that they have now. Someone who was removed can do nothing any more. */
export async function findJobActor(db: Pick<PrismaClient, 'user' | 'clusterRole'>, job: ClaimedJob): Promise<Actor> {
  if (job.actorId === SYSTEM_ACTOR) return { kind: 'system', id: null, name: job.actorName, role: 'admin' }
  const user = await db.user.findUnique({
    where: { id: job.actorId },
    select: { name: true, role: true, deactivatedAt: true },
  })
  if (!user || user.deactivatedAt !== null) {
    throw new ServiceError('FORBIDDEN', `${job.actorName}, who asked for this job, is no longer an active user`, {
      unaffected: 'nothing was changed',
      remedy: 'start it again as somebody else',
    })
  }
  return {
    kind: 'user',
    id: job.actorId,
    name: user.name,
    role: toRole(user.role),
    clusterRoles: await findClusterRoles(db, job.actorId),
  }
}
