import { createHash, type Hash } from 'node:crypto'
import { readdir, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { makeDir } from '../../base/make-dir.ts'
import { findGap } from '../../domain/txnlog/continuity.ts'
import type { TxnEntry } from '../../domain/txnlog/entry.ts'
import { ArchiveError, toArchiveError } from './errors.ts'
import type { AppendedLogs, LogArchivePort } from './log-archive.ts'
import { formatSegment, type LogSegment, segmentFile, segmentIndex, segmentManifest } from './log-segment.ts'
import { PieceIndexBuilder } from './piece-index-builder.ts'
import { findNewestSegment, readSegment } from './read-segments.ts'
import { describeSegment, SEGMENT_RAW_BYTES, SegmentBuilder } from './segment-builder.ts'
import { findTempOwner, mayBeAlive, syncDir, tempName } from './temp-dir.ts'
import { NewFile, writeNewFile } from './write-file.ts'

type AppendInput = Parameters<LogArchivePort['append']>[1]

/**
 * Puts entries behind what the archive holds. Each piece is written aside, flushed, read back and renamed, then its manifest likewise:
 * whoever reads meanwhile sees the piece as it was or as it is, and a writer that is killed loses nothing that was there.
 */
export async function appendLogs(dir: string, input: AppendInput): Promise<AppendedLogs> {
  try {
    await makeDir(dir)
    await sweep(dir)
    const newest = await findNewestSegment(dir)
    const appender = new Appender(dir, input, newest)
    try {
      if (newest && newest.rawBytes < SEGMENT_RAW_BYTES) appender.willGrow(newest)
      for await (const batch of input.entries) for (const entry of batch) await appender.add(entry)
      await appender.finish()
    } finally {
      await appender.discard()
    }
    return { transactions: appender.transactions, last: appender.last, bytes: appender.bytes }
  } catch (error) {
    throw toArchiveError(error, `archiving transaction logs in ${dir}`, {
      unaffected: 'the pieces that were there are as they were; the servers were only read',
    })
  }
}

/** Files of writers that are gone. */
async function sweep(dir: string): Promise<void> {
  for (const name of await readdir(dir)) {
    const owner = findTempOwner(name)
    if (owner && !mayBeAlive(owner)) await rm(join(dir, name), { force: true })
  }
}

interface OpenSegment {
  readonly builder: SegmentBuilder
  readonly index: PieceIndexBuilder
  readonly file: NewFile
  readonly path: string
  /** Of what was meant to be written; what was read back is held against it. */
  readonly hash: Hash
}

class Appender {
  transactions = 0
  bytes = 0
  last: bigint | null
  readonly #dir: string
  readonly #input: AppendInput
  /** The newest piece, to be taken over into its longer successor when there is something to add. */
  #growing: LogSegment | null = null
  #open: OpenSegment | null = null
  #members: readonly string[]
  /** The newest piece as this writer knows it. */
  #newest: LogSegment | null

  constructor(dir: string, input: AppendInput, newest: LogSegment | null) {
    this.#dir = dir
    this.#input = input
    this.#members = input.members
    this.#newest = newest
    this.last = newest?.last ?? null
  }

  willGrow(segment: LogSegment): void {
    this.#growing = segment
  }

  async add(entry: TxnEntry): Promise<void> {
    if (this.last !== null && entry.zxid <= this.last) return
    if (this.last !== null && findGap(this.last, entry) !== null) {
      await this.finish()
      this.#growing = null
    }
    if (this.#open === null) await this.#begin()
    await this.#put(entry)
    this.transactions++
    this.last = entry.zxid
    if ((this.#open?.builder.rawBytes ?? 0) >= SEGMENT_RAW_BYTES) await this.finish()
  }

  /** Closes the piece that is being written; there may be none. */
  async finish(): Promise<void> {
    if (this.#open === null) return
    const { builder, file, path, hash } = this.#open
    await write(this.#open, await builder.finish())
    await file.finish()
    const segment = builder.segment(hash.digest('hex'), this.#members)
    await this.#readBack(path, segment)
    await this.#assertAlone()
    await this.#publish(path, segment, this.#open.index.finish(segment))
    this.#newest = segment
    this.#open = null
    this.#members = this.#input.members
    this.bytes += segment.bytes
  }

  async discard(): Promise<void> {
    if (this.#open === null) return
    const { file, path } = this.#open
    this.#open = null
    await file.close()
    await rm(path, { force: true })
  }

  async #begin(): Promise<void> {
    const path = join(/* turbopackIgnore: true */ this.#dir, tempName())
    const file = await NewFile.create(path)
    const index = new PieceIndexBuilder()
    this.#open = { builder: new SegmentBuilder(), index, file, path, hash: createHash('sha256') }
    const former = this.#growing
    if (former === null) return
    this.#growing = null
    this.#members = [...new Set([...former.members, ...this.#input.members])]
    for await (const batch of readSegment(this.#dir, former)) {
      for (const entry of batch) await this.#put(entry)
    }
  }

  async #put(entry: TxnEntry): Promise<void> {
    const { builder, index } = this.#open!
    index.add(entry, builder.position)
    const full = await builder.add(entry)
    if (full) await write(this.#open!, full)
  }

  async #readBack(path: string, segment: LogSegment): Promise<void> {
    const named = segmentFile(this.#dir, segment.first)
    const found = await describeSegment(path, segment.members, this.#input.signal, basename(named))
    if (found.sha256 === segment.sha256 && found.last === segment.last && found.transactions === segment.transactions) {
      return
    }
    throw new ArchiveError('READ_BACK_FAILED', `what was read back of ${basename(named)} is not what was written`, {
      remedy: 'check the disk of the store, then archive the logs again',
    })
  }

  /** A piece that was begun before another writer added to the archive would take the addition back. */
  async #assertAlone(): Promise<void> {
    const now = await findNewestSegment(this.#dir)
    if (now?.first === this.#newest?.first && now?.sha256 === this.#newest?.sha256) return
    throw new ArchiveError('FILES_CHANGED', `another writer has added to ${this.#dir} meanwhile`, {
      unaffected: 'what it wrote is as it was',
      remedy: 'nothing: the next run goes on behind it',
    })
  }

  async #publish(path: string, segment: LogSegment, index: Buffer): Promise<void> {
    await rename(path, segmentFile(this.#dir, segment.first))
    await this.#place(segmentIndex(this.#dir, segment.first), index)
    await this.#place(segmentManifest(this.#dir, segment.first), formatSegment(segment))
    await syncDir(this.#dir)
  }

  async #place(path: string, content: string | Uint8Array): Promise<void> {
    const aside = join(/* turbopackIgnore: true */ this.#dir, tempName())
    await writeNewFile(aside, content)
    await rename(aside, path)
  }
}

async function write({ file, hash }: OpenSegment, chunk: Buffer): Promise<void> {
  hash.update(chunk)
  await file.write(chunk)
}
