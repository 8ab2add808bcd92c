import { compareNames } from '../../../domain/znode/order.ts'
import { joinPath } from '../../../domain/znode/path.ts'
import type { ChildrenPage } from '../../../domain/znode/ports.ts'
import { ERR, OP, readNames, readStat } from './protocol.ts'
import { serverError, type ZnodeReads } from './znode-read.ts'

/** Lists that are worth keeping, how many of them, and for how long. */
const WIDE_NAMES_MIN = 1_000
const WIDE_LISTS_MAX = 4
const KEEP_MS = 60_000
const PAGE_MAX = 1_000

interface WideList {
  readonly names: readonly string[]
  readonly czxid: bigint
  readonly pzxid: bigint
  readonly cversion: number
  readonly readAt: number
}

/** Pages of children. ZooKeeper gives names only all at once, so the sorted names of a wide parent are kept while it does not change. */
export class ChildrenPages {
  private readonly wide = new Map<string, WideList>()
  private readonly reads: ZnodeReads

  constructor(reads: ZnodeReads) {
    this.reads = reads
  }

  async list(path: string, page: { after?: string; limit: number; signal?: AbortSignal }): Promise<ChildrenPage> {
    const limit = Math.min(Math.max(Math.floor(page.limit), 1), PAGE_MAX)
    const listed = await this.readNames(path, page.signal)
    if (!Array.isArray(listed)) return listed
    const start = page.after === undefined ? 0 : firstAfter(listed, page.after)
    const names = listed.slice(start, start + limit)
    const children = await this.reads.summarize(path, names, joinPath, page.signal)
    const last = names.at(-1)
    return {
      kind: 'page',
      children,
      total: listed.length,
      listBytes: listed.reduce((sum, name) => sum + 4 + Buffer.byteLength(name), 4),
      next: last !== undefined && start + names.length < listed.length ? last : null,
    }
  }

  private async readNames(
    path: string,
    signal?: AbortSignal,
  ): Promise<string[] | Exclude<ChildrenPage, { kind: 'page' }>> {
    const kept = await this.findKept(path, signal)
    if (kept) return [...kept]
    const reply = await this.reads.pathRead(OP.getChildren2, path, signal)
    if (reply.err === ERR.noNode) return { kind: 'missing' }
    if (reply.err === ERR.noAuth) {
      return { kind: 'unreadable', reason: 'no-auth', message: 'no right to list its children' }
    }
    if (reply.err !== ERR.ok) throw serverError(`listing ${path}`, reply.err)
    // The built-in order of strings is the order of compareNames.
    const names = readNames(reply.body).sort()
    const { stat } = readStat(reply.body)
    if (names.length >= WIDE_NAMES_MIN) this.keep(path, { names, ...stat, readAt: Date.now() })
    return names
  }

  private async findKept(path: string, signal?: AbortSignal): Promise<readonly string[] | null> {
    const kept = this.wide.get(path)
    if (!kept) return null
    this.wide.delete(path)
    if (Date.now() - kept.readAt > KEEP_MS) return null
    const reply = await this.reads.pathRead(OP.exists, path, signal)
    if (reply.err !== ERR.ok) return null
    const { stat, numChildren } = readStat(reply.body)
    const isSame =
      stat.czxid === kept.czxid &&
      stat.pzxid === kept.pzxid &&
      stat.cversion === kept.cversion &&
      numChildren === kept.names.length
    if (!isSame) return null
    this.wide.set(path, kept)
    return kept.names
  }

  private keep(path: string, list: WideList): void {
    this.wide.set(path, list)
    for (const oldest of this.wide.keys()) {
      if (this.wide.size <= WIDE_LISTS_MAX) break
      this.wide.delete(oldest)
    }
  }
}

/** Index of the first name that sorts after `after`, which need not exist any more. */
function firstAfter(names: readonly string[], after: string): number {
  let low = 0
  let high = names.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (compareNames(names[middle] ?? '', after) <= 0) low = middle + 1
    else high = middle
  }
  return low
}
