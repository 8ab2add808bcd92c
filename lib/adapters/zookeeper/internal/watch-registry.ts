import type { LiveEvent } from '../connection.ts'
import { encodeRecord } from './jute.ts'
import type { PackageSession, WatchKind } from './package-session.ts'
import { ERR, OP, toServerPath } from './protocol.ts'

/** A list reply above this size is not asked for again at once on each change. */
const HEAVY_LIST_BYTES = 64 * 1024
const HEAVY_DELAY_MS = 1_000
const RETRY_DELAY_MS = 1_000

type Place = 'dir' | 'znode'

interface Watched {
  readonly path: string
  readonly place: Place
  readonly listeners: Set<(event: LiveEvent) => void>
  readonly notify: () => void
  /** Resolves when the watch is armed for the first time. */
  armed: Promise<void>
  exists: boolean
  replyBytes: number
  timer: NodeJS.Timeout | undefined
  isOver: boolean
}

/**
 * Watches on a few places, shared by everybody who looks at them. A watch fires once, so it is armed again *before* its change is told:
 * whoever then reads sees everything up to the arming, and what comes later fires again.
 */
export class WatchRegistry {
  private readonly watched = new Map<string, Watched>()
  private readonly session: PackageSession
  private readonly chroot: string
  private readonly onAnyEvent: (event: LiveEvent) => void

  constructor(session: PackageSession, chroot: string, onAnyEvent: (event: LiveEvent) => void) {
    this.session = session
    this.chroot = chroot
    this.onAnyEvent = onAnyEvent
  }

  async add(
    what: { dirs: readonly string[]; znodes: readonly string[] },
    listener: (event: LiveEvent) => void,
  ): Promise<() => void> {
    const joined = [
      ...[...new Set(what.dirs)].map((path) => this.join(path, 'dir', listener)),
      ...[...new Set(what.znodes)].map((path) => this.join(path, 'znode', listener)),
    ]
    const leave = () => {
      for (const watched of joined) this.leave(watched, listener)
    }
    try {
      await Promise.all(joined.map((watched) => watched.armed))
    } catch (error) {
      leave()
      throw error
    }
    return leave
  }

  close(): void {
    for (const watched of this.watched.values()) this.end(watched)
    this.watched.clear()
  }

  private join(path: string, place: Place, listener: (event: LiveEvent) => void): Watched {
    const key = `${place} ${path}`
    const known = this.watched.get(key)
    if (known) {
      known.listeners.add(listener)
      return known
    }
    const watched: Watched = {
      path,
      place,
      listeners: new Set([listener]),
      notify: () => this.onFired(watched),
      armed: Promise.resolve(),
      exists: false,
      replyBytes: 0,
      timer: undefined,
      isOver: false,
    }
    this.watched.set(key, watched)
    watched.armed = this.arm(watched)
    return watched
  }

  private leave(watched: Watched, listener: (event: LiveEvent) => void): void {
    watched.listeners.delete(listener)
    if (watched.listeners.size > 0 || watched.isOver) return
    this.end(watched)
    this.watched.delete(`${watched.place} ${watched.path}`)
  }

  private end(watched: Watched): void {
    watched.isOver = true
    clearTimeout(watched.timer)
    this.session.removeWatcher(toServerPath(this.chroot, watched.path), watched.notify)
  }

  private async arm(watched: Watched): Promise<void> {
    const body = encodeRecord((writer) => writer.string(toServerPath(this.chroot, watched.path)).bool(true))
    const what = `watching ${watched.path}`
    if (watched.place === 'dir') {
      const listed = await this.session.call(OP.getChildren2, body, {
        what,
        onReply: (reply) => {
          watched.replyBytes = reply.body.remaining
          if (reply.err === ERR.ok) this.note(watched, 'child')
        },
      })
      if (listed.err === ERR.ok) return
      // A directory that may not be listed, or is not there, can still be watched for its coming and going.
    }
    await this.session.call(OP.exists, body, {
      what,
      onReply: (reply) => this.note(watched, reply.err === ERR.ok ? 'data' : 'exist'),
    })
  }

  /** At once with the reply: the event may be in the same packet. */
  private note(watched: Watched, kind: WatchKind): void {
    watched.exists = kind !== 'exist'
    if (!watched.isOver) this.session.addWatcher(kind, toServerPath(this.chroot, watched.path), watched.notify)
  }

  private onFired(watched: Watched): void {
    if (watched.isOver || watched.timer) return
    const delayMs = watched.replyBytes > HEAVY_LIST_BYTES ? HEAVY_DELAY_MS : 0
    this.rearmAfter(watched, delayMs)
  }

  private rearmAfter(watched: Watched, delayMs: number): void {
    watched.timer = setTimeout(() => {
      watched.timer = undefined
      this.rearm(watched).catch(() => {
        // The connection is away; when the session is over for good, it says so by a connection event and ends this registry.
        if (!watched.isOver) this.rearmAfter(watched, RETRY_DELAY_MS)
      })
    }, delayMs)
    watched.timer.unref()
  }

  private async rearm(watched: Watched): Promise<void> {
    const existed = watched.exists
    await this.arm(watched)
    if (watched.isOver) return
    const event: LiveEvent =
      watched.exists === existed
        ? { kind: watched.place === 'dir' ? 'children' : 'data', path: watched.path }
        : { kind: watched.exists ? 'created' : 'deleted', path: watched.path }
    for (const listener of [...watched.listeners]) listener(event)
    this.onAnyEvent(event)
  }
}
