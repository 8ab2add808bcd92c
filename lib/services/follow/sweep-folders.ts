import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ServiceContext } from '../context.ts'

/** Where this host keeps the trees of what it follows: a folder a cluster, in it one a holder (local-dir.ts). */
export const followFolder = ({ paths }: Pick<ServiceContext, 'paths'>, clusterId = '') =>
  join(/* turbopackIgnore: true */ paths.workDir, 'follow', clusterId)

/**
 * Trees of clusters that are not followed any more, or are gone, go from this host; so does what a holder that lost the stream, killed perhaps,
 * had in the making. `running`: those that this process follows.
 */
export async function sweepFollowFolders(context: ServiceContext, running: ReadonlySet<string>): Promise<void> {
  const { db, clock } = context
  for (const clusterId of await namesIn(followFolder(context))) {
    if (running.has(clusterId)) continue
    const folder = followFolder(context, clusterId)
    const row = await db.clusterFollow.findUnique({
      where: { clusterId },
      select: { enabled: true, fence: true, leaseUntil: true },
    })
    const isThere = await db.cluster.count({ where: { id: clusterId, removedAt: null } })
    if (!row?.enabled || isThere === 0) {
      await rm(folder, { recursive: true, force: true })
      continue
    }
    const isHeld = row.leaseUntil !== null && row.leaseUntil.getTime() > clock.now()
    for (const name of await namesIn(folder)) {
      const fence = Number(/^f(\d+)$/.exec(name)?.[1] ?? Number.NaN)
      // Of the newest holder, as long as it has the stream, somebody works in it, here or elsewhere.
      if (fence > row.fence || (fence === row.fence && isHeld)) continue
      await rm(join(/* turbopackIgnore: true */ folder, name, 'scratch'), { recursive: true, force: true })
    }
  }
}

const namesIn = (dir: string) => readdir(dir).catch(() => [])
