import { CancelledError } from '../../base/errors.ts'

interface Entry<Reader> {
  readonly opening: Promise<Reader>
  readonly stop: AbortController
  users: number
  isOpen: boolean
  dropped: boolean
}

export interface Borrowed<Reader> {
  readonly reader: Reader
  readonly release: () => Promise<void>
}

/**
 * Open trees of one process, by key, shared by everybody who looks at the same one; one more than `openMax` closes the one that was not used for
 * longest. What is in use is never closed. An opening that nobody waits for any more is given up.
 */
export class SharedReaders<Reader extends { close(): Promise<void> }> {
  readonly #openMax: number
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry<Reader>>()

  constructor(openMax: number) {
    this.#openMax = openMax
  }

  async share(
    key: string,
    open: (signal: AbortSignal) => Promise<Reader>,
    signal?: AbortSignal,
  ): Promise<Borrowed<Reader>> {
    const entry = this.#entries.get(key) ?? begin(open)
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    entry.users++
    let released = false
    const release = async () => {
      if (released) return
      released = true
      entry.users--
      if (entry.dropped) await closeUnused(entry)
    }
    try {
      const reader = await orAbort(entry.opening, signal)
      entry.isOpen = true
      await this.#evict()
      return { reader, release }
    } catch (error) {
      entry.users--
      const isWanted = signal?.aborted === true && (entry.users > 0 || entry.isOpen)
      if (!isWanted && this.#entries.get(key) === entry) this.#entries.delete(key)
      if (!isWanted) giveUp(entry)
      throw error
    }
  }

  /** Forgets one; it is closed when its last user is done. */
  async drop(key: string): Promise<void> {
    const entry = this.#entries.get(key)
    if (!entry) return
    this.#entries.delete(key)
    entry.dropped = true
    await closeUnused(entry)
  }

  /** Forgets them all; what is still in use is closed when its last user is done. */
  async dropAll(): Promise<void> {
    await Promise.all([...this.#entries.keys()].map((key) => this.drop(key)))
  }

  async #evict(): Promise<void> {
    for (const key of [...this.#entries.keys()].slice(0, -this.#openMax)) await this.drop(key)
  }
}

function begin<Reader>(open: (signal: AbortSignal) => Promise<Reader>): Entry<Reader> {
  const stop = new AbortController()
  return { opening: open(stop.signal), stop, users: 0, isOpen: false, dropped: false }
}

/** Nobody will ever have it: what comes of it nevertheless is closed. */
function giveUp<Reader extends { close(): Promise<void> }>(entry: Entry<Reader>): void {
  entry.stop.abort()
  entry.opening.then(
    (reader) => reader.close(),
    () => undefined,
  )
}

async function closeUnused<Reader extends { close(): Promise<void> }>(entry: Entry<Reader>): Promise<void> {
  if (entry.users > 0) return
  const reader = await entry.opening.catch(() => null)
  await reader?.close()
}

function orAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new CancelledError(undefined, { cause: signal?.reason }))
    if (signal?.aborted) onAbort()
    signal?.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal?.removeEventListener('abort', onAbort))
  })
}
