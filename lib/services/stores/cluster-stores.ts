import type { z } from 'zod'
import { getClusterForWriting } from '../clusters/armed.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { listStoreChoices } from './list-store-views.ts'
import { clusterStoresSchema } from './schemas.ts'
import type { ClusterStoresView } from './views.ts'

export async function getClusterStores(
  { db }: Pick<ServiceContext, 'db'>,
  clusterId: string,
): Promise<ClusterStoresView> {
  const cluster = await db.cluster.findFirst({ where: { id: clusterId, removedAt: null }, select: { storeId: true } })
  if (!cluster) throw new ServiceError('NOT_FOUND', `There is no cluster ${clusterId}`)
  const rules = await db.copyRule.findMany({ where: { clusterId }, orderBy: { id: 'asc' } })
  return {
    storeId: cluster.storeId,
    copies: rules.map(({ storeId, what }) => ({ storeId, what: what === 'scheduled' ? 'scheduled' : 'all' })),
  }
}

/** Where new backups of a cluster are put first, and where they are copied to. Those that are there stay where they are. */
export async function setClusterStores(
  context: ServiceContext,
  input: z.input<typeof clusterStoresSchema>,
): Promise<void> {
  const { clusterId, storeId, copies } = parseInput(clusterStoresSchema, input)
  const { id, name } = await getClusterForWriting(context, clusterId)
  const choices = await listStoreChoices(context)
  const nameOf = (wanted: string) => choices.find((choice) => choice.id === wanted)?.name
  const wanted = copies.filter((copy) => copy.storeId !== storeId)
  for (const one of [storeId, ...wanted.map((copy) => copy.storeId)]) {
    if (nameOf(one) === undefined) throw new ServiceError('NOT_FOUND', `There is no store ${one}`)
  }
  const describe = (rules: readonly { readonly storeId: string; readonly what: string }[]) =>
    rules.map((rule) => `${nameOf(rule.storeId) ?? rule.storeId} (${rule.what})`)
  await mutate(
    context,
    {
      action: 'cluster.set-stores',
      cluster: { id, name },
      after: { first: nameOf(storeId) ?? storeId, copies: describe(wanted) },
    },
    async (tx, record) => {
      const before = await getClusterStores({ db: tx as ServiceContext['db'] }, id)
      record({ before: { first: nameOf(before.storeId) ?? before.storeId, copies: describe(before.copies) } })
      await tx.cluster.update({ where: { id }, data: { storeId }, select: { id: true } })
      await tx.copyRule.deleteMany({ where: { clusterId: id } })
      for (const [i, copy] of wanted.entries()) {
        if (wanted.findIndex((other) => other.storeId === copy.storeId) !== i) continue
        await tx.copyRule.create({ data: { id: context.newId(), clusterId: id, ...copy }, select: { id: true } })
      }
    },
  )
}
