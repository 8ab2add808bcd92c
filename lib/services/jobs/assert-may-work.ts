import type { JobKind } from '../../jobs/definitions.ts'
import { findCluster } from '../clusters/find-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { assertActorCan } from '../gate.ts'
import { lookPast } from '../seen-by.ts'
import { ACTION_OF_JOB, mutationOf } from './find-job-subject.ts'

/** Before the work begins. The roles of this hour count, not those of the hour in which it was asked for. */
export async function assertMayWork(
  context: ServiceContext,
  job: {
    readonly id: string
    readonly kind: JobKind
    readonly clusterId: string | null
    readonly otherClusterId: string | null
  },
): Promise<void> {
  // Whoever does not see the cluster any more is refused by name of it, and not as if it were of none.
  const cluster = await lookPast(() => findCluster(context, job.clusterId))
  const { otherClusterId } = job
  await assertActorCan(
    context,
    mutationOf(ACTION_OF_JOB[job.kind], { cluster, otherClusterId, after: { job: job.id } }),
  )
}
