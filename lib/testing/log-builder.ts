import { ByteWriter } from '../base/bytes.ts'
import { TXN_TYPE } from '../domain/txnlog/txn.ts'
import { encodeLogHead, frameEntry } from '../domain/txnlog/write-log.ts'
import { type Acl, OPEN_ACL } from '../domain/znode/acl.ts'

export interface TxnSketch {
  readonly type: number
  readonly zxid: bigint
  readonly session?: bigint
  readonly timeMs?: number
  /** The record as bytes, or a function that writes it. */
  readonly record?: Uint8Array | ((writer: ByteWriter) => void)
  readonly digest?: bigint | null
}

/** Header, record, digest: what a log frames and an INFORM packet carries. */
export function encodeEntry(sketch: TxnSketch): Buffer {
  const writer = new ByteWriter()
  writer.int64(sketch.session ?? 0x1001n)
  writer.int32(0)
  writer.int64(sketch.zxid)
  writer.int64(BigInt(sketch.timeMs ?? 1_700_000_000_000 + Number(sketch.zxid & 0xffff_ffffn)))
  writer.int32(sketch.type)
  if (typeof sketch.record === 'function') sketch.record(writer)
  else if (sketch.record) writer.raw(sketch.record)
  if (sketch.digest !== undefined && sketch.digest !== null) {
    writer.int32(2)
    writer.int64(sketch.digest)
  }
  return Buffer.from(writer.bytes())
}

/** A whole log without padding. */
export function encodeLog(sketches: readonly TxnSketch[]): Buffer {
  return Buffer.concat([encodeLogHead(), ...sketches.map((sketch) => frameEntry(encodeEntry(sketch)))])
}

export function writeAcl(writer: ByteWriter, acl: Acl): void {
  writer.int32(acl.length)
  for (const entry of acl) {
    writer.int32(entry.perms)
    writer.string(entry.scheme)
    writer.string(entry.id)
  }
}

export interface CreateSketch {
  readonly path: string
  readonly data?: string | null
  readonly acl?: Acl
  readonly ephemeral?: boolean
  /** Null leaves it out, as 3.3 did. */
  readonly parentCversion?: number | null
}

export function createRecord(sketch: CreateSketch) {
  return (writer: ByteWriter) => {
    writer.string(sketch.path)
    writer.buffer(sketch.data === null ? null : Buffer.from(sketch.data ?? ''))
    writeAcl(writer, sketch.acl ?? OPEN_ACL)
    writer.raw(Buffer.from([sketch.ephemeral ? 1 : 0]))
    if (sketch.parentCversion !== null) writer.int32(sketch.parentCversion ?? -1)
  }
}

export const deleteRecord = (path: string) => (writer: ByteWriter) => writer.string(path)

export const setDataRecord = (path: string, data: string | null, version: number) => (writer: ByteWriter) => {
  writer.string(path)
  writer.buffer(data === null ? null : Buffer.from(data))
  writer.int32(version)
}

export function multiRecord(parts: readonly { type: number; record: (writer: ByteWriter) => void }[]) {
  return (writer: ByteWriter) => {
    writer.int32(parts.length)
    for (const part of parts) {
      const inner = new ByteWriter()
      part.record(inner)
      writer.int32(part.type)
      writer.buffer(inner.bytes())
    }
  }
}

export const create = (zxid: bigint, sketch: CreateSketch, more: Partial<TxnSketch> = {}): TxnSketch => ({
  type: TXN_TYPE.create,
  zxid,
  record: createRecord(sketch),
  ...more,
})
