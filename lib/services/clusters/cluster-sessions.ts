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
  readonly clusterId: string
  readonly revision: number
  readonly opening: Promise<ClusterConnection>
  /** Ends an attempt to connect that nobody wants any more. */
  readonly giveUp: AbortController
  lastUsedMs: number
  /** Watches and walks under way: they use the connection without calling it. */
  holds: number
  /** The session lives and looks for a server by itself; requests would wait for it. */
  isDisconnected: boolean
  closing?: Promise<void>
}

/** One live connection a cluster and revision. Concurrent borrowers share one attempt; one that is lost or ended is replaced at the next borrow. */
export class SharedClusterSessions implements ClusterSessions {
  readonly #options: ClusterSessionsOptions
  /** What the next borrower gets, by cluster. */
  readonly #current = new Map<string, Entry>()
  /** Current and replaced ones: a replaced one may still serve those who have it. */
  readonly #all = new Set<Entry>()
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
    const known = this.#current.get(clusterId)
    if (known && known.revision !== target.revision) void this.drop(clusterId)
    // While a session looks for a server, a fresh attempt says within its deadline why there is none, or serves at once;
    // the old one is left to those who write or watch over it, and closed when it is idle.
    else if (known?.isDisconnected) this.#current.delete(clusterId)
    const entry = this.#current.get(clusterId) ?? this.#open(clusterId, target)
    entry.lastUsedMs = this.#options.clock.now()
    return unlessAborted(entry.opening, options.signal)
  }

  /** Nobody is lent them any more when this returns; the promise ends when they are closed, and never rejects. */
  async drop(clusterId: string): Promise<void> {
    await Promise.all([...this.#all].filter((entry) => entry.clusterId === clusterId).map((entry) => this.#end(entry)))
  }

  async closeAll(): Promise<void> {
    this.#closed = true
    clearInterval(this.#idleTimer)
    await Promise.all([...this.#all].map((entry) => this.#end(entry)))
  }

  /** Closes what nobody has used for the idle time; runs by itself once a minute. */
  async closeIdle(): Promise<void> {
    const idleSinceMs = this.#options.clock.now() - (this.#options.idleMs ?? IDLE_MS)
    const idle = [...this.#all].filter((entry) => entry.holds === 0 && entry.lastUsedMs <= idleSinceMs)
    await Promise.all(idle.map((entry) => this.#end(entry)))
  }

  #open(clusterId: string, target: ClusterTarget & { readonly revision: number }): Entry {
    const { zookeeper, clock } = this.#options
    const giveUp = new AbortController()
    const entry: Entry = {
      clusterId,
      revision: target.revision,
      giveUp,
      // One borrower's abort must not end the attempt of the others; the connect deadline ends it in any case.
      opening: zookeeper.connect(target, { signal: giveUp.signal }).then((connection) => {
        connection.onEvent((event) => {
          if (event.kind !== 'connection') return
          entry.isDisconnected = event.state === 'disconnected'
          if (event.state === 'expired' || event.state === 'closed') void this.#end(entry)
        })
        return this.#lend(connection, entry)
      }),
      lastUsedMs: clock.now(),
      holds: 0,
      isDisconnected: false,
    }
    this.#current.set(clusterId, entry)
    this.#all.add(entry)
    entry.opening.catch(() => this.#leave(entry))
    return entry
  }

  /** Out of sight at once; the promise ends when the connection is closed. Never rejects. */
  #end(entry: Entry): Promise<void> {
    this.#leave(entry)
    entry.giveUp.abort()
    entry.closing ??= this.#close(entry)
    return entry.closing
  }

  #leave(entry: Entry): void {
    if (this.#current.get(entry.clusterId) === entry) this.#current.delete(entry.clusterId)
    this.#all.delete(entry)
  }

  async #close(entry: Entry): Promise<void> {
    const connection = await entry.opening.then(
      (lent) => lent,
      () => null,
    )
    if (!connection) return
    try {
      await owned(connection).close()
    } catch (error) {
      const { clusterId } = entry
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
