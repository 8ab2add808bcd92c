import { z } from 'zod'
import type { Znode } from '../../domain/znode/znode.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { formatTreeRef } from '../tree/tree-ref.ts'
import { loadValueMask } from './value-mask.ts'

/** What was revealed longer ago was seen by somebody who has gone for lunch since. */
const SEEN_MS = 60 * 60_000
const ENTRIES_MAX = 20

const factsSchema = z.object({ tree: z.string(), version: z.number() })

/** Throws WRITE_REFUSED where a hidden value is about to be overwritten and whoever does it has not revealed this very version of it. */
export async function assertSeen(
  context: Pick<ServiceContext, 'actor' | 'clock' | 'db'>,
  cluster: { readonly id: string; readonly name: string },
  { path, data, stat }: Pick<Znode, 'path' | 'data' | 'stat'>,
): Promise<void> {
  const hidden = (await loadValueMask(context, cluster.id)).hide(path, data)
  if (hidden === null) return
  const entries = await context.db.auditEntry.findMany({
    where: {
      action: 'value.reveal',
      outcome: 'ok',
      actorId: context.actor.id,
      clusterId: cluster.id,
      path,
      at: { gt: new Date(context.clock.now() - SEEN_MS) },
    },
    orderBy: { id: 'desc' },
    take: ENTRIES_MAX,
    select: { after: true },
  })
  const tree = formatTreeRef({ kind: 'live', clusterId: cluster.id })
  const isSeen = entries.some(({ after }) => {
    const facts = factsSchema.safeParse(after).data
    return facts?.tree === tree && facts.version === stat.version
  })
  if (isSeen) return
  throw new ServiceError(
    'WRITE_REFUSED',
    `The value of ${path} is hidden, and you have not revealed this version of it`,
    {
      unaffected: 'nothing was written',
      remedy: 'reveal it first, or say that you overwrite it unseen',
    },
  )
}
