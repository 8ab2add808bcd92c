import { manifestSchema } from '../../domain/snapshot/manifest.ts'
import type { ServiceContext } from '../context.ts'
import type { KnownSettings } from './settings-store.ts'

/** A client does not see which znodes have a time to live; these sources do. */
const SOURCES_WITH_KINDS = ['files', 'admin', 'observer']
const LOOKED_AT = 5

/** By the newest backup of the whole tree, or by a newer one of a part that has some. */
export async function findTtlZnodes(
  { db }: Pick<ServiceContext, 'db'>,
  clusterId: string,
): Promise<KnownSettings['ttlZnodes']> {
  const backups = await db.backup.findMany({
    where: { clusterId, deletedAt: null, source: { in: SOURCES_WITH_KINDS } },
    orderBy: [{ takenAt: 'desc' }, { id: 'desc' }],
    take: LOOKED_AT,
    select: { manifest: true, takenAt: true },
  })
  for (const { manifest, takenAt } of backups) {
    const read = manifestSchema.safeParse(manifest).data
    if (!read) continue
    const isWhole = read.status === 'complete' && read.scope.paths.includes('/')
    if (read.fidelity.ttl > 0 || isWhole) return { count: read.fidelity.ttl, takenAt: takenAt.toISOString() }
  }
  return null
}
