import { type FileHandle, open, rm } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { snapshotFault } from '../../../domain/snapshot/errors.ts'

/** Whole records of one run, in order: what is read at once. */
export interface RunPiece {
  readonly offset: number
  readonly length: number
  readonly crc: number
  /** Where its last record begins. */
  readonly lastAt: number
}

export interface RecordRun {
  readonly pieces: readonly RunPiece[]
  /** All paths are. */
  readonly isAscii: boolean
}

/** Small, since merging holds one of each run; one that a single record fills may be larger. */
const PIECE_BYTES = 128 << 10
/** What is handed to the disk at once. */
const WRITE_BYTES = 1 << 20

/** Sorted runs of records in one file, each piece with the CRC-32 that it had when it was written. */
export class RunFile {
  readonly path: string
  readonly runs: RecordRun[] = []
  #handle: FileHandle | null = null
  #bytes = 0

  constructor(path: string) {
    this.path = path
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Writes the records that begin at `starts`, in that order. `endOf` gives where a record ends. */
  async write(
    bytes: Buffer,
    starts: Int32Array,
    { endOf, isAscii }: { endOf: (start: number) => number; isAscii: boolean },
  ): Promise<void> {
    this.#handle ??= await open(this.path, 'wx+', 0o600)
    const pieces: RunPiece[] = []
    let out = Buffer.allocUnsafeSlow(WRITE_BYTES)
    let length = 0
    let pieceFrom = 0
    let lastAt = 0
    const cut = () => {
      if (length === pieceFrom) return
      const crc = crc32(out.subarray(pieceFrom, length))
      pieces.push({ offset: this.#bytes + pieceFrom, length: length - pieceFrom, crc, lastAt: lastAt - pieceFrom })
      pieceFrom = length
    }
    const flush = async () => {
      cut()
      await writeAll(this.#handle!, out.subarray(0, length), this.#bytes)
      this.#bytes += length
      length = 0
      pieceFrom = 0
    }
    for (const start of starts) {
      const end = endOf(start)
      const size = end - start
      if (length - pieceFrom + size > PIECE_BYTES) cut()
      if (length + size > out.length) {
        await flush()
        if (size > out.length) out = Buffer.allocUnsafeSlow(size)
      }
      lastAt = length
      bytes.copy(out, length, start, end)
      length += size
    }
    await flush()
    this.runs.push({ pieces, isAscii })
  }

  /** The piece as it was written, into the beginning of a buffer. Throws SnapshotError where the disk has lost a bit. */
  async read(piece: RunPiece, into: Buffer): Promise<void> {
    const { offset, length, crc } = piece
    let done = 0
    while (done < length) {
      const { bytesRead } = await this.#handle!.read(into, done, length - done, offset + done)
      if (bytesRead === 0) throw lostBytes(offset + done, `${length - done} more bytes`, 'the end of the file')
      done += bytesRead
    }
    const found = crc32(into.subarray(0, length))
    if (found !== crc) throw lostBytes(offset, `CRC ${crc.toString(16)}`, found.toString(16))
  }

  /** Leaves no file behind. */
  async remove(): Promise<void> {
    await this.#handle?.close()
    this.#handle = null
    await rm(this.path, { force: true })
  }
}

async function writeAll(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    at += (await handle.write(bytes, at, bytes.length - at, position + at)).bytesWritten
  }
}

function lostBytes(offset: number, expected: string, found: string) {
  return snapshotFault('CHECKSUM_MISMATCH', { offset, expected: `${expected} in the scratch file`, found })
}
