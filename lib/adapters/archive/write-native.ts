import { createHash } from 'node:crypto'
import { rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { throwIfAborted } from '../../base/errors.ts'
import { encodeSnappy, encodeSnappyHead } from '../../domain/snapshot/snappy-writer.ts'
import { BLOCK_BYTES } from '../../domain/snapshot/write-snapshot.ts'
import { ArchiveError, toArchiveError } from './errors.ts'
import { compressMember } from './gzip-member.ts'
import type { DataDirTree } from './open-history.ts'
import { type Compression, compressionOfName } from './snapshot-file.ts'
import { syncDir, tempName } from './temp-dir.ts'
import { NewFile } from './write-file.ts'

const SNAPPY_HEAD = encodeSnappyHead()
const PACK: Readonly<Record<Compression, (bytes: Buffer) => Buffer | Promise<Buffer>>> = {
  none: (bytes) => bytes,
  gzip: async (bytes) => (await compressMember(bytes)).member,
  snappy: encodeSnappy,
}

/**
 * Writes a replayed tree as one native snapshot without blocks behind its checksum, which servers of every version load: plain, gzip or
 * snappy by the end of the name, as a server would read it. Whole or not at all, by a rename; a file of that name is replaced. Throws ArchiveError.
 */
export async function writeNative(
  tree: DataDirTree,
  path: string,
  options: { signal?: AbortSignal } = {},
): Promise<{ bytes: number; sha256: string }> {
  const compression = compressionOfName(path)
  const parent = dirname(resolve(path))
  if (parent === resolve(tree.dir)) {
    throw new ArchiveError(
      'UNSUPPORTED',
      `${path} lies in the data directory that is read, which is never written to`,
      {
        unaffected: 'nothing was written',
        remedy: 'write it elsewhere, then put it in place as the restore runbook says',
      },
    )
  }
  const { ends, body } = tree.native
  const temp = join(parent, `${tempName()}-${basename(path)}`)
  try {
    const file = await NewFile.create(temp)
    try {
      const hash = createHash('sha256')
      const write = async (bytes: Buffer) => {
        throwIfAborted(options.signal)
        const written = await PACK[compression](bytes)
        hash.update(written)
        await file.write(written)
      }
      if (compression === 'snappy') {
        hash.update(SNAPPY_HEAD)
        await file.write(SNAPPY_HEAD)
      }
      await write(ends.head)
      for (let at = 0; at < body.bytes; at += BLOCK_BYTES) {
        await write(await body.read(at, Math.min(BLOCK_BYTES, body.bytes - at)))
      }
      await write(ends.tail)
      const { bytes } = file
      await file.finish()
      await rename(temp, path)
      await syncDir(parent)
      return { bytes, sha256: hash.digest('hex') }
    } finally {
      await file.close()
    }
  } catch (error) {
    throw toArchiveError(error, `writing ${path}`, { unaffected: 'no file of that name was changed' })
  } finally {
    await rm(temp, { force: true })
  }
}
