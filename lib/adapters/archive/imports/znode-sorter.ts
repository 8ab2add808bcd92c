import { ByteWriter } from '../../../base/bytes.ts'
import { throwIfAborted } from '../../../base/errors.ts'
import { importFault } from '../../../domain/imports/errors.ts'
import { AclTable, RecordCursor } from '../../../domain/snapshot/record.ts'
import type { Acl } from '../../../domain/znode/acl.ts'
import { ROOT } from '../../../domain/znode/path.ts'
import { CONTAINER_OWNER, ownerFromTtl } from '../../../domain/znode/stat.ts'
import type { Znode } from '../../../domain/znode/znode.ts'
import { mergeRunFiles, type RunEntry, sortRun, TempFiles } from '../run-files.ts'

/** Cost of one sorted run in memory: the records plus an estimate for the objects. */
const RUN_COST_MAX = 24 << 20
const ENTRY_COST = 300
/** All ACL lists that differ are held in memory: characters of their entries, and something for each list. */
const ACLS_COST_MAX = 96 << 20
const ACL_COST = 64
const BATCH = 1000
const BATCH_BYTES = 1 << 20

/**
 * Takes znodes in any order and gives them in path order, those of one path behind each other. Memory is bounded: beyond one run they go
 * through temporary files. Owner-less znodes come back as `persistent` or `unknown`, all alike.
 */
export class ZnodeSorter {
  readonly #temp = new TempFiles()
  readonly #runs: string[] = []
  readonly #writer = new ByteWriter()
  readonly #aclIds = new Map<string, bigint>()
  readonly #acls = new Map<bigint, Acl>()
  readonly #runCostMax: number
  readonly #aclsCostMax: number
  #aclsCost = 0
  #run: RunEntry[] = []
  #cost = 0
  #someUnknown = false

  constructor(options: { runCostMax?: number; aclsCostMax?: number } = {}) {
    this.#runCostMax = options.runCostMax ?? RUN_COST_MAX
    this.#aclsCostMax = options.aclsCostMax ?? ACLS_COST_MAX
  }

  /** Throws ImportError IMPORT_TOO_LARGE when there are more different ACLs than memory should hold. */
  add(znode: Znode): void {
    if (znode.kind === 'unknown') this.#someUnknown = true
    const bytes = this.#encode(znode)
    this.#run.push({ path: znode.path, bytes })
    this.#cost += bytes.length + ENTRY_COST
  }

  /** To be called now and then while znodes are added: puts a full run aside. */
  async settle(): Promise<void> {
    if (this.#cost <= this.#runCostMax) return
    this.#runs.push(await this.#temp.write(sortRun(this.#run)))
    this.#run = []
    this.#cost = 0
  }

  async *read(signal?: AbortSignal): AsyncGenerator<Znode[]> {
    const table = new AclTable(this.#acls)
    const cursor = new RecordCursor()
    const kind = this.#someUnknown ? 'unknown' : 'persistent'
    for await (const entries of this.#entries()) {
      throwIfAborted(signal)
      yield entries.map(({ path, bytes }) => {
        cursor.read(bytes, 0, bytes.length)
        return cursor.znode(path, table, kind)
      })
    }
  }

  get hasUnknownKinds(): boolean {
    return this.#someUnknown
  }

  /** Removes what lies in the temporary folder. */
  close(): Promise<void> {
    this.#run = []
    return this.#temp.remove()
  }

  async *#entries(): AsyncGenerator<RunEntry[]> {
    if (this.#runs.length > 0) {
      this.#runs.push(await this.#temp.write(sortRun(this.#run)))
      this.#run = []
      yield* mergeRunFiles(this.#runs)
      return
    }
    const run = sortRun(this.#run)
    for (let from = 0; from < run.length; ) {
      let to = from
      for (let bytes = 0; to < run.length && to - from < BATCH && bytes < BATCH_BYTES; to++)
        bytes += run[to]!.bytes.length
      yield run.slice(from, to)
      from = to
    }
  }

  /** As a record of a native snapshot (see RecordCursor). */
  #encode({ path, data, acl, stat, kind, ttlMs }: Znode): Buffer {
    const writer = this.#writer
    writer.reset()
    writer.string(path === ROOT ? '' : path)
    writer.buffer(data)
    writer.int64(this.#aclId(acl))
    writer.int64(stat.czxid)
    writer.int64(stat.mzxid)
    writer.int64(BigInt(stat.ctime))
    writer.int64(BigInt(stat.mtime))
    writer.int32(stat.version)
    writer.int32(stat.cversion)
    writer.int32(stat.aversion)
    writer.int64(
      kind === 'container'
        ? CONTAINER_OWNER
        : kind === 'ttl' && ttlMs !== null
          ? ownerFromTtl(ttlMs)
          : stat.ephemeralOwner,
    )
    writer.int64(stat.pzxid)
    return Buffer.from(writer.bytes())
  }

  #aclId(acl: Acl): bigint {
    const key = acl.map((entry) => `${entry.perms}\u0000${entry.scheme}\u0000${entry.id}`).join('\u0001')
    let id = this.#aclIds.get(key)
    if (id === undefined) {
      this.#aclsCost += key.length + ACL_COST
      if (this.#aclsCost > this.#aclsCostMax) {
        throw importFault('IMPORT_TOO_LARGE', 'The file holds more different ACLs than can be imported', null)
      }
      id = BigInt(this.#aclIds.size + 1)
      this.#aclIds.set(key, id)
      this.#acls.set(id, acl)
    }
    return id
  }
}
