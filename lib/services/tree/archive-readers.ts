import type { ArchivePort, ArchiveReader } from '../../adapters/archive/store.ts'
import { type Borrowed, SharedReaders } from './shared-readers.ts'

/** Archives kept open for browsing. */
const OPEN_MAX = 4

/** Open archives of one process, by folder. */
export class ArchiveReaders extends SharedReaders<ArchiveReader> {
  readonly #archives: Pick<ArchivePort, 'open'>

  constructor(archives: Pick<ArchivePort, 'open'>) {
    super(OPEN_MAX)
    this.#archives = archives
  }

  borrow(dir: string): Promise<Borrowed<ArchiveReader>> {
    return this.share(dir, () => this.#archives.open(dir))
  }
}

const READERS = new WeakMap<object, ArchiveReaders>()

/** The open archives that belong to a process's archive port. */
export function archiveReadersOf(archives: Pick<ArchivePort, 'open'>): ArchiveReaders {
  const known = READERS.get(archives)
  if (known) return known
  const made = new ArchiveReaders(archives)
  READERS.set(archives, made)
  return made
}
