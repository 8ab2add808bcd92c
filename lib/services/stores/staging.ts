import { readdir, rm, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { Manifest } from '../../domain/snapshot/manifest.ts'
import type { ClaimedJob } from '../../jobs/claim-job.ts'
import type { ServiceContext } from '../context.ts'
import type { OnProgress } from '../engine/progress.ts'
import { type ArchivePlace, cacheKeyOf } from './archive-folder.ts'
import { cacheOf, putArchive } from './bucket-archive.ts'
import { type BucketStore, getStore } from './find-store.ts'
import { discardArchive, type RemoveContext } from './remove-archive.ts'

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
  /** What an earlier try of the same job has written and not sent. */
  readonly found: StagedArchive | null
  publish(archive: StagedArchive, onProgress?: OnProgress): Promise<PublishedArchive>
}

export interface StagingInput {
  readonly clusterId: string
  /**
   * Folder of a cluster: its name is letters, digits, space, dot, dash and underscore and begins with a letter or digit
   * (clusters/schemas.ts), so it is a folder name as it stands.
   */
  readonly clusterName: string
  /** Whose archive it is: another try of that job, on this host, goes on with what is there. */
  readonly job: Pick<ClaimedJob, 'id' | 'token'>
  /** Where a job makes several archives: which. */
  readonly part?: string
}

/** Left by jobs that nobody has tried again. */
const ABANDONED_AFTER_MS = 24 * 3_600_000

/**
 * Where a new archive of a cluster is written and how it gets into the cluster's first store: in a folder it is written where it stays; to a
 * bucket it is sent from a folder of this host when it is whole and read back.
 */
export async function openStaging(context: RemoveContext, input: StagingInput): Promise<Staging> {
  const { storeId } = await context.db.cluster.findUniqueOrThrow({
    where: { id: input.clusterId },
    select: { storeId: true },
  })
  const store = await getStore(context, storeId)
  if (store.kind === 's3') return stageForBucket(context, store, input)
  return {
    parentDir: join(store.path, input.clusterName),
    found: null,
    publish: async ({ dir }) => {
      const place = { storeId, dir: relative(store.path, dir) }
      // The writer has read it again where it lies.
      return {
        ...place,
        storedProof: 'read-back',
        lockedUntil: null,
        discard: () => discardArchive(context, place, input.job),
      }
    },
  }
}

const stagingRoot = ({ paths }: Pick<ServiceContext, 'paths'>) => join(paths.workDir, 'staging')

async function stageForBucket(
  context: RemoveContext,
  store: BucketStore,
  { clusterName, job, part }: StagingInput,
): Promise<Staging> {
  const root = join(stagingRoot(context), part === undefined ? job.id : `${job.id}-${part}`)
  return {
    parentDir: join(root, clusterName),
    found: await findStaged(context, root),
    publish: async (archive, onProgress) => {
      const put = await putArchive(context, store, { ...archive, folder: clusterName }, onProgress)
      const place = { storeId: store.id, dir: put.dir }
      // Whoever looks at it next, looks at it now.
      await cacheOf(context).put(cacheKeyOf(place), archive.dir)
      await rm(root, { recursive: true, force: true })
      return { ...put, ...place, discard: () => discardArchive(context, place, job) }
    },
  }
}

async function findStaged({ archives }: Pick<ServiceContext, 'archives'>, root: string): Promise<StagedArchive | null> {
  for await (const listed of archives.list(root)) if (listed.kind === 'archive') return listed
  return null
}

/** Removes what jobs that are over have left, a day after. */
export async function sweepStaging(context: Pick<ServiceContext, 'paths' | 'db' | 'clock'>): Promise<void> {
  const root = stagingRoot(context)
  for (const jobId of await readdir(root).catch(() => [])) {
    const dir = join(root, jobId)
    const found = await stat(dir).catch(() => null)
    if (!found || context.clock.now() - found.mtimeMs < ABANDONED_AFTER_MS) continue
    const atWork = await context.db.job.count({ where: { id: jobId, state: { in: ['queued', 'running'] } } })
    if (atWork === 0) await rm(dir, { recursive: true, force: true })
  }
}
