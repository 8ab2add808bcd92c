import { STAT_BYTES } from '../../../domain/snapshot/record.ts'
import type { OverlayNode } from '../../../domain/txnlog/node-store.ts'
import { ROOT } from '../../../domain/znode/path.ts'

const RECORD_OVERHEAD_BYTES = 4 + 4 + 8 + STAT_BYTES

/** Bytes that records are gathered in before they are written; it grows with the largest. */
export class RecordBuffer {
  bytes: Buffer
  length = 0

  constructor(capacityBytes: number) {
    this.bytes = Buffer.allocUnsafeSlow(capacityBytes)
  }

  copy(from: Buffer, start: number, end: number): void {
    this.#reserve(end - start)
    from.copy(this.bytes, this.length, start, end)
    this.length += end - start
  }

  /** A znode as snapshots have it. */
  addNode(node: OverlayNode, aclId: bigint): void {
    const { data, stat, path } = node
    this.#reserve(RECORD_OVERHEAD_BYTES + path.length * 3 + node.dataBytes)
    const { bytes, length: start } = this
    // The root's is empty.
    const pathBytes = path === ROOT ? 0 : bytes.write(path, start + 4)
    let at = bytes.writeInt32BE(pathBytes, start) + pathBytes
    at = bytes.writeInt32BE(data === null ? -1 : data.length, at)
    if (data !== null) {
      bytes.set(data, at)
      at += data.length
    }
    at = bytes.writeBigInt64BE(aclId, at)
    at = bytes.writeBigInt64BE(stat.czxid, at)
    at = bytes.writeBigInt64BE(stat.mzxid, at)
    at = bytes.writeBigInt64BE(BigInt(stat.ctime), at)
    at = bytes.writeBigInt64BE(BigInt(stat.mtime), at)
    at = bytes.writeInt32BE(stat.version, at)
    at = bytes.writeInt32BE(stat.cversion, at)
    at = bytes.writeInt32BE(stat.aversion, at)
    at = bytes.writeBigInt64BE(stat.ephemeralOwner, at)
    this.length = bytes.writeBigInt64BE(stat.pzxid, at)
  }

  #reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(this.length + more, this.bytes.length * 2))
    this.bytes.copy(grown, 0, 0, this.length)
    this.bytes = grown
  }
}
