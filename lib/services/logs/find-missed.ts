import { counterOf } from '../../domain/txnlog/continuity.ts'
import type { ServiceContext } from '../context.ts'

/** What the stream of a cluster has missed at the end of an epoch: numbers go on behind it as if nothing were missing. Both ends included. */
export interface MissedEnd {
  readonly from: bigint
  readonly to: bigint
  readonly fromAt: Date | null
  readonly toAt: Date
}

/** `perhaps`: those, too, of which nobody knows whether anything is missing; else that is left to the digests to tell. */
export async function findMissedEnds(
  { db }: Pick<ServiceContext, 'db'>,
  clusterId: string,
  { perhaps = false }: { readonly perhaps?: boolean } = {},
): Promise<MissedEnd[]> {
  const rows = await db.followGap.findMany({
    where: { clusterId, closedAt: null, ...(perhaps ? {} : { isCertain: true }) },
    orderBy: [{ toZxid: 'asc' }, { id: 'asc' }],
    select: { fromZxid: true, toZxid: true, fromAt: true, toAt: true },
  })
  return rows.flatMap(({ fromZxid: from, toZxid: to, fromAt, toAt }) =>
    counterOf(to) === 0n ? [{ from, to, fromAt, toAt }] : [],
  )
}
