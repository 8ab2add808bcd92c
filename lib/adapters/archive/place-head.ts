import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { throwIfAborted } from '../../base/errors.ts'
import type { SnapshotEnds } from '../../domain/snapshot/write-snapshot.ts'
import type { FileForm } from './file-form.ts'
import { compressMember, stretchMember } from './gzip-member.ts'
import type { MeantSnapshot } from './read-back.ts'
import { readFileBytes } from './snapshot-file.ts'
import type { SnapshotIndex } from './snapshot-index.ts'
import type { WrittenBody } from './write-body.ts'
import type { OutFile } from './write-file.ts'

export interface BodyOnDisk {
  readonly dir: string
  /** Name of the body's file, and of the snapshot that it becomes or is copied into. */
  readonly bodyName: string
  readonly name: string
  readonly file: OutFile
  readonly form: FileForm
  readonly body: WrittenBody
  readonly ends: SnapshotEnds
}

/**
 * Puts the tables, known only now, into the room in front of the body, and the seal behind it: the body's file is the snapshot then,
 * and on the disk. Null when they need more than the room; nothing is changed then.
 */
export async function fillHead(written: BodyOnDisk): Promise<MeantSnapshot | null> {
  const { dir, bodyName, name, file, form, body, ends } = written
  const { member } = await compressMember(ends.head)
  const head = stretchMember(member, body.room)
  if (head === null) return null
  const { member: tail } = await compressMember(ends.tail)
  await file.fill(0, head)
  await file.write(tail)
  await file.finish()
  await rename(join(dir, bodyName), join(dir, name + form.suffix))
  return describe(written, { head, tail, bytes: file.bytes })
}

/** For a head that has no room in front of the body: copies the body behind it into a file of its own. */
export async function moveBehindHead(written: BodyOnDisk, signal: AbortSignal | undefined): Promise<MeantSnapshot> {
  const { dir, bodyName, name, file: bodyFile, form, body, ends } = written
  // The newest part of what is encrypted lies in memory until then.
  if (form.recipients !== null) await bodyFile.finish()
  const { member: head } = await compressMember(ends.head)
  const { member: tail } = await compressMember(ends.tail)
  const file = await form.create(join(dir, name + form.suffix))
  try {
    await file.write(head)
    for await (const chunk of readFileBytes(join(dir, bodyName), body.room, form.keys)) {
      throwIfAborted(signal)
      await file.write(chunk)
    }
    await file.write(tail)
    await file.finish()
  } finally {
    await file.close()
  }
  await rm(join(dir, bodyName))
  return describe(written, { head, tail, bytes: file.bytes })
}

function describe(
  { name, form, body, ends }: BodyOnDisk,
  { head, tail, bytes }: { head: Buffer; tail: Buffer; bytes: number },
): MeantSnapshot {
  const index: SnapshotIndex = {
    compression: 'gzip',
    head: { offset: 0, length: head.length, rawOffset: 0, rawLength: ends.head.length },
    blocks: body.blocks.map((block) => ({
      ...block,
      offset: block.offset - body.room + head.length,
      rawOffset: block.rawOffset + ends.head.length,
    })),
    tail: {
      offset: bytes - tail.length,
      length: tail.length,
      rawOffset: ends.bytes - ends.tail.length,
      rawLength: ends.tail.length,
    },
    parents: body.parents,
  }
  return { name, fileName: name + form.suffix, bytes, index, crcs: [crc32(head), ...body.crcs, crc32(tail)], ends }
}
