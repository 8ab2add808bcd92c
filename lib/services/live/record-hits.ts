import { formatErrorLine } from '../../base/errors.ts'
import { mapPath } from '../../domain/restore/map-paths.ts'
import type { TxnEntry } from '../../domain/txnlog/entry.ts'
import { PathWatcher, type WatchedHit } from '../../domain/txnlog/watched-paths.ts'
import { isWithin, ROOT } from '../../domain/znode/path.ts'
import type { ServiceContext } from '../context.ts'

/** Kept of each watched path: the newest. */
export const HITS_KEPT = 200
/** So long it may take until a path that somebody chose is watched. */
const READ_AGAIN_MS = 5_000

type HitContext = Pick<ServiceContext, 'db' | 'clock' | 'log' | 'newId'>

/** What whoever follows a cluster tells of its watched paths: held against each entry, written once a flush. */
export class HitBook {
  readonly #clusterId: string
  readonly #chroot: string
  #known = ''
  #watcher = new PathWatcher([])
  #readAt = Number.NEGATIVE_INFINITY

  constructor(clusterId: string, chroot: string) {
    this.#clusterId = clusterId
    this.#chroot = chroot
  }

  add(entries: readonly TxnEntry[]): void {
    this.#watcher.add(entries)
  }

  /** Writes what was hit since, and looks now and then what is to be watched. Never fails the stream: what cannot be recorded is told in the log. */
  async flush(context: HitContext): Promise<void> {
    try {
      for (const hit of this.#watcher.take()) await this.#record(context, hit)
      await this.#readAgain(context)
    } catch (error) {
      context.log.warn({ clusterId: this.#clusterId, error: formatErrorLine(error) }, 'A watched path was not recorded')
    }
  }

  async #readAgain({ db, clock }: HitContext): Promise<void> {
    const now = clock.now()
    if (now >= this.#readAt && now < this.#readAt + READ_AGAIN_MS) return
    const rows = await db.watchedPath.findMany({
      where: { clusterId: this.#clusterId },
      orderBy: { id: 'asc' },
      select: { id: true, path: true },
    })
    this.#readAt = now
    const known = JSON.stringify(rows)
    if (known === this.#known) return
    this.#known = known
    this.#watcher = new PathWatcher(rows.map(({ id, path }) => ({ id, path: mapPath(path, ROOT, this.#chroot) })))
  }

  /** One row for all of a flush: the last transaction, the first path, and how many there were. */
  async #record({ db, newId }: HitContext, { id: watchedPathId, count, last, paths }: WatchedHit): Promise<void> {
    const [first = ROOT] = paths
    const path = isWithin(first, this.#chroot) ? mapPath(first, this.#chroot, ROOT) : first
    const data = {
      at: new Date(last.timeMs),
      type: last.type,
      path,
      paths: count,
      sessionId: last.session,
    }
    // The path may not be watched any more, and the stream may be read a second time after a crash.
    if ((await db.watchedPath.count({ where: { id: watchedPathId } })) === 0) return
    await db.pathHit.upsert({
      where: { watchedPathId_zxid: { watchedPathId, zxid: last.zxid } },
      create: { id: newId(), watchedPathId, zxid: last.zxid, ...data },
      update: data,
      select: { id: true },
    })
    const oldest = await db.pathHit.findFirst({
      where: { watchedPathId },
      orderBy: [{ zxid: 'desc' }],
      skip: HITS_KEPT,
      select: { zxid: true },
    })
    if (oldest) await db.pathHit.deleteMany({ where: { watchedPathId, zxid: { lte: oldest.zxid } } })
  }
}
