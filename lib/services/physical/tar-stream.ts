import { invariant } from '../../base/invariant.ts'

const BLOCK = 512

export interface TarFile {
  /** ASCII, at most 100 bytes. */
  readonly name: string
  readonly bytes: number
  readonly body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

/** A POSIX ustar archive of regular files, as it is read. Sizes beyond 8 GiB are written in base 256, which GNU tar and bsdtar read. */
export async function* tarStream(files: readonly TarFile[], mtimeMs: number): AsyncGenerator<Uint8Array> {
  for (const { name, bytes, body } of files) {
    yield header(name, bytes, mtimeMs)
    let written = 0
    for await (const chunk of body) {
      written += chunk.length
      yield chunk
    }
    invariant(written === bytes, `${name} has ${written} bytes instead of ${bytes}`)
    const rest = bytes % BLOCK
    if (rest > 0) yield new Uint8Array(BLOCK - rest)
  }
  yield new Uint8Array(2 * BLOCK)
}

/** Length of the whole, so that a browser knows how much is to come. */
export function tarBytes(files: readonly Pick<TarFile, 'bytes'>[]): number {
  return files.reduce((sum, { bytes }) => sum + BLOCK + Math.ceil(bytes / BLOCK) * BLOCK, 2 * BLOCK)
}

/** name 0, mode 100, uid 108, gid 116, size 124, mtime 136, checksum 148, type 156, magic 257. */
function header(name: string, bytes: number, mtimeMs: number): Uint8Array {
  const block = Buffer.alloc(BLOCK)
  block.write(name, 0, 100, 'ascii')
  block.write('0000640\0', 100, 'ascii')
  block.write('0000000\0', 108, 'ascii')
  block.write('0000000\0', 116, 'ascii')
  if (bytes < 0o77777777777) block.write(`${bytes.toString(8).padStart(11, '0')}\0`, 124, 'ascii')
  else {
    block[124] = 0x80
    block.writeBigUInt64BE(BigInt(bytes), 128)
  }
  block.write(
    `${Math.floor(mtimeMs / 1000)
      .toString(8)
      .padStart(11, '0')}\0`,
    136,
    'ascii',
  )
  block.write('        ', 148, 'ascii')
  block.write('0', 156, 'ascii')
  block.write('ustar\x0000', 257, 'ascii')
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'ascii')
  return block
}
