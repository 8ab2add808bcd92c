export type ServerFileKind = 'snapshot' | 'log'
export type SnapshotPacking = 'none' | 'gz' | 'snappy'

export interface ServerFile {
  readonly name: string
  readonly kind: ServerFileKind
  /** As the server reads it; null where it finds none, and a purge then treats the file as older than everything. */
  readonly zxid: bigint | null
  /** Of a snapshot: what the server would unpack it with, by the last part of the name. */
  readonly packing: SnapshotPacking
  /** The name has more behind the zxid than a server writes: a file that someone parked here, and that the server still loads. */
  readonly isParked: boolean
}

const HEX = /^[+-]?[0-9a-f]+$/i
const INT64_MAX = (1n << 63n) - 1n

/** Null for what a server's purge and loader do not look at. */
export function parseServerFile(name: string): ServerFile | null {
  const kind = name.startsWith('snapshot.') ? 'snapshot' : name.startsWith('log.') ? 'log' : null
  if (kind === null) return null
  // Java's split: trailing empty parts do not count.
  const parts = name.replace(/\.+$/, '').split('.')
  const zxid = parts.length < 2 ? null : parseZxid(parts[1] ?? '')
  const packing = kind === 'log' ? 'none' : packingOf(parts)
  const usual = kind === 'snapshot' && packing !== 'none' ? 3 : 2
  return { name, kind, zxid, packing, isParked: zxid === null || parts.length > usual || /\.$/.test(name) }
}

function packingOf(parts: readonly string[]): SnapshotPacking {
  const last = parts.length > 1 ? (parts.at(-1) ?? '').toLowerCase() : ''
  return last === 'gz' || last === 'snappy' ? last : 'none'
}

/** `Long.parseLong(text, 16)`, with its -1 for what is no number as null. */
function parseZxid(text: string): bigint | null {
  if (!HEX.test(text)) return null
  const digits = BigInt(`0x${text.replace(/^[+-]/, '')}`)
  if (digits > INT64_MAX) return null
  const zxid = text.startsWith('-') ? -digits : digits
  return zxid === -1n ? null : zxid
}
