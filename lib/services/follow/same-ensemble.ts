import { formatHex64 } from '../../base/hex64.ts'
import { epochOf } from '../../domain/txnlog/continuity.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { findCommitted } from '../moments/gather-history.ts'

/**
 * Whether what is heard at the quorum ports is the cluster that the client port leads to, as far as numbers tell: clients know at least what an
 * observer has heard before, and are in the epoch that the leader has named, or the next. What is heard first may be older by many elections
 * than what it has named: nobody listened meanwhile. A cluster that does not answer proves nothing.
 */
export async function assertOurs(
  context: ServiceContext,
  clusterId: string,
  { heard, named }: { readonly heard: bigint; readonly named: bigint | null },
): Promise<void> {
  const known = await findCommitted(context, clusterId)
  if (known === null) return
  const newest = named !== null && named > heard ? named : heard
  if (known >= heard && epochOf(known) - epochOf(newest) <= 1n) return
  throw otherEnsemble(newest, known)
}

/**
 * What is kept is laid aside only where the cluster itself has it no more. Where it has gone on to more, it was put back to an older state, or the
 * quorum ports are those of another ensemble: which, only somebody can say (setFollow), and until then nothing is kept and nothing laid aside.
 */
export async function assertRolledBack(context: ServiceContext, clusterId: string, last: bigint): Promise<void> {
  const known = await findCommitted(context, clusterId)
  if (known !== null && known < last) return
  if (known === null) {
    throw new ServiceError(
      'WRONG_STATE',
      `The ensemble says that it never had ${formatHex64(last)}, which is kept, and the client port does not answer to confirm it`,
      {
        unaffected: 'what is kept is as it was',
        remedy: 'it is tried again; see that the cluster can be connected to',
      },
    )
  }
  await context.db.clusterFollow.updateMany({ where: { clusterId }, data: { deniedZxid: last } })
  throw new ServiceError(
    'WRONG_STATE',
    `The ensemble at the quorum ports says that it never had ${formatHex64(last)}, which is kept, and the cluster is at ${formatHex64(known)}: it was put back to an older state, or the quorum ports lead to another ensemble`,
    {
      unaffected: 'what is kept is as it was, and nothing is added to it',
      remedy:
        'look where the quorum ports lead (Settings, Live stream); if the ensemble was put back, say so there: what is kept stays as its past, and the stream goes on behind a gap',
    },
  )
}

function otherEnsemble(heard: bigint, known: bigint): ServiceError {
  return new ServiceError(
    'WRONG_STATE',
    `The quorum ports lead to another ensemble than the connect string: they tell of ${formatHex64(heard)}, the cluster is at ${formatHex64(known)}`,
    {
      unaffected: 'nothing that they told was kept',
      remedy: 'check the quorum ports in the settings of the cluster (Live stream)',
    },
  )
}
