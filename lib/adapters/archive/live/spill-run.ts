import { type FileHandle, open, rm } from 'node:fs/promises'
import { RecordCursor } from '../../../domain/snapshot/record.ts'
import type { TouchedNodes } from '../../../domain/txnlog/live-overlay.ts'
import type { OverlayNode } from '../../../domain/txnlog/node-store.ts'
import { comparePaths } from '../../../domain/znode/order.ts'
import { isWithin } from '../../../domain/znode/path.ts'
import { FileBytes } from '../byte-source.ts'
import type { AclBook } from './acl-book.ts'
import type { ReadBuffers } from './read-buffers.ts'
import { RecordBuffer } from './record-buffer.ts'

const OUT_BYTES = 1 << 20
const READ_BYTES = 128 << 10
/** About what a path takes in the index, without its text. */
const ENTRY_BYTES = 90
const READS_AT_ONCE = 8

/**
 * What was touched during a while, out of memory but for the paths: records in path order in a temporary file without a name. Of several runs
 * and the base below them the newest that knows a path is right.
 */
export class SpillRun {
  readonly usedAcls: ReadonlySet<bigint>
  /** In memory. */
  readonly heldBytes: number
  /** Path → number, in path order. */
  readonly #numbers: ReadonlyMap<string, number>
  /** Where each record begins, and where the last one ends; one of no length is of a znode that is gone. */
  readonly #offsets: Float64Array
  readonly #source: FileBytes
  readonly #buffers: ReadBuffers

  private constructor(
    source: FileBytes,
    index: { numbers: ReadonlyMap<string, number>; offsets: Float64Array; usedAcls: ReadonlySet<bigint> },
    buffers: ReadBuffers,
  ) {
    this.#source = source
    this.#numbers = index.numbers
    this.#offsets = index.offsets
    this.#buffers = buffers
    this.usedAcls = index.usedAcls
    let bytes = 0
    for (const path of index.numbers.keys()) bytes += path.length + ENTRY_BYTES
    this.heldBytes = bytes
  }

  /** `path`: of the file, for as long as it has a name. */
  static async write(
    path: string,
    touched: TouchedNodes,
    { acls, buffers }: { readonly acls: AclBook; readonly buffers: ReadBuffers },
  ): Promise<SpillRun> {
    const file = await open(path, 'wx', 0o640)
    try {
      const index = await writeRecords(file, touched, acls)
      return new SpillRun(await FileBytes.open(path), index, buffers)
    } finally {
      await file.close()
      await rm(path, { force: true })
    }
  }

  /** Undefined: this run does not know the path. */
  numberOf(path: string): number | undefined {
    return this.#numbers.get(path)
  }

  isGone(number: number): boolean {
    return this.#offsets[number] === this.#offsets[number + 1]
  }

  pathsWithin(root: string): string[] {
    return [...this.#numbers.keys()].filter((path) => isWithin(path, root))
  }

  /** Calls `found` with each of the records, in any order. */
  async read(numbers: ReadonlyMap<string, number>, found: (record: RecordCursor, path: string) => void): Promise<void> {
    const all = [...numbers]
    let next = 0
    const work = async () => {
      for (let one = all[next++]; one !== undefined; one = all[next++]) {
        const [path, number] = one
        const offset = this.#offsets[number]!
        const span = { offset, length: this.#offsets[number + 1]! - offset }
        await this.#buffers.read(this.#source, span, (bytes) => {
          const cursor = new RecordCursor()
          cursor.read(bytes, 0, span.length)
          found(cursor, path)
        })
      }
    }
    await Promise.all(Array.from({ length: Math.min(READS_AT_ONCE, all.length) }, work))
  }

  /** Goes through it from the first path to the last. */
  walk(): RunWalk {
    return new RunWalk(this.#numbers.keys(), this.#offsets, this.#source)
  }

  close(): Promise<void> {
    return this.#source.close()
  }
}

async function writeRecords(file: FileHandle, touched: TouchedNodes, acls: AclBook) {
  const sorted = [...touched].sort(([a], [b]) => comparePaths(a, b))
  const numbers = new Map<string, number>()
  const offsets = new Float64Array(sorted.length + 1)
  const usedAcls = new Set<bigint>()
  const out = new RecordBuffer(OUT_BYTES)
  let written = 0
  const flush = async () => {
    for (let at = 0; at < out.length; ) {
      const { bytesWritten } = await file.write(out.bytes, at, out.length - at, written + at)
      at += bytesWritten
    }
    written += out.length
    out.length = 0
  }
  const add = (node: OverlayNode) => {
    const id = acls.idOf(node.acl)
    usedAcls.add(id)
    out.addNode(node, id)
  }
  for (const [path, node] of sorted) {
    const number = numbers.size
    numbers.set(path, number)
    offsets[number] = written + out.length
    if (node !== null) add(node)
    if (out.length >= OUT_BYTES) await flush()
  }
  offsets[sorted.length] = written + out.length
  await flush()
  return { numbers, offsets, usedAcls }
}

/** One run, entry after entry. */
export class RunWalk {
  /** Null behind the last. */
  path: string | null = null
  /** Where its record lies in `bytes`; of one that is gone both are equal. */
  bytes: Buffer = Buffer.alloc(0)
  start = 0
  end = 0
  readonly #paths: Iterator<string>
  readonly #offsets: Float64Array
  readonly #source: FileBytes
  #number = -1
  /** Of `bytes` in the file. */
  #base = 0

  constructor(paths: Iterator<string>, offsets: Float64Array, source: FileBytes) {
    this.#paths = paths
    this.#offsets = offsets
    this.#source = source
  }

  async next(): Promise<void> {
    const next = this.#paths.next()
    this.path = next.done ? null : next.value
    if (next.done) return
    this.#number++
    const [from, to] = [this.#offsets[this.#number]!, this.#offsets[this.#number + 1]!]
    if (to > this.#base + this.bytes.length) {
      const length = Math.max(to - from, Math.min(READ_BYTES, this.#source.bytes - from))
      this.bytes = await this.#source.read(from, length)
      this.#base = from
    }
    this.start = from - this.#base
    this.end = to - this.#base
  }
}

/** Runs as one, newest first: each path once, from the newest that knows it. */
export class RunMerge {
  readonly #walks: readonly RunWalk[]

  private constructor(walks: readonly RunWalk[]) {
    this.#walks = walks
  }

  static async of(newestFirst: readonly SpillRun[]): Promise<RunMerge> {
    const walks = newestFirst.map((run) => run.walk())
    for (const walk of walks) await walk.next()
    return new RunMerge(walks)
  }

  /** What comes next; null at the end. Valid until `pass`. */
  get current(): RunWalk | null {
    let least: RunWalk | null = null
    for (const walk of this.#walks) {
      if (walk.path !== null && (least === null || comparePaths(walk.path, least.path!) < 0)) least = walk
    }
    return least
  }

  /** Goes on behind a path, in all runs that know it. */
  async pass(path: string): Promise<void> {
    for (const walk of this.#walks) if (walk.path === path) await walk.next()
  }
}
