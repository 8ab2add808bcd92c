import { join, relative } from 'node:path'
import type { Manifest } from '../../domain/snapshot/manifest.ts'
import type { ServiceContext } from '../context.ts'
import type { ArchivePlace } from './archive-folder.ts'
import { getStore } from './find-store.ts'
import { removeArchive } from './remove-archive.ts'

/** An archive that is whole and read back, in a folder that `openStaging` gave. */
export interface StagedArchive {
  readonly dir: string
  readonly manifest: Manifest
  readonly archiveBytes: number
}

/** The same where it stays. */
export interface PublishedArchive extends ArchivePlace {
  readonly storedProof: 'read-back' | 'part-sums'
  readonly lockedUntil: Date | null
  /** Takes it back, when it does not come into the catalog after all. */
  discard(): Promise<void>
}

export interface Staging {
  /** To write the archive into: the archive's own folder is made in it. */
  readonly parentDir: string
  publish(archive: StagedArchive): Promise<PublishedArchive>
}

/**
 * Where a new archive of a cluster is written and how it gets into the cluster's first store. Folder of a cluster: its name is letters, digits,
 * space, dot, dash and underscore and begins with a letter or digit (clusters/schemas.ts), so it is a folder name as it stands.
 */
export async function openStaging(
  context: Pick<ServiceContext, 'db' | 'paths' | 'archives'>,
  cluster: { readonly clusterId: string; readonly clusterName: string },
): Promise<Staging> {
  const store = await getStore(context, await firstStoreOf(context, cluster.clusterId))
  return {
    parentDir: join(store.path, cluster.clusterName),
    publish: async ({ dir }) => {
      const place = { storeId: store.id, dir: relative(store.path, dir) }
      return {
        ...place,
        // The writer has read it again where it lies.
        storedProof: 'read-back',
        lockedUntil: null,
        discard: () => removeArchive(context, place),
      }
    },
  }
}

async function firstStoreOf(context: Pick<ServiceContext, 'db'>, clusterId: string): Promise<string> {
  const cluster = await context.db.cluster.findUniqueOrThrow({ where: { id: clusterId }, select: { storeId: true } })
  return cluster.storeId
}
