import { ADLER_START, combineAdler32 } from './adler32.ts'
import { snapshotFault } from './errors.ts'
import { type AclTable, RecordCursor } from './record.ts'
import { RecordOrder } from './record-order.ts'

/**
 * Checks the nodes of a snapshot block by block, before the tables that stand in front of them are known: whole records, path order,
 * parents first, counts, Adler-32. `finish` then holds the ACL ids against the table. Throws SnapshotError; offsets count from the body.
 */
export class BodyCheck {
  readonly byKind = { persistent: 0, ephemeral: 0, container: 0, ttl: 0 }
  records = 0
  dataBytes = 0
  /** Length and Adler-32 of the blocks so far. */
  bytes = 0
  adler = ADLER_START
  readonly #order = new RecordOrder()
  readonly #cursor = new RecordCursor()
  /** Distinct ACL ids and where each came first. */
  readonly #aclIds = new Map<bigint, number>()
  #aclHigh = 0
  #aclLow = 0

  /** `adler`: of these bytes, which whoever decompressed them has summed. */
  add(raw: Buffer, firstPath: string, adler: number): void {
    const cursor = this.#cursor
    cursor.base = this.bytes
    let isFirst = true
    for (let at = 0; at < raw.length; at = cursor.end) {
      const reading = cursor.read(raw, at, raw.length)
      if (reading !== 'record') throw this.#fault(at, 'whole znodes up to the end of the block', 'a part of one')
      if (isFirst && cursor.path() !== firstPath) throw this.#fault(at, firstPath, cursor.path())
      isFirst = false
      this.#order.enter(cursor)
      this.#noteAcl(raw, cursor.aclAt)
      this.byKind[cursor.kind()]++
      this.dataBytes += cursor.dataBytes
      this.records++
    }
    this.adler = combineAdler32(this.adler, adler, raw.length)
    this.bytes += raw.length
  }

  finish(acls: AclTable): void {
    for (const [id, offset] of this.#aclIds) {
      if (acls.has(id)) continue
      throw snapshotFault('UNKNOWN_ACL', { offset, expected: 'the id of an entry of the ACL table', found: `id ${id}` })
    }
  }

  #noteAcl(raw: Buffer, at: number): void {
    const high = raw.readInt32BE(at)
    const low = raw.readInt32BE(at + 4)
    // Neighbours mostly share one list; a map lookup per znode would cost more than the rest of the check.
    if (low === this.#aclLow && high === this.#aclHigh && this.#aclIds.size > 0) return
    this.#aclHigh = high
    this.#aclLow = low
    const id = raw.readBigInt64BE(at)
    if (!this.#aclIds.has(id)) this.#aclIds.set(id, this.bytes + at)
  }

  #fault(at: number, expected: string, found: string) {
    return snapshotFault('BAD_LENGTH', { offset: this.bytes + at, expected, found })
  }
}
