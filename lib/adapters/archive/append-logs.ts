import { createHash, type Hash } from 'node:crypto'
import { readdir, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { makeDir } from '../../base/make-dir.ts'
import { findGap } from '../../domain/txnlog/continuity.ts'
import type { TxnEntry } from '../../domain/txnlog/entry.ts'
import { HeldKeys } from '../age/age-keys.ts'
import { AgeError } from '../age/errors.ts'
import { ArchiveError, toArchiveError } from './errors.ts'
import { AGE_SUFFIX, openContent } from './file-form.ts'
import type { AppendedLogs, LogArchivePort } from './log-archive.ts'
import { formatSegment, type LogSegment, segmentFile, segmentIndex, segmentManifest } from './log-segment.ts'
import { PieceIndexBuilder } from './piece-index-builder.ts'
import { isLeftClaimed, publishPiece } from './publish-piece.ts'
import { findNewestSegment, readSegment } from './read-segments.ts'
import { hashSealed } from './sealed-bytes.ts'
import { SealedFile } from './sealed-file.ts'
import { describeSegment, SEGMENT_RAW_BYTES, SegmentBuilder } from './segment-builder.ts'
import { findTempOwner, mayBeAlive, syncDir, tempName } from './temp-dir.ts'
import { NewFile, type OutFile, writeNewFile } from './write-file.ts'

type AppendInput = Parameters<LogArchivePort['append']>[1] & {
  /** Called when all is ready, right before a piece gets its name. */
  readonly onPublish?: () => Promise<void>
}

/**
 * Puts entries behind what the archive holds. Each piece is written aside, flushed, read back and renamed, then its manifest likewise:
 * whoever reads meanwhile sees the piece as it was or as it is, and a writer that is killed loses nothing that was there.
 *
 * An encrypted piece grows as long as its key is at hand: in the memory of the process that wrote it, or by a private key. Else a new piece
 * begins behind it; so does one where the recipients were changed.
 */
export async function appendLogs(
  dir: string,
  input: AppendInput,
  held: HeldKeys = new HeldKeys(),
): Promise<AppendedLogs> {
  try {
    await makeDir(dir)
    await sweep(dir)
    const newest = await findNewestSegment(dir, held)
    const appender = new Appender(dir, input, newest, held)
    try {
      if (newest && (await mayGrow(dir, newest, input, held))) appender.willGrow(newest)
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

async function mayGrow(dir: string, newest: LogSegment, input: AppendInput, held: HeldKeys): Promise<boolean> {
  if (newest.rawBytes >= SEGMENT_RAW_BYTES || (await isLeftClaimed(dir, newest))) return false
  const [is, wanted] = [newest.sealed?.recipients ?? [], input.recipients ?? []]
  if (is.length !== wanted.length || !is.every((recipient) => wanted.includes(recipient))) return false
  return newest.sealed === undefined || (await isOpenable(segmentFile(dir, newest), held))
}

async function isOpenable(path: string, held: HeldKeys): Promise<boolean> {
  try {
    await (await openContent(path, held)).close()
    return true
  } catch (error) {
    if (error instanceof AgeError) return false
    throw error
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
  readonly file: OutFile
  readonly path: string
  /** It takes the place of the newest piece. */
  readonly isGrown: boolean
  /** Where it is encrypted. */
  readonly sealed: SealedFile | null
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

  readonly #held: HeldKeys

  constructor(dir: string, input: AppendInput, newest: LogSegment | null, held: HeldKeys) {
    this.#held = held
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
    const { builder, file, path, sealed, hash } = this.#open
    await write(this.#open, await builder.finish())
    await file.finish()
    const content = builder.segment(hash.digest('hex'), this.#members)
    const segment = sealed === null ? content : { ...content, sealed: await this.#sealOf(path) }
    await this.#readBack(path, segment)
    await this.#publish(this.#open, segment)
    // One that is full is never written to again.
    if (sealed !== null && segment.rawBytes >= SEGMENT_RAW_BYTES) this.#held.forget(sealed.header)
    this.#newest = segment
    this.#open = null
    this.#members = this.#input.members
    this.bytes += (segment.sealed ?? segment).bytes
  }

  async discard(): Promise<void> {
    if (this.#open === null) return
    const { file, path, sealed } = this.#open
    this.#open = null
    if (sealed !== null) this.#held.forget(sealed.header)
    await file.close()
    await rm(path, { force: true })
  }

  async #begin(): Promise<void> {
    const { recipients = [] } = this.#input
    const suffix = recipients.length > 0 ? AGE_SUFFIX : ''
    const path = join(/* turbopackIgnore: true */ this.#dir, tempName() + suffix)
    const sealed = recipients.length > 0 ? await SealedFile.create(path, recipients) : null
    if (sealed !== null) this.#held.hold(sealed.header, sealed.fileKey)
    const file = sealed ?? (await NewFile.create(path))
    const index = new PieceIndexBuilder()
    const former = this.#growing
    const hash = createHash('sha256')
    this.#open = { builder: new SegmentBuilder(), index, file, path, isGrown: former !== null, sealed, hash }
    if (former === null) return
    this.#growing = null
    this.#members = [...new Set([...former.members, ...this.#input.members])]
    for await (const batch of readSegment(this.#dir, former, { keys: this.#held })) {
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
    const named = segmentFile(this.#dir, segment)
    const how = { name: basename(named), keys: this.#held }
    const found = await describeSegment(path, segment.members, this.#input.signal, how)
    if (found.sha256 === segment.sha256 && found.last === segment.last && found.transactions === segment.transactions) {
      return
    }
    throw new ArchiveError('READ_BACK_FAILED', `what was read back of ${basename(named)} is not what was written`, {
      remedy: 'check the disk of the store, then archive the logs again',
    })
  }

  async #sealOf(path: string): Promise<LogSegment['sealed']> {
    const { bytes, sha256 } = await hashSealed(path, this.#held)
    return { recipients: [...(this.#input.recipients ?? [])], bytes, sha256 }
  }

  /** A piece that was begun before another writer added to the archive would take the addition back. */
  async #isStill(): Promise<boolean> {
    const now = await findNewestSegment(this.#dir, this.#held)
    return now?.first === this.#newest?.first && now?.sha256 === this.#newest?.sha256
  }

  async #publish({ path, isGrown, index }: OpenSegment, segment: LogSegment): Promise<void> {
    const isStill = async () => {
      const answer = await this.#isStill()
      await this.#input.onPublish?.()
      return answer
    }
    await publishPiece(path, segment, { dir: this.#dir, behind: this.#newest, isGrown, isStill, keys: this.#held })
    await this.#placeIndex(segmentIndex(this.#dir, segment), index.finish(segment), segment)
    await this.#place(segmentManifest(this.#dir, segment.first), formatSegment(segment))
    await syncDir(this.#dir)
  }

  async #placeIndex(path: string, content: Buffer, { sealed }: LogSegment): Promise<void> {
    if (sealed === undefined) return this.#place(path, content)
    const aside = join(/* turbopackIgnore: true */ this.#dir, tempName() + AGE_SUFFIX)
    const file = await SealedFile.create(aside, sealed.recipients)
    try {
      await file.write(content)
      await file.finish()
    } finally {
      await file.close()
    }
    await rename(aside, path)
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
