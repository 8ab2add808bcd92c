import type { ArchivePort, ArchiveReader } from '../../adapters/archive/store.ts'
import type { ReadFrom } from '../../domain/snapshot/read-from.ts'
import type { ServiceContext } from '../context.ts'
import {
  type ArchiveFolder,
  type ArchivePlace,
  type ArchiveSource,
  openArchiveFolder,
} from '../stores/archive-folder.ts'
import { type Borrowed, SharedReaders } from './shared-readers.ts'

/** Archives kept open for browsing. */
const OPEN_MAX = 4

type ReadingPort = Pick<ArchivePort, 'open' | 'assertReadable'>

interface OpenArchive {
  readonly archive: ArchiveReader
  readonly readFrom: ReadFrom
  close(): Promise<void>
}

export interface BorrowedArchive extends Borrowed<ArchiveReader> {
  readonly readFrom: ReadFrom
}

/** Open archives of one process, by their place. The folder of each is held until it is closed. */
export class ArchiveReaders extends SharedReaders<OpenArchive> {
  readonly #archives: ReadingPort

  constructor(archives: ReadingPort) {
    super(OPEN_MAX)
    this.#archives = archives
  }

  async borrow(key: string, openFolder: () => Promise<ArchiveFolder>): Promise<BorrowedArchive> {
    const { reader, release } = await this.share(key, async () => {
      const folder = await openFolder()
      try {
        const archive = await this.#archives.open(folder.dir)
        const { readFrom } = folder
        return { archive, readFrom, close: () => archive.close().finally(() => folder.release()) }
      } catch (error) {
        await folder.release()
        throw error
      }
    })
    // It may be open since a key was at hand that is locked again.
    if (reader.archive.manifest.encryption !== undefined) {
      try {
        await this.#archives.assertReadable(reader.archive.dir)
      } catch (error) {
        await release()
        throw error
      }
    }
    return { reader: reader.archive, readFrom: reader.readFrom, release }
  }
}

const READERS = new WeakMap<object, ArchiveReaders>()

/** The open archives that belong to a process's archive port. */
export function archiveReadersOf(archives: ReadingPort): ArchiveReaders {
  const known = READERS.get(archives)
  if (known) return known
  const made = new ArchiveReaders(archives)
  READERS.set(archives, made)
  return made
}

/** What was opened by choice is shared with nobody who has not chosen: they may have been given a copy. */
const keyOf = ({ storeId, dir, from = null }: ArchiveSource) => `${from === null ? '' : `${from} of `}${storeId} ${dir}`

/** A backup to be read, shared with everybody of this process who reads it: release it, and never close it. */
export function borrowArchive(context: ServiceContext, source: ArchiveSource): Promise<BorrowedArchive> {
  return archiveReadersOf(context.archives).borrow(keyOf(source), () => openArchiveFolder(context, source))
}

/** Forgets a backup that was deleted. */
export async function dropArchive(context: Pick<ServiceContext, 'archives'>, place: ArchivePlace): Promise<void> {
  await archiveReadersOf(context.archives).drop(keyOf({ storeId: place.storeId, dir: place.dir }))
}
