import { decodeUtf8, hasControlCharacters } from './utf8.ts'

/** Wire types of protocol buffers. Groups (3 and 4) are out of use for so long that they count as "not protobuf" here. */
export type WireType = 'varint' | 'fixed64' | 'bytes' | 'fixed32'

export interface ProtobufField {
  /** Where its tag begins in the value. */
  readonly offset: number
  readonly number: number
  readonly wireType: WireType
  /** For people: a number, a quoted text, or bytes in hex; cut when it is long. */
  readonly preview: string
}

export interface ProtobufFields {
  /** The first 500. */
  readonly fields: readonly ProtobufField[]
  readonly total: number
  /** The four bytes `PBUF` that HBase writes in front. */
  readonly hasHBasePrefix: boolean
}

const FIELDS_MAX = 500
const NUMBER_MAX = 2 ** 29 - 1
const PREVIEW_CHARACTERS_MAX = 120
const PREVIEW_BYTES_MAX = 24
const HBASE_PREFIX = [0x50, 0x42, 0x55, 0x46]
const WIRE_TYPES: Readonly<Record<number, WireType>> = { 0: 'varint', 1: 'fixed64', 2: 'bytes', 5: 'fixed32' }

/**
 * The fields, when all of the bytes are well-formed protobuf wire format; null otherwise. A guess by nature: the format has no mark of its
 * own, and names and types are not in it. Never throws.
 */
export function parseProtobuf(data: Uint8Array): ProtobufFields | null {
  const hasHBasePrefix = HBASE_PREFIX.every((byte, i) => data[i] === byte)
  const cursor = { data, at: hasHBasePrefix ? HBASE_PREFIX.length : 0 }
  const fields: ProtobufField[] = []
  let total = 0
  while (cursor.at < data.length) {
    const offset = cursor.at
    const tag = readVarint(cursor)
    if (tag === null || tag > 0xffff_ffffn) return null
    const number = Number(tag >> 3n)
    const wireType = WIRE_TYPES[Number(tag & 7n)]
    // 19000 … 19999 are reserved for the format itself.
    if (wireType === undefined || number < 1 || number > NUMBER_MAX || (number >= 19_000 && number <= 19_999))
      return null
    const preview = readPreview(cursor, wireType)
    if (preview === null) return null
    if (++total <= FIELDS_MAX) fields.push({ offset, number, wireType, preview })
  }
  return total === 0 ? null : { fields, total, hasHBasePrefix }
}

interface Cursor {
  readonly data: Uint8Array
  at: number
}

/** At most ten bytes, 64 bits; null when it is longer, or cut. */
function readVarint(cursor: Cursor): bigint | null {
  let value = 0n
  for (let i = 0; i < 10; i++) {
    const byte = cursor.data[cursor.at++]
    if (byte === undefined || (i === 9 && byte > 1)) return null
    value |= BigInt(byte & 0x7f) << BigInt(7 * i)
    if (byte < 0x80) return value
  }
  return null
}

function readPreview(cursor: Cursor, wireType: WireType): string | null {
  const { data } = cursor
  switch (wireType) {
    case 'varint':
      return readVarint(cursor)?.toString() ?? null
    case 'fixed64':
    case 'fixed32': {
      const bytes = wireType === 'fixed64' ? 8 : 4
      if (cursor.at + bytes > data.length) return null
      const view = new DataView(data.buffer, data.byteOffset + cursor.at, bytes)
      cursor.at += bytes
      const [integer, float] =
        bytes === 8
          ? [view.getBigUint64(0, true), view.getFloat64(0, true)]
          : [view.getUint32(0, true), view.getFloat32(0, true)]
      return `${integer}, or ${float} as a float`
    }
    case 'bytes': {
      const length = readVarint(cursor)
      if (length === null || length > BigInt(data.length - cursor.at)) return null
      const bytes = data.subarray(cursor.at, cursor.at + Number(length))
      cursor.at += bytes.length
      return previewOf(bytes)
    }
  }
}

function previewOf(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'empty'
  const text = decodeUtf8(bytes)
  if (text !== null && !hasControlCharacters(text)) {
    return text.length > PREVIEW_CHARACTERS_MAX ? `"${text.slice(0, PREVIEW_CHARACTERS_MAX)}…` : `"${text}"`
  }
  const hex = Array.from(bytes.subarray(0, PREVIEW_BYTES_MAX), (byte) => byte.toString(16).padStart(2, '0')).join(' ')
  return bytes.length > PREVIEW_BYTES_MAX ? `${hex} … (${bytes.length} bytes)` : hex
}
