import { crc32 } from 'node:zlib'
import { ADLER_START, combineAdler32 } from '../../domain/snapshot/adler32.ts'
import { RecordCursor } from '../../domain/snapshot/record.ts'
import { RecordBatch } from '../../domain/snapshot/record-batch.ts'
import { SequenceCounters } from '../../domain/snapshot/sequence-counters.ts'
import { withSystemZnodes } from '../../domain/snapshot/system-znodes.ts'
import { type BodyBlock, SnapshotBody } from '../../domain/snapshot/write-snapshot.ts'
import { type Acl, isMaskedAcl } from '../../domain/znode/acl.ts'
import { comparePaths } from '../../domain/znode/order.ts'
import { isSystemPath, ROOT } from '../../domain/znode/path.ts'
import type { Znode } from '../../domain/znode/znode.ts'
import { compressMember } from './gzip-member.ts'
import { letGo } from './let-go.ts'
import type { BodyReadBack } from './read-back.ts'
import type { SnapshotBlock } from './snapshot-index.ts'
import type { WriteArchiveInput } from './store.ts'
import { untilAborted } from './until-aborted.ts'
import type { OutFile } from './write-file.ts'

// Two cores compress; more in flight only costs memory (about 2 MiB each).
const IN_FLIGHT = 4
/**
 * Left in front of the body for the head, when the first block is written before the stream has ended: room for the ACL lists and sessions
 * of nearly every cluster. A tree of few blocks leaves none, and one whose head needs more is moved behind it in the end.
 */
export const HEAD_ROOM_BYTES = 32 << 10
/** Longest list of paths kept in a manifest; the totals go on counting. */
export const LISTED_PATHS_MAX = 10_000

export interface WrittenBody {
  readonly body: SnapshotBody
  /** Adler-32 of the uncompressed body. */
  readonly adler: number
  /** Bytes left free at the start of the file. */
  readonly room: number
  /** Where they lie in the file; raw offsets count from the start of the body. */
  readonly blocks: readonly SnapshotBlock[]
  /** CRC-32 of each block's bytes in the file. */
  readonly crcs: readonly number[]
  /** Adler-32 of what each block holds. */
  readonly adlers: readonly number[]
  readonly parents: ReadonlyMap<string, number>
  /** Paths that the stream reported as unreadable, in path order. */
  readonly unreadable: readonly string[]
  readonly maskedAcl: readonly string[]
  readonly maskedAclTotal: number
  /** Of at most LISTED_PATHS_MAX parents, and how many there are. */
  readonly counters: ReturnType<SequenceCounters['finish']>
}

interface Packed {
  readonly block: BodyBlock
  readonly outcome: Promise<{ member: Buffer; adler: number } | { error: unknown }>
}

/**
 * Writes the znodes of a stream, with the built-in ones that it lacks, as gzip members to `file`. Flat memory. Blocks behind a room for
 * the head stay where they are, and are handed to `readBack` at once; a fault that it finds ends the writing.
 */
export async function writeBody(file: OutFile, readBack: BodyReadBack, input: WriteArchiveInput): Promise<WrittenBody> {
  const parents = new Map<string, number>()
  const blocks: SnapshotBlock[] = []
  const crcs: number[] = []
  const adlers: number[] = []
  const unreadable: string[] = []
  const masked = new MaskedAcls()
  const counters = new SequenceCounters({ listedMax: LISTED_PATHS_MAX, holds: input.holds })
  const body = new SnapshotBody({
    onClose: (path, children) => parents.set(path, children),
    onCounter: (path, next) => counters.list({ path, next }),
  })
  const queue: Packed[] = []
  let room = 0
  let rawOffset = 0
  let adler = ADLER_START

  const writeOldest = async () => {
    const packed = queue.shift()
    if (!packed) return
    const outcome = await packed.outcome
    if ('error' in outcome) throw outcome.error
    const { member } = outcome
    const rawLength = packed.block.bytes.length
    const { firstPath } = packed.block
    const block = { offset: file.bytes, length: member.length, rawOffset, rawLength, firstPath }
    blocks.push(block)
    crcs.push(crc32(member))
    adlers.push(outcome.adler)
    rawOffset += rawLength
    adler = combineAdler32(adler, outcome.adler, rawLength)
    body.recycle(packed.block.bytes)
    await file.write(member)
    letGo(member)
    if (room > 0) readBack.add({ ...block, adler: outcome.adler })
    const { znodes, dataBytes } = body.counts
    input.onProgress?.({ phase: 'writing', znodes, dataBytes, archiveBytes: file.bytes })
  }
  const take = async (block: BodyBlock | null) => {
    if (!block) return
    if (queue.length >= IN_FLIGHT) {
      if (file.bytes === 0) {
        room = HEAD_ROOM_BYTES
        file.skip(room)
      }
      await writeOldest()
    }
    const outcome = compressMember(block.bytes).then(
      (packed) => packed,
      (error: unknown) => ({ error }),
    )
    queue.push({ block, outcome })
  }

  const takeRecords = async (batch: RecordBatch) => {
    const { bytes, acls } = batch
    const record = new RecordCursor()
    for (let at = 0; record.read(bytes, at, bytes.length) === 'record'; at = record.end) {
      const acl = record.acl(acls)
      let full: BodyBlock | null
      if (SnapshotBody.isPlain(record) && !masked.isMasked(acl)) full = body.addRecord(record, acl)
      else {
        const znode = record.znode(record.path(), acls)
        masked.see(znode)
        full = body.add(znode)
      }
      if (full) await take(full)
    }
    if (batch.isUnseen) letGo(bytes)
  }

  for await (const batch of withSystemZnodes(untilAborted(input.stream, input.signal))) {
    for (const place of batch.unreadable) unreadable.push(place.path)
    if (batch instanceof RecordBatch) {
      await takeRecords(batch)
      continue
    }
    for (const znode of batch.znodes) {
      masked.see(znode)
      const full = body.add(settleKind(znode))
      if (full) await take(full)
    }
  }
  await take(body.end())
  while (queue.length > 0) await writeOldest()
  return {
    body,
    adler,
    room,
    blocks,
    crcs,
    adlers,
    parents,
    unreadable: unreadable.sort(comparePaths),
    maskedAcl: masked.paths,
    maskedAclTotal: masked.total,
    counters: counters.finish(),
  }
}

/** The root and the built-in znodes are persistent on every server, whatever the source could see. */
function settleKind(znode: Znode): Znode {
  if (znode.kind !== 'unknown' || !(znode.path === ROOT || isSystemPath(znode.path))) return znode
  return { ...znode, kind: 'persistent' }
}

class MaskedAcls {
  readonly paths: string[] = []
  total = 0
  readonly #known = new WeakMap<Acl, boolean>()
  // Neighbours mostly share one.
  #last: Acl | null = null
  #isLastMasked = false

  isMasked(acl: Acl): boolean {
    if (acl === this.#last) return this.#isLastMasked
    let masked = this.#known.get(acl)
    if (masked === undefined) {
      masked = isMaskedAcl(acl)
      this.#known.set(acl, masked)
    }
    this.#last = acl
    this.#isLastMasked = masked
    return masked
  }

  see(znode: Znode): void {
    if (!this.isMasked(znode.acl)) return
    this.total++
    if (this.paths.length < LISTED_PATHS_MAX) this.paths.push(znode.path)
  }
}
