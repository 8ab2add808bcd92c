import type { ChildSummary, ZnodeReading } from '../../../domain/znode/ports.ts'
import { describeServerError } from '../../../domain/znode/server-errors.ts'
import type { ZnodeStat } from '../../../domain/znode/znode.ts'
import { ZooKeeperError } from '../errors.ts'
import { BATCH_SIZE_MAX, BatchSizer } from './batch-sizer.ts'
import { encodeRecord } from './jute.ts'
import type { PackageSession, Reply } from './package-session.ts'
import {
  type AclInterner,
  ERR,
  kindOf,
  OP,
  readMultiHeader,
  readStat,
  toServerPath,
  writeMultiEnd,
  writeMultiHeader,
} from './protocol.ts'

const READ_RETRIES_MAX = 2
/** Times that data and ACL are read until they belong together. */
export const TORN_ATTEMPTS_MAX = 3
/** Chunks of one `readMany` under way at once: one being served, the others on the way to and fro. */
const CHUNKS_IN_FLIGHT = 3
/** Requests of one caller that may be under way at once. */
const WINDOW = 256

interface DataPart {
  readonly err: number
  readonly data: Uint8Array | null
  readonly stat: ZnodeStat | null
  readonly numChildren: number
}

/** Reads over the interactive session, so that they see what the same session has just written. */
export class ZnodeReads {
  private readonly session: PackageSession
  private readonly chroot: string
  private readonly acls: AclInterner

  constructor(session: PackageSession, chroot: string, acls: AclInterner) {
    this.session = session
    this.chroot = chroot
    this.acls = acls
  }

  /** A read is asked again when the connection drops under it: at most twice, within one deadline. */
  async request(op: number, body: Buffer, options: { what: string; signal?: AbortSignal }): Promise<Reply> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.session.call(op, body, options)
      } catch (error) {
        const isLost = error instanceof ZooKeeperError && error.code === 'CONNECTION_LOST'
        if (!isLost || attempt >= READ_RETRIES_MAX) throw error
      }
    }
  }

  pathRead(op: number, path: string, signal?: AbortSignal): Promise<Reply> {
    const body = encodeRecord((writer) => writer.string(toServerPath(this.chroot, path)).bool(false))
    return this.request(op, body, { what: `reading ${path}`, signal })
  }

  async get(path: string, signal?: AbortSignal): Promise<ZnodeReading> {
    const [reading] = await this.readChunk([path], { batched: false, signal })
    return reading ?? { kind: 'missing' }
  }

  /** In the order asked. `batched`: the server knows multiRead. */
  async readMany(
    paths: readonly string[],
    options: { batched: boolean; signal?: AbortSignal },
  ): Promise<readonly ZnodeReading[]> {
    const sizer = new BatchSizer()
    const readings = new Array<ZnodeReading>(paths.length)
    let next = 0
    const readOn = async () => {
      while (next < paths.length) {
        const at = next
        const chunk = paths.slice(at, at + Math.min(sizer.size, BATCH_SIZE_MAX))
        next += chunk.length
        const part = await this.readChunk(chunk, options)
        sizer.observe(
          chunk.length,
          part.reduce((sum, reading) => sum + sizeOf(reading), 0),
        )
        part.forEach((reading, i) => {
          readings[at + i] = reading
        })
      }
    }
    await Promise.all(Array.from({ length: CHUNKS_IN_FLIGHT }, readOn))
    return readings
  }

  /** Summaries of children that still exist, in the order asked. */
  async summarize(
    parent: string,
    names: readonly string[],
    join: (parent: string, name: string) => string,
    signal?: AbortSignal,
  ): Promise<ChildSummary[]> {
    const found: ChildSummary[] = []
    for (let at = 0; at < names.length; at += WINDOW) {
      const part = await Promise.all(
        names.slice(at, at + WINDOW).map(async (name) => {
          const path = join(parent, name)
          const reply = await this.pathRead(OP.exists, path, signal)
          if (reply.err === ERR.noNode) return null
          if (reply.err !== ERR.ok) throw serverError(`reading ${path}`, reply.err)
          const { stat, dataLength, numChildren } = readStat(reply.body)
          const { mtime, mzxid, pzxid } = stat
          const kind = kindOf(toServerPath(this.chroot, path), stat.ephemeralOwner)
          return { name, kind, numChildren, dataLength, mtime, mzxid, pzxid }
        }),
      )
      for (const summary of part) if (summary) found.push(summary)
    }
    return found
  }

  private async readChunk(
    paths: readonly string[],
    options: { batched: boolean; signal?: AbortSignal },
  ): Promise<ZnodeReading[]> {
    const readings = new Array<ZnodeReading>(paths.length)
    let missing = paths.map((path, index) => ({ path, index }))
    for (let attempt = 1; missing.length > 0; attempt++) {
      const [parts, acls] = await Promise.all([
        options.batched && missing.length > 1
          ? this.readDataBatch(
              missing.map((place) => place.path),
              options.signal,
            )
          : Promise.all(missing.map((place) => this.readData(place.path, options.signal))),
        Promise.all(missing.map((place) => this.readAcl(place.path, options.signal))),
      ])
      const torn: typeof missing = []
      missing.forEach((place, i) => {
        const part = parts[i]
        const acl = acls[i]
        if (!part || !acl) return
        const reading = this.assemble(place.path, part, acl, attempt >= TORN_ATTEMPTS_MAX)
        if (reading) readings[place.index] = reading
        else torn.push(place)
      })
      missing = torn
    }
    return readings
  }

  /** Null when data and ACL come from different moments of the znode and should be read again. */
  private assemble(path: string, part: DataPart, aclReply: Reply, isLast: boolean): ZnodeReading | null {
    const err = part.err !== ERR.ok ? part.err : aclReply.err
    if (err === ERR.noNode) return { kind: 'missing' }
    if (err !== ERR.ok || part.stat === null) return toUnreadable(path, err)
    const acl = this.acls.read(aclReply.body)
    const { stat } = part
    const czxid = aclReply.body.long()
    aclReply.body.skip(32)
    const aversion = aclReply.body.int()
    if ((czxid !== stat.czxid || aversion !== stat.aversion) && !isLast) return null
    const kind = kindOf(toServerPath(this.chroot, path), stat.ephemeralOwner)
    return {
      kind: 'found',
      znode: { path, data: part.data, acl, stat, kind, ttlMs: null },
      numChildren: part.numChildren,
    }
  }

  private async readData(path: string, signal?: AbortSignal): Promise<DataPart> {
    const reply = await this.pathRead(OP.getData, path, signal)
    return toDataPart(reply.err, reply)
  }

  private readAcl(path: string, signal?: AbortSignal): Promise<Reply> {
    const body = encodeRecord((writer) => writer.string(toServerPath(this.chroot, path)))
    return this.request(OP.getAcl, body, { what: `reading the ACL of ${path}`, signal })
  }

  private async readDataBatch(paths: readonly string[], signal?: AbortSignal): Promise<DataPart[]> {
    const body = encodeRecord((writer) => {
      for (const path of paths) {
        writeMultiHeader(writer, OP.getData)
        writer.string(toServerPath(this.chroot, path)).bool(false)
      }
      writeMultiEnd(writer)
    })
    const what = `reading ${paths.length} znodes`
    const reply = await this.request(OP.multiRead, body, { what, signal })
    if (reply.err !== ERR.ok) throw serverError(what, reply.err)
    return paths.map(() => {
      const header = readMultiHeader(reply.body)
      if (header === null) throw new ZooKeeperError('REPLY_MALFORMED', `The answer to ${what} ends early`)
      return toDataPart(header.err, reply)
    })
  }
}

function toDataPart(err: number, reply: Reply): DataPart {
  if (err !== ERR.ok) return { err, data: null, stat: null, numChildren: 0 }
  const data = reply.body.bytes()
  const { stat, numChildren } = readStat(reply.body)
  return { err, data, stat, numChildren }
}

export function toUnreadable(path: string, err: number): ZnodeReading {
  if (err === ERR.noAuth) {
    return {
      kind: 'unreadable',
      reason: 'no-auth',
      message: 'no right to read it with the credentials of this cluster',
    }
  }
  if (err === -5 || err === -1 || err === -3) {
    return { kind: 'unreadable', reason: 'error', message: `the server could not read it: ${describeServerError(err)}` }
  }
  throw serverError(`reading ${path}`, err)
}

export function serverError(what: string, err: number): ZooKeeperError {
  return new ZooKeeperError(
    err === ERR.noAuth ? 'NO_AUTH' : err === ERR.sessionExpired ? 'SESSION_EXPIRED' : 'SERVER_ERROR',
    `The server refused ${what}: ${describeServerError(err)}`,
    { details: { serverError: err } },
  )
}

function sizeOf(reading: ZnodeReading): number {
  return 128 + (reading.kind === 'found' ? (reading.znode.data?.length ?? 0) : 0)
}
