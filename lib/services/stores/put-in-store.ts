import type { ServiceContext } from '../context.ts'
import type { OnProgress } from '../engine/progress.ts'
import { type PutArchive, putArchive } from './bucket-archive.ts'
import type { Store } from './find-store.ts'
import { putInFolder } from './put-in-folder.ts'

/** An archive that lies in a folder of this host. */
export interface ArchiveToPut {
  readonly dir: string
  /** Of its cluster, within the store. */
  readonly folder: string
  readonly name: string
  /** Places within the store where another lies, or has lain, that must not be taken for this one. */
  readonly avoid: ReadonlySet<string>
}

/** Puts a copy of an archive into a store of whatever kind: whole and proved there, or not at all. */
export async function putInStore(
  context: ServiceContext,
  store: Store,
  archive: ArchiveToPut,
  onProgress: OnProgress,
): Promise<PutArchive> {
  if (store.kind === 's3') return putArchive(context, store, archive, onProgress)
  const dir = await putInFolder(context, store, archive, (bytes) =>
    onProgress({ stage: `Copying to ${store.name}`, done: 0, total: null, bytes, ratePerSecond: 0, etaMs: null }),
  )
  return { dir, storedProof: 'read-back', lockedUntil: null }
}
