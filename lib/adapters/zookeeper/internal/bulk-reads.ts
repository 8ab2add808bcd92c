import { CancelledError } from '../../../base/errors.ts'
import { InvariantError } from '../../../base/invariant.ts'
import type { ZnodeReading } from '../../../domain/znode/ports.ts'
import type { ZnodeStat } from '../../../domain/znode/znode.ts'
import { ZooKeeperError } from '../errors.ts'
import { BatchSizer } from './batch-sizer.ts'
import type { BulkPool } from './bulk-pool.ts'
import type { BulkSession } from './bulk-session.ts'
import type { JuteReader } from './jute.ts'
import { type AclInterner, ERR, kindOf, OP, readStat, toServerPath } from './protocol.ts'
import { ReadBatch } from './read-batch.ts'
import { serverError, TORN_ATTEMPTS_MAX, toUnreadable } from './znode-read.ts'

/** Below this many paths a batch or two over the interactive session are as quick as waking several others. */
export const BULK_PATHS_MIN = 192
/** One server thread works for one session at a time: a few sessions keep it busy, more only cost memory. */
const SESSIONS = 4
/** Batches under way per session: one being served, one on the way. */
const IN_FLIGHT_PER_SESSION = 2

/** A path of one call, until its data and its ACL have come. */
class Place {
  readonly path: string
  readonly index: number
  attempts = 1
  data: Uint8Array | null = null
  stat: ZnodeStat | null = null
  numChildren = 0

  constructor(path: string, index: number) {
    this.path = path
    this.index = index
  }
}

/** Many places at once, over the sessions of the pool. For servers that know multiRead. */
export class BulkReads {
  private readonly pool: BulkPool
  private readonly chroot: string
  private readonly acls: AclInterner
  /** Outlives the calls, so that only the first one has to find out how large the values are. */
  private readonly sizer = new BatchSizer()

  constructor(input: { pool: BulkPool; chroot: string; acls: AclInterner }) {
    this.pool = input.pool
    this.chroot = input.chroot
    this.acls = input.acls
  }

  /** Opens the sessions that `readMany` will use. */
  async prepare(signal?: AbortSignal): Promise<void> {
    for (const session of await this.pool.leaseKept(SESSIONS, signal)) this.pool.release(session)
  }

  /** In the order asked. No answer shows a state older than `notBefore`, a zxid that some server has already answered with. */
  async readMany(
    paths: readonly string[],
    options: { notBefore: bigint; signal?: AbortSignal },
  ): Promise<readonly ZnodeReading[]> {
    const { signal } = options
    const sessions = await this.pool.leaseKept(SESSIONS, signal)
    const onAbort = () => {
      for (const session of sessions) session.destroy()
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      if (signal?.aborted) onAbort()
      return await this.readOver(sessions, paths, options.notBefore)
    } catch (error) {
      if (signal?.aborted) throw new CancelledError(`Reading ${paths.length} znodes was cancelled`)
      throw error
    } finally {
      signal?.removeEventListener('abort', onAbort)
      for (const session of sessions) this.pool.release(session)
    }
  }

  private async readOver(
    sessions: readonly BulkSession[],
    paths: readonly string[],
    notBefore: bigint,
  ): Promise<readonly ZnodeReading[]> {
    const readings = new Array<ZnodeReading>(paths.length)
    const again: Place[] = []
    let next = 0
    const takeChunk = (): Place[] => {
      const chunk = again.splice(0, this.sizer.size)
      for (; chunk.length < this.sizer.size && next < paths.length; next++) {
        chunk.push(new Place(paths[next] ?? '', next))
      }
      return chunk
    }
    const syncs = new Map<BulkSession, Promise<void>>()
    const catchUp = (session: BulkSession): Promise<void> => {
      const sync = syncs.get(session) ?? this.catchUp(session, notBefore)
      syncs.set(session, sync)
      return sync
    }
    const readOn = async (session: BulkSession) => {
      for (let chunk = takeChunk(); chunk.length > 0 && !failed; chunk = takeChunk()) {
        // The reads are asked behind the sync, on the same session, and so are served after it.
        const [, torn] = await Promise.all([catchUp(session), this.ask(session, chunk, readings)])
        again.push(...torn)
      }
    }
    let failed = false
    const readers = sessions.flatMap((session) => Array.from({ length: IN_FLIGHT_PER_SESSION }, () => readOn(session)))
    for (const reader of readers) {
      reader.catch(() => {
        failed = true
      })
    }
    const ended = await Promise.allSettled(readers)
    for (const reader of ended) if (reader.status === 'rejected') throw reader.reason
    return readings
  }

  /** A server that has once answered with a zxid shows nothing older afterwards, and a session never goes to one that is behind. */
  private async catchUp(session: BulkSession, notBefore: bigint): Promise<void> {
    if (session.lastZxid >= notBefore) return
    const reply = await session.request(OP.sync, (writer) => writer.string(toServerPath(this.chroot, '/')))
    if (reply.err !== ERR.ok) throw serverError('sync', reply.err)
    if (reply.zxid < notBefore) {
      throw new ZooKeeperError('SERVER_ERROR', 'A server stayed behind in spite of a sync', {
        details: { zxid: reply.zxid.toString(), notBefore: notBefore.toString() },
        remedy: 'start again',
      })
    }
  }

  /** Resolves with the places whose data and ACL come from different moments and are to be read again. */
  private ask(session: BulkSession, chunk: readonly Place[], readings: ZnodeReading[]): Promise<Place[]> {
    return new Promise((resolve, reject) => {
      const torn: Place[] = []
      session.send(
        new ReadBatch<Place>({
          work: { entries: chunk, lists: [] },
          multiRead: true,
          serverPath: (path) => toServerPath(this.chroot, path),
          onResult: {
            data: (place, err, body) => {
              if (err === ERR.ok) takeData(place, body)
              else readings[place.index] = toMissing(place.path, err)
            },
            acl: (place, err, body) => {
              if (place.stat === null) return
              if (err !== ERR.ok) readings[place.index] = toMissing(place.path, err)
              else if (!this.assemble(place, place.stat, body, readings)) torn.push(place)
            },
            list: () => {
              throw new InvariantError('no list was asked for')
            },
            zxid: () => undefined,
            size: (reads, bytes) => this.sizer.observe(reads, bytes),
            unsupported: () => reject(new ZooKeeperError('SERVER_ERROR', 'The server does not read in batches')),
            done: () => resolve(torn),
            failed: reject,
          },
        }),
      )
    })
  }

  /** False when the parts do not belong together: the znode was made anew or its ACL changed between the two reads. */
  private assemble(place: Place, stat: ZnodeStat, body: JuteReader, readings: ZnodeReading[]): boolean {
    const acl = this.acls.read(body)
    const czxid = body.long()
    body.skip(32)
    const aversion = body.int()
    if ((czxid !== stat.czxid || aversion !== stat.aversion) && place.attempts < TORN_ATTEMPTS_MAX) {
      place.attempts++
      place.stat = null
      return false
    }
    const { path, data, numChildren } = place
    const kind = kindOf(toServerPath(this.chroot, path), stat.ephemeralOwner)
    readings[place.index] = { kind: 'found', znode: { path, data, acl, stat, kind, ttlMs: null }, numChildren }
    return true
  }
}

function takeData(place: Place, body: JuteReader): void {
  place.data = body.bytes()
  const { stat, numChildren } = readStat(body)
  place.stat = stat
  place.numChildren = numChildren
}

function toMissing(path: string, err: number): ZnodeReading {
  return err === ERR.noNode ? { kind: 'missing' } : toUnreadable(path, err)
}
