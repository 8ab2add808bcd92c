export const HEX_ROW_BYTES = 16

export interface HexRow {
  /** Offset of the first byte, eight hex digits. */
  readonly offset: string
  /** Two digits a byte; fewer than sixteen in the last row. */
  readonly bytes: readonly string[]
  /** Printable ASCII, a dot for everything else; as many characters as bytes. */
  readonly ascii: string
}

export function hexRowCount(sizeBytes: number): number {
  return Math.ceil(sizeBytes / HEX_ROW_BYTES)
}

/** Row `index` (0-based) of the hex view. */
export function hexRowAt(bytes: Uint8Array, index: number): HexRow {
  const start = index * HEX_ROW_BYTES
  const digits: string[] = []
  let ascii = ''
  for (const byte of bytes.subarray(start, start + HEX_ROW_BYTES)) {
    digits.push(byte.toString(16).padStart(2, '0'))
    ascii += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.'
  }
  return { offset: start.toString(16).padStart(8, '0'), bytes: digits, ascii }
}

/** Digits in groups of two, sixteen bytes a line: what the hex editor shows and what `parseHex` reads back. */
export function formatHex(bytes: Uint8Array): string {
  const lines: string[] = []
  for (let i = 0; i < hexRowCount(bytes.length); i++) lines.push(hexRowAt(bytes, i).bytes.join(' '))
  return lines.join('\n')
}

export type ParsedHex =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'fault'; readonly message: string }

/** Bytes of hex digits with any white space between them. */
export function parseHex(text: string): ParsedHex {
  const digits = text.replace(/\s+/g, '')
  const wrong = /[^0-9a-fA-F]/.exec(digits)
  if (wrong) return { kind: 'fault', message: `"${wrong[0]}" is not a hex digit` }
  if (digits.length % 2 === 1) return { kind: 'fault', message: 'The last byte has only one hex digit' }
  const bytes = new Uint8Array(digits.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(digits.slice(i * 2, i * 2 + 2), 16)
  return { kind: 'bytes', bytes }
}

/** For each byte of row `index`, whether it differs from the byte at the same offset of the other value. */
export function hexRowDifferences(bytes: Uint8Array, other: Uint8Array, index: number): boolean[] {
  const start = index * HEX_ROW_BYTES
  const end = Math.min(start + HEX_ROW_BYTES, bytes.length)
  const differs: boolean[] = []
  for (let i = start; i < end; i++) differs.push(i >= other.length || bytes[i] !== other[i])
  return differs
}
