import { type FileHandle, open } from 'node:fs/promises'
import { throwIfAborted } from '../../../base/errors.ts'
import { ADLER_START, adler32 } from '../../../domain/snapshot/adler32.ts'
import { TreeDigest } from '../../../domain/snapshot/digest.ts'
import { SnapshotError } from '../../../domain/snapshot/errors.ts'
import { RecordCursor } from '../../../domain/snapshot/record.ts'
import { encodeSnapshotHead, encodeSnapshotTail } from '../../../domain/snapshot/write-snapshot.ts'
import { ROOT } from '../../../domain/znode/path.ts'
import { FileBytes } from '../byte-source.ts'
import type { AclBook } from './acl-book.ts'
import { BodyIndex, STRETCH_BYTES } from './body-index.ts'
import { ReadBuffers } from './read-buffers.ts'
import { RecordBuffer } from './record-buffer.ts'
import { RunMerge, type RunWalk, type SpillRun } from './spill-run.ts'
import { TreeBody, UsedAcls } from './tree-body.ts'

const OUT_BYTES = 1 << 20
const SLASH = 47

export interface MergeInput {
  readonly body: TreeBody
  readonly usedAcls: ReadonlySet<bigint>
  readonly runs: readonly SpillRun[]
  readonly acls: AclBook
  readonly sessions: ReadonlyMap<bigint, number>
  readonly owners: Iterable<bigint>
  /** Of a new file. */
  readonly path: string
  readonly signal?: AbortSignal
}

export interface MergedBody {
  readonly body: TreeBody
  readonly usedAcls: ReadonlySet<bigint>
  /** Of what was written, over all of its records. */
  readonly digest: bigint
  /** Of the whole file. */
  readonly bytes: number
}

/**
 * Writes a tree with what runs have of it as a native snapshot, without blocks behind its seal: records are copied as they lie, a MiB at a time, and
 * between two of those everything else runs.
 */
export async function mergeBody(input: MergeInput): Promise<MergedBody> {
  const { sessions, owners, path, signal, acls, body } = input
  const used = new Set([input.usedAcls, ...input.runs.map((run) => run.usedAcls)].flatMap((ids) => [...ids]))
  const head = encodeSnapshotHead({ sessions, owners, acls: acls.entries(used) })
  const file = await open(path, 'wx', 0o640)
  try {
    const out = new BodyWriter(file, head, acls)
    const changes = await ChangeList.of(input.runs)
    const buffers = new ReadBuffers(2 * STRETCH_BYTES)
    for (const span of body.index.stretches()) {
      throwIfAborted(signal)
      await buffers.read(body.source, span, (bytes) => mergeStretch(bytes, span.length, changes, out))
      await out.flush(OUT_BYTES)
    }
    for (; changes.current !== null; await changes.pass()) {
      out.addChange(changes.current)
      await out.flush(OUT_BYTES)
    }
    const written = await out.finish()
    await file.datasync()
    const { index, znodes, digest, usedAcls, bytes } = written
    return { body: new TreeBody(await FileBytes.open(path), index, znodes), usedAcls, digest, bytes }
  } finally {
    await file.close()
  }
}

async function mergeStretch(bytes: Buffer, length: number, changes: ChangeList, out: BodyWriter): Promise<void> {
  const cursor = new RecordCursor()
  let from = 0
  for (let at = 0; cursor.read(bytes, at, length) === 'record'; at = cursor.end) {
    let order = changes.compare(bytes, cursor)
    while (order <= 0) {
      out.copyRun(bytes, from, cursor.start)
      from = order === 0 ? cursor.end : cursor.start
      out.addChange(changes.current)
      await changes.pass()
      await out.flush(OUT_BYTES)
      order = order === 0 ? 1 : changes.compare(bytes, cursor)
    }
    if (from <= cursor.start) out.see(bytes, cursor, cursor.start - from)
  }
  out.copyRun(bytes, from, length)
}

/** What the runs have, in path order, to be held against records as they lie. */
class ChangeList {
  readonly #merge: RunMerge
  current: RunWalk | null
  #encoded: Buffer = Buffer.alloc(0)

  private constructor(merge: RunMerge) {
    this.#merge = merge
    this.current = merge.current
    this.#encode()
  }

  static async of(runs: readonly SpillRun[]): Promise<ChangeList> {
    return new ChangeList(await RunMerge.of(runs.toReversed()))
  }

  async pass(): Promise<void> {
    if (this.current?.path == null) return
    await this.#merge.pass(this.current.path)
    this.current = this.#merge.current
    this.#encode()
  }

  /** As comparePaths, of the change's path and that of a record: a slash comes before every other byte. Behind the last: 1. */
  compare(bytes: Buffer, { pathStart, pathEnd }: RecordCursor): number {
    if (this.current === null) return 1
    const path = this.#encoded
    const shared = Math.min(path.length, pathEnd - pathStart)
    for (let i = 0; i < shared; i++) {
      const a = path[i]!
      const b = bytes[pathStart + i]!
      if (a !== b) return a === SLASH ? -1 : b === SLASH ? 1 : a - b
    }
    return path.length - (pathEnd - pathStart)
  }

  #encode(): void {
    const path = this.current?.path ?? ROOT
    this.#encoded = Buffer.from(path === ROOT ? '' : path)
  }
}

/** Gathers records into buffers of about a MiB, and what the new file's index and proof are made of. */
class BodyWriter {
  readonly #file: FileHandle
  readonly #acls: AclBook
  readonly #index = new BodyIndex()
  readonly #digest = new TreeDigest()
  readonly #used = new UsedAcls()
  readonly #cursor = new RecordCursor()
  readonly #out = new RecordBuffer(2 * OUT_BYTES)
  /** Of what is in the file already. */
  #written = 0
  #adler = ADLER_START
  #znodes = 0

  constructor(file: FileHandle, head: Buffer, acls: AclBook) {
    this.#file = file
    this.#acls = acls
    this.#out.copy(head, 0, head.length)
  }

  /** Takes note of a record that lies `pending` bytes behind what was gathered, and is copied with its run. */
  see(bytes: Buffer, record: RecordCursor, pending: number): void {
    const offset = this.#written + this.#out.length + pending
    if (this.#index.isDue(offset)) this.#index.begin(offset, record.path())
    this.#digest.add(bytes, record)
    this.#used.add(bytes, record.aclAt)
    this.#znodes++
  }

  copyRun(bytes: Buffer, from: number, to: number): void {
    if (to > from) this.#out.copy(bytes, from, to)
  }

  /** Nothing of a znode that is gone. */
  addChange(change: RunWalk | null): void {
    if (change === null || change.start === change.end) return
    const { bytes, start, end } = change
    this.#cursor.read(bytes, start, end)
    this.see(bytes, this.#cursor, 0)
    this.#out.copy(bytes, start, end)
  }

  /** Writes out what was gathered, when it is that much. */
  async flush(from: number): Promise<void> {
    const { bytes, length } = this.#out
    if (length < from) return
    this.#adler = adler32(this.#adler, bytes, 0, length)
    for (let at = 0; at < length; ) {
      const { bytesWritten } = await this.#file.write(bytes, at, length - at, this.#written + at)
      at += bytesWritten
    }
    this.#written += length
    this.#out.length = 0
  }

  async finish() {
    await this.flush(0)
    this.#index.finish(this.#written)
    for (const id of this.#used.ids) this.#assertKnown(id)
    const { tail } = encodeSnapshotTail(this.#adler)
    this.#out.copy(tail, 0, tail.length)
    await this.flush(0)
    return {
      index: this.#index,
      znodes: this.#znodes,
      digest: this.#digest.value(),
      usedAcls: this.#used.ids,
      bytes: this.#written,
    }
  }

  #assertKnown(id: bigint): void {
    if (this.#acls.has(id)) return
    throw new SnapshotError('UNKNOWN_ACL', `znodes have the ACL ${id}, which neither snapshot nor transactions tell`)
  }
}
