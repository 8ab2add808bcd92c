import type { PrismaClient } from '../adapters/database/generated/client.ts'
import type { ClaimedJob } from '../jobs/claim-job.ts'
import { SYSTEM_ACTOR } from '../jobs/enqueue-job.ts'
import type { Actor } from '../services/context.ts'
import { ServiceError } from '../services/errors.ts'
import { findClusterRoles } from '../services/people/find-cluster-roles.ts'
import { toRole } from '../services/policy.ts'
import { findActorOfJob } from '../services/tokens/find-token-actor.ts'

/**
 * The person who asked for the job, with the roles that they have now, and the token by which they did. Someone who was removed can do
 * nothing any more, and neither can a token that was revoked.
 */
export async function findJobActor(
  db: Pick<PrismaClient, 'user' | 'clusterRole' | 'apiToken'>,
  job: ClaimedJob,
): Promise<Actor> {
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
  if (job.tokenId !== null) {
    const actor = await findActorOfJob(db, job.tokenId)
    if (actor) return actor
    throw new ServiceError('FORBIDDEN', `The API token of ${job.actorName}, which asked for this job, was revoked`, {
      unaffected: 'nothing was changed',
      remedy: 'start it again by another token, or in the browser',
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
