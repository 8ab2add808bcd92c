import type { ClusterConnection, ClusterTarget, LiveWalk, ZooKeeperPort } from '../../adapters/zookeeper/connection.ts'
import type { Clock } from '../../base/clock.ts'
import { CancelledError, formatErrorLine, throwIfAborted } from '../../base/errors.ts'
import type { ZnodeBatch } from '../../domain/znode/znode.ts'
import type { ClusterSessions, Log } from '../context.ts'

const IDLE_MS = 5 * 60_000
const IDLE_CHECK_MS = 60_000

export interface ClusterSessionsOptions {
  readonly zookeeper: Pick<ZooKeeperPort, 'connect'>
  /** Throws NOT_FOUND for a removed cluster. Called at each borrow, so that a changed cluster is noticed in every process. */
  readonly loadTarget: (clusterId: string) => Promise<ClusterTarget & { readonly revision: number }>
  readonly clock: Clock
  readonly log: Log
  readonly idleMs?: number
}

interface Entry {
  readonly revision: number
  readonly opening: Promise<ClusterConnection>
  /** Ends an attempt to connect that nobody wants any more. */
  readonly giveUp: AbortController
  lastUsedMs: number
  /** Watches and walks under way: they use the connection without calling it. */
  holds: number
  /** The session lives and looks for a server by itself; requests would wait for it. */
  isDisconnected: boolean
  probing?: Promise<void>
  closing?: Promise<void>
}

/** One live connection a cluster and revision. Concurrent borrowers share one attempt; an expired or closed one is replaced at the next borrow. */
export class SharedClusterSessions implements ClusterSessions {
  readonly #options: ClusterSessionsOptions
  readonly #entries = new Map<string, Entry>()
  readonly #idleTimer: NodeJS.Timeout
  #closed = false

  constructor(options: ClusterSessionsOptions) {
    this.#options = options
    this.#idleTimer = setInterval(() => void this.closeIdle(), IDLE_CHECK_MS)
    this.#idleTimer.unref()
  }

  async borrow(clusterId: string, options: { signal?: AbortSignal } = {}): Promise<ClusterConnection> {
    throwIfAborted(options.signal)
    const target = await this.#options.loadTarget(clusterId)
    if (this.#closed) throw new CancelledError('Arkeeper is stopping')
    let entry = this.#entries.get(clusterId)
    if (entry && entry.revision !== target.revision) {
      this.#forget(clusterId, entry)
      entry = undefined
    }
    entry ??= this.#open(clusterId, target)
    entry.lastUsedMs = this.#options.clock.now()
    return unlessAborted(this.#connected(entry, target), options.signal)
  }

  async drop(clusterId: string): Promise<void> {
    const entry = this.#entries.get(clusterId)
    if (entry) await this.#forget(clusterId, entry)
  }

  async closeAll(): Promise<void> {
    this.#closed = true
    clearInterval(this.#idleTimer)
    await Promise.all([...this.#entries].map(([clusterId, entry]) => this.#forget(clusterId, entry)))
  }

  /** Closes what nobody has used for the idle time; runs by itself once a minute. */
  async closeIdle(): Promise<void> {
    const idleSinceMs = this.#options.clock.now() - (this.#options.idleMs ?? IDLE_MS)
    const idle = [...this.#entries].filter(([, entry]) => entry.holds === 0 && entry.lastUsedMs <= idleSinceMs)
    await Promise.all(idle.map(([clusterId, entry]) => this.#forget(clusterId, entry)))
  }

  /** While a session looks for a server, a fresh attempt says within its deadline why there is none, instead of letting each request wait. */
  async #connected(entry: Entry, target: ClusterTarget): Promise<ClusterConnection> {
    const connection = await entry.opening
    if (entry.isDisconnected) {
      entry.probing ??= this.#probe(target, entry.giveUp.signal).finally(() => {
        entry.probing = undefined
      })
      await entry.probing
    }
    return connection
  }

  async #probe(target: ClusterTarget, signal: AbortSignal): Promise<void> {
    const connection = await this.#options.zookeeper.connect(target, { signal })
    await connection.close()
  }

  #open(clusterId: string, target: ClusterTarget & { readonly revision: number }): Entry {
    const { zookeeper, clock } = this.#options
    const giveUp = new AbortController()
    const entry: Entry = {
      giveUp,
      revision: target.revision,
      // One borrower's abort must not end the attempt of the others; the connect deadline ends it in any case.
      opening: zookeeper.connect(target, { signal: giveUp.signal }).then((connection) => {
        connection.onEvent((event) => {
          if (event.kind !== 'connection') return
          entry.isDisconnected = event.state === 'disconnected'
          if (event.state === 'expired' || event.state === 'closed') this.#forget(clusterId, entry)
        })
        return this.#lend(connection, entry)
      }),
      lastUsedMs: clock.now(),
      holds: 0,
      isDisconnected: false,
    }
    this.#entries.set(clusterId, entry)
    entry.opening.catch(() => {
      if (this.#entries.get(clusterId) === entry) this.#entries.delete(clusterId)
    })
    return entry
  }

  /** The entry leaves the map at once; the promise ends when its connection is closed. Never rejects. */
  #forget(clusterId: string, entry: Entry): Promise<void> {
    if (this.#entries.get(clusterId) === entry) this.#entries.delete(clusterId)
    entry.giveUp.abort()
    entry.closing ??= this.#close(clusterId, entry)
    return entry.closing
  }

  async #close(clusterId: string, entry: Entry): Promise<void> {
    const connection = await entry.opening.then(
      (lent) => lent,
      () => null,
    )
    if (!connection) return
    try {
      await owned(connection).close()
    } catch (error) {
      this.#options.log.warn({ clusterId, error: formatErrorLine(error) }, 'A ZooKeeper session did not close cleanly')
    }
  }

  /** The connection as borrowers see it: their use keeps it open, and their close() does nothing. */
  #lend(connection: ClusterConnection, entry: Entry): ClusterConnection {
    const touch = () => {
      entry.lastUsedMs = this.#options.clock.now()
    }
    const hold = () => {
      entry.holds++
      let held = true
      return () => {
        if (!held) return
        held = false
        entry.holds--
        touch()
      }
    }
    const special: Pick<ClusterConnection, 'close' | 'walk' | 'watch' | 'readSubtree'> = {
      close: async () => undefined,
      walk: (roots, options) => holdWalk(connection.walk(roots, options), hold),
      readSubtree: (root, options) => holdStream(connection.readSubtree(root, options), hold),
      watch: async (what, onEvent) => {
        const release = hold()
        try {
          const unwatch = await connection.watch(what, onEvent)
          return () => {
            release()
            unwatch()
          }
        } catch (error) {
          release()
          throw error
        }
      },
    }
    const lent = new Proxy(connection, {
      get: (target, key) => {
        touch()
        if (key in special) return Reflect.get(special, key)
        const value: unknown = Reflect.get(target, key, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    OWNED.set(lent, connection)
    return lent
  }
}

/** What a borrower was lent → the connection behind it, which only we may close. */
const OWNED = new WeakMap<ClusterConnection, ClusterConnection>()

function owned(lent: ClusterConnection): ClusterConnection {
  return OWNED.get(lent) ?? lent
}

function holdWalk(walk: LiveWalk, hold: () => () => void): LiveWalk {
  return { stream: holdStream(walk.stream, hold), progress: () => walk.progress(), facts: () => walk.facts() }
}

async function* holdStream(stream: AsyncIterable<ZnodeBatch>, hold: () => () => void): AsyncGenerator<ZnodeBatch> {
  const release = hold()
  try {
    yield* stream
  } finally {
    release()
  }
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(new CancelledError())
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
