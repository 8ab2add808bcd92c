import { createReadStream } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import type { SecretBox } from '../context.ts'
import { ServiceError } from '../errors.ts'

const CHUNK_BYTES = 1 << 20
/** In front of what a part holds: its number, and whether it is the last. */
const HEAD_BYTES = 5
/** A part is text (base64) of a chunk, sealed: no honest one is longer. */
const PART_BYTES_MAX = 2 * CHUNK_BYTES

/** A file of the work folder sealed with the installation's key, part by part; of a name only when it is whole and on the disk. */
export async function sealFile(box: SecretBox, from: string, to: string): Promise<void> {
  const aside = `${to}.part`
  await rm(aside, { force: true })
  const out = await open(aside, 'wx', 0o600)
  try {
    let number = 0
    for await (const chunk of createReadStream(from, { highWaterMark: CHUNK_BYTES })) {
      await writePart(out, box, { number: number++, isLast: false, bytes: chunk as Buffer })
    }
    await writePart(out, box, { number, isLast: true, bytes: Buffer.alloc(0) })
    await out.sync()
  } finally {
    await out.close()
  }
  await rename(aside, to)
}

async function writePart(
  out: FileHandle,
  box: SecretBox,
  part: { readonly number: number; readonly isLast: boolean; readonly bytes: Buffer },
): Promise<void> {
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUInt32BE(part.number)
  head.writeUInt8(Number(part.isLast), 4)
  const sealed = box.seal(Buffer.concat([head, part.bytes]).toString('base64'))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(sealed.length)
  await out.writeFile(Buffer.concat([length, sealed]))
}

/** Into a new file. Throws where a part is missing, is another's, or was sealed with another key. */
export async function unsealFile(box: SecretBox, from: string, to: string): Promise<void> {
  const file = await open(from)
  try {
    const out = await open(to, 'wx', 0o600)
    try {
      let isLast = false
      for (let number = 0; !isLast; number++) {
        const length = (await readExactly(file, 4, from)).readUInt32BE()
        if (length > PART_BYTES_MAX) throw damaged(from)
        const part = Buffer.from(box.open(await readExactly(file, length, from)), 'base64')
        if (part.length < HEAD_BYTES || part.readUInt32BE() !== number) throw damaged(from)
        isLast = part[4] === 1
        await out.writeFile(part.subarray(HEAD_BYTES))
      }
    } finally {
      await out.close()
    }
  } finally {
    await file.close()
  }
}

async function readExactly(file: FileHandle, length: number, path: string): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length)
  const { bytesRead } = await file.read(bytes, 0, length, null)
  if (bytesRead < length) throw damaged(path)
  return bytes
}

function damaged(path: string): ServiceError {
  return new ServiceError('ARCHIVE_DAMAGED', `${path} is not what was sealed`, {
    unaffected: 'the log goes on, over a tree of the leader’s',
  })
}
