import type { ServiceContext } from '../context.ts'
import { getPhysicalRow, PHYSICAL_COLUMNS } from './find-physical.ts'
import { toPhysicalView } from './to-physical-view.ts'
import type { PhysicalView } from './views.ts'

export async function getPhysical(context: ServiceContext, physicalId: string): Promise<PhysicalView> {
  return toPhysicalView(context, await getPhysicalRow(context, physicalId))
}

const LIMIT = 50

/** Newest first. */
export async function listPhysical(context: ServiceContext, clusterId: string): Promise<PhysicalView[]> {
  const rows = await context.db.physicalRestore.findMany({
    where: { clusterId },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    take: LIMIT,
    select: PHYSICAL_COLUMNS,
  })
  return Promise.all(rows.map((row) => toPhysicalView(context, row)))
}
