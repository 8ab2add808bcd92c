import { gunzipSync } from 'node:zlib'

/** What one value may unpack to: a bomb of a kilobyte must not fill the memory. */
export const UNPACKED_BYTES_MAX = 4 * 1024 * 1024

export type UnpackedValue =
  | { readonly kind: 'plain' }
  | { readonly kind: 'unpacked'; readonly data: Uint8Array }
  /** Looks like gzip, but is damaged or unpacks to more than the limit. */
  | { readonly kind: 'failed' }

export function unpackValue(data: Uint8Array): UnpackedValue {
  if (data.length < 18 || data[0] !== 0x1f || data[1] !== 0x8b || data[2] !== 8) return { kind: 'plain' }
  try {
    return { kind: 'unpacked', data: gunzipSync(data, { maxOutputLength: UNPACKED_BYTES_MAX }) }
  } catch {
    // Whatever the reason: the value is still searched as it is stored, and counted.
    return { kind: 'failed' }
  }
}
