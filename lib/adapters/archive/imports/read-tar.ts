import { importFault } from '../../../domain/imports/errors.ts'

const BLOCK = 512
/** Headers that carry long names; longer ones are no names. */
const LONG_NAME_BYTES_MAX = 1 << 20
/** Long names (L), extended headers of the next entry (x); links' names and global headers are passed over. */
const HEADER_TYPES = ['L', 'x', 'K', 'g']

export interface TarEntry {
  /** As it is written, without `./` in front and slashes behind. */
  readonly name: string
  readonly kind: 'file' | 'folder' | 'link' | 'other'
  readonly bytes: number
  /** Of a file. To be read before the next entry is asked for, or not at all. */
  readonly body: AsyncIterable<Buffer>
}

/**
 * The entries of a tar as they lie in it: ustar, pax and GNU long names. Nothing is written anywhere, so that no name can lead out of a
 * folder; names that would are refused all the same. Throws ImportError with the byte of the unpacked file.
 *
 * Header: name 0 (100), size 124 (12, octal or base 256), checksum 148 (8), type 156, magic 257, prefix 345 (155).
 */
export async function* readTar(source: AsyncIterable<Buffer>): AsyncGenerator<TarEntry> {
  const bytes = new Pieces(source)
  try {
    yield* readEntries(bytes)
  } finally {
    await bytes.close()
  }
}

async function* readEntries(bytes: Pieces): AsyncGenerator<TarEntry> {
  let longName: string | null = null
  let pax: ReadonlyMap<string, string> = new Map()
  for (;;) {
    const at = bytes.offset
    const header = await bytes.take(BLOCK)
    if (header.length < BLOCK) throw truncated(bytes.offset)
    if (header.every((byte) => byte === 0)) return
    assertChecksum(header, at)
    const size = sizeOf(header, at)
    const type = String.fromCharCode(header[156]!)
    if (HEADER_TYPES.includes(type)) {
      if (size > LONG_NAME_BYTES_MAX) throw importFault('IMPORT_TOO_LARGE', 'A header of the tar is too long', at)
      const text = await bytes.take(size)
      if (text.length < size) throw truncated(bytes.offset)
      await bytes.pass(padding(size))
      if (type === 'L') longName = text.toString('utf8').replace(/\0.*$/s, '')
      if (type === 'x') pax = parsePax(text, at)
      continue
    }
    const paxSize = pax.get('size')
    const bodyBytes = paxSize !== undefined && /^\d{1,15}$/.test(paxSize) ? Number(paxSize) : size
    const name = cleanName(pax.get('path') ?? longName ?? shortName(header), at)
    longName = null
    pax = new Map()
    const end = bytes.offset + bodyBytes + padding(bodyBytes)
    yield { name, kind: kindOf(type), bytes: bodyBytes, body: bytes.stream(bodyBytes) }
    await bytes.pass(end - bytes.offset)
  }
}

function kindOf(type: string): TarEntry['kind'] {
  if (type === '0' || type === '\0' || type === '7') return 'file'
  if (type === '5') return 'folder'
  return type === '1' || type === '2' ? 'link' : 'other'
}

function shortName(header: Buffer): string {
  const text = (from: number, length: number) => {
    const field = header.subarray(from, from + length)
    const end = field.indexOf(0)
    return field.toString('utf8', 0, end === -1 ? length : end)
  }
  const prefix = header.toString('latin1', 257, 263) === 'ustar\0' ? text(345, 155) : ''
  return prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`
}

/** Throws for a name that leads out of the folder that it is in, or is absolute. */
function cleanName(name: string, at: number): string {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  if (name.startsWith('/') || parts.includes('..') || name.includes('\0')) {
    throw importFault(
      'BAD_IMPORT_PATH',
      `The tar holds ${JSON.stringify(name.slice(0, 200))}, which leads out of its folder`,
      at,
      'make it with: tar -C DIRECTORY -czf FILE .',
    )
  }
  return parts.join('/')
}

function assertChecksum(header: Buffer, at: number): void {
  let sum = 0
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 0x20 : header[i]!
  const stored = /^[ \0]*([0-7]+)/.exec(header.toString('latin1', 148, 156))?.[1]
  if (stored !== undefined && Number.parseInt(stored, 8) === sum) return
  throw importFault('BAD_IMPORT', 'The file is not a sound tar: the checksum of a header does not match', at)
}

function sizeOf(header: Buffer, at: number): number {
  if ((header[124]! & 0x80) !== 0) {
    const size = header.readBigUInt64BE(128)
    if (size > BigInt(Number.MAX_SAFE_INTEGER)) throw importFault('BAD_IMPORT', 'A size in the tar is impossible', at)
    return Number(size)
  }
  const text = header.toString('latin1', 124, 136).replaceAll('\0', ' ').trim()
  if (!/^[0-7]{0,12}$/.test(text)) throw importFault('BAD_IMPORT', 'A size in the tar is no number', at)
  return text === '' ? 0 : Number.parseInt(text, 8)
}

/** Records `length key=value\n`. */
function parsePax(text: Buffer, at: number): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (let from = 0; from < text.length; ) {
    const space = text.indexOf(0x20, from)
    const length = space === -1 ? Number.NaN : Number(text.toString('latin1', from, space))
    if (!Number.isInteger(length) || length <= space - from || from + length > text.length) {
      throw importFault('BAD_IMPORT', 'An extended header of the tar cannot be read', at)
    }
    const record = text.toString('utf8', space + 1, from + length - 1)
    const equals = record.indexOf('=')
    if (equals > 0) found.set(record.slice(0, equals), record.slice(equals + 1))
    from += length
  }
  return found
}

const padding = (bytes: number) => (BLOCK - (bytes % BLOCK)) % BLOCK

function truncated(at: number) {
  return importFault('TRUNCATED', 'The tar ends before it is whole', at, 'copy it again from where it was')
}

/** Bytes of a stream, taken as they are needed. */
class Pieces {
  offset = 0
  readonly #source: AsyncIterator<Buffer>
  #piece: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  async close(): Promise<void> {
    await this.#source.return?.()
  }

  /** Fewer only at the end. */
  async take(length: number): Promise<Buffer> {
    const parts: Buffer[] = []
    for await (const part of this.#parts(length)) parts.push(part)
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
  }

  async pass(length: number): Promise<void> {
    let passed = 0
    for await (const part of this.#parts(length)) passed += part.length
    if (passed < length) throw truncated(this.offset)
  }

  async *stream(length: number): AsyncGenerator<Buffer> {
    let given = 0
    for await (const part of this.#parts(length)) {
      given += part.length
      yield part
    }
    if (given < length) throw truncated(this.offset)
  }

  async *#parts(length: number): AsyncGenerator<Buffer> {
    for (let left = length; left > 0; ) {
      if (this.#piece.length === 0) {
        const next = await this.#source.next()
        if (next.done) return
        this.#piece = next.value
        continue
      }
      const part = this.#piece.subarray(0, left)
      this.#piece = this.#piece.subarray(part.length)
      this.offset += part.length
      left -= part.length
      yield part
    }
  }
}
