import { readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { formatHex64Bare, parseHex64 } from '../../base/hex64.ts'
import { makeDir } from '../../base/make-dir.ts'
import { ADLER_START, adler32 } from '../../domain/snapshot/adler32.ts'
import { FRAME_HEAD_BYTES, type TxnEntry } from '../../domain/txnlog/entry.ts'
import type { LogSource } from '../../domain/txnlog/ports.ts'
import { END_OF_ENTRY, LOG_HEAD_BYTES, LogReader } from '../../domain/txnlog/read-log.ts'
import { encodeLogHead, frameEntry } from '../../domain/txnlog/write-log.ts'
import { ArchiveError, isErrnoError, toArchiveError } from './errors.ts'
import type { LogTail, TailBox } from './log-archive.ts'
import { syncDir } from './temp-dir.ts'
import { NewFile } from './write-file.ts'

const NAME = /^log\.([0-9a-f]{1,16})-([A-Za-z0-9]+)(\.sealed)?$/
const SEALED_SUFFIX = '.sealed'

/** `<cluster>/logs/tail`. A plain tail is a native log: without what stands behind its zxid in the name, any tool reads it. */
const tailDir = (dir: string) => join(/* turbopackIgnore: true */ dir, 'tail')

/** Sealed with a box: then what one call appends is one sealed piece behind its length. */
export class FileLogTail implements LogTail {
  readonly #dir: string
  readonly #holder: string
  readonly #box: TailBox | null
  #file: NewFile | null = null
  #name: string | null = null
  #bytes = 0
  #last: bigint | null = null

  constructor(dir: string, { holder, box }: { readonly holder: string; readonly box: TailBox | null }) {
    this.#dir = tailDir(dir)
    this.#holder = holder
    this.#box = box
  }

  get name(): string | null {
    return this.#name
  }
  get bytes(): number {
    return this.#bytes
  }
  get last(): bigint | null {
    return this.#last
  }

  async append(entries: readonly TxnEntry[]): Promise<void> {
    const [first] = entries
    if (first === undefined) return
    const frames = entries.map(({ buffer, start, end }) => frameEntry(buffer.subarray(start, end)))
    try {
      if (this.#file === null) await this.#create(first.zxid)
      await this.#write(Buffer.concat(frames))
    } catch (error) {
      throw toArchiveError(error, `writing the open end of the log ${this.#name ?? `in ${this.#dir}`}`)
    }
    this.#last = entries.at(-1)?.zxid ?? this.#last
  }

  async flush(): Promise<void> {
    try {
      await this.#file?.flush()
    } catch (error) {
      throw toArchiveError(error, `flushing ${this.#name}`)
    }
  }

  async close(): Promise<void> {
    try {
      await this.flush()
    } finally {
      await this.#file?.close()
      this.#file = null
    }
  }

  async #create(first: bigint): Promise<void> {
    const name = `log.${formatHex64Bare(first)}-${this.#holder}${this.#box === null ? '' : SEALED_SUFFIX}`
    await makeDir(this.#dir)
    this.#file = await NewFile.create(join(/* turbopackIgnore: true */ this.#dir, name))
    this.#name = name
    await this.#write(encodeLogHead())
    await syncDir(this.#dir)
  }

  /** What fails leaves the file as long as it was: the next write goes to the same place. */
  async #write(plain: Buffer): Promise<void> {
    await this.#file?.write(this.#box === null ? plain : withLength(this.#box.seal(plain)))
    this.#bytes += plain.length
  }
}

function withLength(sealed: Uint8Array): Buffer {
  const length = Buffer.allocUnsafe(4)
  length.writeUInt32BE(sealed.length)
  return Buffer.concat([length, sealed])
}

/** The open ends there are, in order of their first zxid. Each gives only what is whole in it at the moment of reading. */
export async function listTails(dir: string, box: TailBox | null): Promise<LogSource[]> {
  const found: LogSource[] = []
  for (const name of await namesIn(tailDir(dir))) {
    const match = NAME.exec(name)
    const zxid = match?.[1] === undefined ? null : parseHex64(match[1])
    if (match === null || zxid === null) continue
    const path = join(/* turbopackIgnore: true */ tailDir(dir), name)
    const size = await stat(path).catch(() => null)
    // It was put into a piece meanwhile.
    if (size === null) continue
    const open = () => readTail(path, match[3] === undefined ? null : { box })
    found.push({ name, zxid, place: `open end ${match[2]}`, bytes: size.size, open })
  }
  return found.sort((a, b) => (a.zxid < b.zxid ? -1 : a.zxid > b.zxid ? 1 : a.name < b.name ? -1 : 1))
}

async function namesIn(dir: string): Promise<string[]> {
  try {
    return await readdir(dir)
  } catch (error) {
    if (isErrnoError(error) && error.code === 'ENOENT') return []
    throw toArchiveError(error, `listing ${dir}`)
  }
}

async function* readTail(path: string, sealed: { readonly box: TailBox | null } | null): AsyncGenerator<Uint8Array> {
  let bytes: Buffer
  try {
    bytes = await readFile(path)
  } catch (error) {
    // Put into a piece meanwhile: whoever reads the pieces after this finds it there.
    if (isErrnoError(error) && error.code === 'ENOENT') {
      yield encodeLogHead()
      return
    }
    throw toArchiveError(error, `reading ${path}`)
  }
  yield untilLastWhole(sealed === null ? bytes : unseal(bytes, path, sealed.box))
}

function unseal(bytes: Buffer, path: string, box: TailBox | null): Buffer {
  if (box === null) {
    throw new ArchiveError('UNSUPPORTED', `${path} is sealed with the key of an installation, which is not here`, {
      remedy: 'read it with the installation that wrote it, or wait until it is in the archive',
    })
  }
  const parts: Buffer[] = []
  for (let at = 0; at + 4 <= bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at)
    if (end > bytes.length) break
    const part = openPart(box, bytes.subarray(at + 4, end))
    if (part === null) break
    parts.push(part)
    at = end
  }
  return Buffer.concat(parts)
}

function openPart(box: TailBox, sealed: Uint8Array): Buffer | null {
  try {
    return Buffer.from(box.open(sealed))
  } catch {
    return null
  }
}

/**
 * A writer may be in the middle of the last entries, or was killed there; where the host lost its power, what was not flushed has its length and
 * not its bytes. That is no damage: the stream goes on behind the last whole entry.
 */
function untilLastWhole(bytes: Buffer): Buffer {
  if (bytes.length < LOG_HEAD_BYTES || !bytes.subarray(0, LOG_HEAD_BYTES).equals(encodeLogHead()))
    return encodeLogHead()
  let at = LOG_HEAD_BYTES
  while (at + FRAME_HEAD_BYTES <= bytes.length) {
    const from = at + FRAME_HEAD_BYTES
    const end = from + bytes.readUInt32BE(at + 8)
    if (end >= bytes.length || bytes[end] !== END_OF_ENTRY) break
    if (adler32(ADLER_START, bytes, from, end) !== bytes.readUInt32BE(at + 4)) break
    at = end + 1
  }
  return bytes.subarray(0, at)
}

export interface TailSpan {
  readonly first: bigint
  readonly last: bigint
}

/** Of some tails, one after the other. `spans` is told what each held. */
export async function* readTails(
  tails: readonly LogSource[],
  signal?: AbortSignal,
  spans: Map<string, TailSpan> = new Map(),
): AsyncGenerator<readonly TxnEntry[], void, void> {
  for (const tail of tails) {
    const reader = new LogReader(tail.open(), { allowBareCheck: true, signal })
    try {
      for await (const batch of reader.readEntries()) {
        const [first, last] = [batch[0], batch.at(-1)]
        if (first && last) spans.set(tail.name, { first: spans.get(tail.name)?.first ?? first.zxid, last: last.zxid })
        yield batch
      }
    } finally {
      await reader.close()
    }
  }
}

/** Those that no piece has taken up: they go where the pieces go. */
export async function layTailsAside(dir: string, aside: string): Promise<void> {
  for (const name of (await namesIn(tailDir(dir))).filter((one) => NAME.test(one))) {
    await rename(join(/* turbopackIgnore: true */ tailDir(dir), name), join(/* turbopackIgnore: true */ aside, name))
  }
}

/** Removes tails whose content is in pieces. */
export async function removeTails(dir: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    if (!NAME.test(name)) continue
    const path = join(/* turbopackIgnore: true */ tailDir(dir), name)
    await rm(path, { force: true }).catch((error: unknown) => {
      throw toArchiveError(error, `removing ${path}`)
    })
  }
}
