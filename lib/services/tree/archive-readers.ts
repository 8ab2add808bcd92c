import type { ArchivePort, ArchiveReader } from '../../adapters/archive/store.ts'

/** Archives kept open for browsing; one more closes the one that was not used for longest. */
const OPEN_MAX = 4

interface Entry {
  readonly opening: Promise<ArchiveReader>
  users: number
  dropped: boolean
}

/** Open archives of one process, by folder, shared by everybody who looks at the same one. What is in use is never closed. */
export class ArchiveReaders {
  readonly #archives: Pick<ArchivePort, 'open'>
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>()

  constructor(archives: Pick<ArchivePort, 'open'>) {
    this.#archives = archives
  }

  async borrow(dir: string): Promise<{ reader: ArchiveReader; release: () => Promise<void> }> {
    const entry = this.#entries.get(dir) ?? { opening: this.#archives.open(dir), users: 0, dropped: false }
    this.#entries.delete(dir)
    this.#entries.set(dir, entry)
    entry.users++
    let released = false
    const release = async () => {
      if (released) return
      released = true
      entry.users--
      if (entry.dropped) await closeUnused(entry)
    }
    try {
      const reader = await entry.opening
      await this.#evict()
      return { reader, release }
    } catch (error) {
      if (this.#entries.get(dir) === entry) this.#entries.delete(dir)
      throw error
    }
  }

  /** Forgets an archive that was deleted; it is closed when its last user is done. */
  async drop(dir: string): Promise<void> {
    const entry = this.#entries.get(dir)
    if (!entry) return
    this.#entries.delete(dir)
    entry.dropped = true
    await closeUnused(entry)
  }

  /** Forgets them all; what is still in use is closed when its last user is done. */
  async dropAll(): Promise<void> {
    await Promise.all([...this.#entries.keys()].map((dir) => this.drop(dir)))
  }

  async #evict(): Promise<void> {
    for (const dir of [...this.#entries.keys()].slice(0, -OPEN_MAX)) await this.drop(dir)
  }
}

async function closeUnused(entry: Entry): Promise<void> {
  if (entry.users > 0) return
  const reader = await entry.opening
  await reader.close()
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
