import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { throwIfAborted } from '../../base/errors.ts'
import { ADLER_START, adler32 } from '../../domain/snapshot/adler32.ts'
import { SnapshotReader } from '../../domain/snapshot/read-snapshot.ts'
import type { AclTable } from '../../domain/snapshot/record.ts'
import {
  type BodyBlock,
  type BodyCounts,
  SnapshotBody,
  type SnapshotEnds,
} from '../../domain/snapshot/write-snapshot.ts'
import type { ZnodeStream } from '../../domain/znode/znode.ts'
import { type ByteSource, FileBytes } from './byte-source.ts'
import { toArchiveError } from './errors.ts'
import type { SnapshotBlock, SnapshotIndex } from './snapshot-index.ts'
import { makeSystemTempDir } from './temp-dir.ts'
import { NewFile } from './write-file.ts'

/** A tree written out in path order, uncompressed: `source` holds the body of a native snapshot, `ends` what belongs around it. */
export interface TempTree {
  readonly source: ByteSource
  readonly index: SnapshotIndex
  readonly acls: AclTable
  readonly ends: SnapshotEnds
  readonly counts: BodyCounts
}

/**
 * Writes a stream into a temporary file and opens it. The file has no name any more when this returns: nothing is left behind, even by a
 * process that is killed later. Temporary space: the uncompressed size, below the system's temporary folder.
 */
export async function writeTempTree(
  stream: ZnodeStream,
  options: { sessions: ReadonlyMap<bigint, number>; signal?: AbortSignal },
): Promise<TempTree> {
  const dir = await makeSystemTempDir().catch((error: unknown) => {
    throw toArchiveError(error, 'making a temporary folder')
  })
  try {
    const path = join(dir, 'tree')
    const parents = new Map<string, number>()
    const body = new SnapshotBody({ onClose: (parent, children) => parents.set(parent, children) })
    const blocks: SnapshotBlock[] = []
    let adler = ADLER_START
    const file = await NewFile.create(path)
    try {
      const write = async (block: BodyBlock | null) => {
        if (!block) return
        const { bytes, firstPath } = block
        const at = { offset: file.bytes, length: bytes.length, rawOffset: file.bytes, rawLength: bytes.length }
        blocks.push({ ...at, firstPath })
        adler = adler32(adler, bytes)
        await file.write(bytes)
        body.recycle(bytes)
      }
      for await (const batch of stream) {
        throwIfAborted(options.signal)
        for (const znode of batch.znodes) {
          const full = body.add(znode)
          if (full) await write(full)
        }
      }
      await write(body.end())
    } finally {
      await file.close()
    }
    const ends = body.finish(adler, options.sessions)
    const empty = { offset: 0, length: 0, rawOffset: 0, rawLength: 0 }
    const tail = { ...empty, offset: file.bytes, rawOffset: file.bytes }
    return {
      source: await FileBytes.open(path),
      index: { compression: 'none', head: empty, blocks, tail, parents },
      acls: await readAcls(ends.head),
      ends,
      counts: body.counts,
    }
  } catch (error) {
    throw toArchiveError(error, 'writing the tree into the temporary folder')
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

async function readAcls(head: Buffer): Promise<AclTable> {
  async function* whole() {
    yield head
  }
  return (await new SnapshotReader(whole()).readHead()).acls
}
