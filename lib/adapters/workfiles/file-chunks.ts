import { createHash, randomUUID } from 'node:crypto'
import { open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { makeDir } from '../../base/make-dir.ts'
import type { PrismaClient } from '../database/generated/client.ts'
import { WorkFilesError } from './errors.ts'
import type { WorkFilesDb } from './work-files.ts'

/** Of the file; one of them is in memory at a time. */
const CHUNK_BYTES = 512 * 1024
const GZIP_LEVEL = 1
/** A row that says that it still arrives, at least that often. */
const TOUCH_EVERY_CHUNKS = 64

const pack = promisify(gzip)
const unpack = promisify(gunzip)

export interface StoredFile {
  readonly id: string
  readonly bytes: bigint
  readonly sha256: string
}

/** The path of a file that is not whole yet: nobody looks for it. */
export const arrivingPath = (id: string) => `~${id}`
export const ARRIVING = 'arriving'

/** Brings the content of a file into the database, under a name of its own. */
export async function storeFile(db: PrismaClient, file: string, nowMs: () => number): Promise<StoredFile> {
  const id = randomUUID()
  const path = arrivingPath(id)
  await db.workFile.create({
    data: { id, path, folder: path, kind: ARRIVING, bytes: 0n, sha256: '', touchedAt: new Date(nowMs()) },
    select: { id: true },
  })
  try {
    const hash = createHash('sha256')
    let bytes = 0
    const handle = await open(file, 'r')
    try {
      const buffer = Buffer.alloc(CHUNK_BYTES)
      for (let n = 0; ; n++) {
        const length = await readFully(handle, buffer)
        if (length === 0) break
        const piece = buffer.subarray(0, length)
        hash.update(piece)
        bytes += length
        const zipped = await pack(piece, { level: GZIP_LEVEL })
        const packed = zipped.length < length * 0.9
        const data = new Uint8Array(packed ? zipped : piece)
        await db.workChunk.create({ data: { fileId: id, n, packed, data }, select: { n: true } })
        if (n % TOUCH_EVERY_CHUNKS === TOUCH_EVERY_CHUNKS - 1)
          await db.workFile.updateMany({ where: { id }, data: { touchedAt: new Date(nowMs()) } })
        if (length < CHUNK_BYTES) break
      }
    } finally {
      await handle.close()
    }
    const sha256 = hash.digest('hex')
    await db.workFile.updateMany({ where: { id }, data: { bytes: BigInt(bytes), sha256 } })
    return { id, bytes: BigInt(bytes), sha256 }
  } catch (error) {
    // The sweep finds it where this fails too.
    await db.workFile.deleteMany({ where: { id } }).catch(() => undefined)
    throw error
  }
}

type FileHandle = Awaited<ReturnType<typeof open>>

async function readFully(handle: FileHandle, buffer: Buffer): Promise<number> {
  let length = 0
  while (length < buffer.length) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return length
}

/** Brings it to this host, whole or not at all. False: another content has taken its place meanwhile. */
export async function fetchFile(db: WorkFilesDb, stored: StoredFile, file: string): Promise<boolean> {
  await makeDir(dirname(file), 0o700)
  const aside = `${file}.${randomUUID().slice(0, 8)}.tmp`
  const hash = createHash('sha256')
  let bytes = 0
  const handle = await open(aside, 'wx', 0o600)
  try {
    for (let n = 0; BigInt(bytes) < stored.bytes; n++) {
      const chunk = await db.workChunk.findUnique({
        where: { fileId_n: { fileId: stored.id, n } },
        select: { packed: true, data: true },
      })
      if (chunk === null) {
        const isThere = (await db.workFile.count({ where: { id: stored.id } })) > 0
        if (isThere) throw damaged(file, `piece ${n} is missing`)
        return false
      }
      const piece = chunk.packed ? await unpack(chunk.data) : chunk.data
      hash.update(piece)
      bytes += piece.length
      await handle.appendFile(piece)
    }
    if (hash.digest('hex') !== stored.sha256) throw damaged(file, 'its bytes are not those that were put there')
    await rename(aside, file)
    return true
  } finally {
    await handle.close()
    await rm(aside, { force: true })
  }
}

export async function isThere(file: string, bytes: bigint): Promise<boolean> {
  return stat(file).then(
    ({ size }) => BigInt(size) === bytes,
    () => false,
  )
}

function damaged(file: string, why: string): WorkFilesError {
  return new WorkFilesError('WORK_FILE_DAMAGED', `The file ${file} cannot be fetched from the database: ${why}`, {
    unaffected: 'nothing was changed',
    remedy: 'make it again: compare, search or plan anew',
  })
}
