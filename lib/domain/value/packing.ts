/** Compression that a value can be unwrapped from. */
export type Packing = 'gzip' | 'zstd'

const MAGIC: Readonly<Record<Packing, readonly number[]>> = {
  // The third byte is the method; 8, deflate, is the only one there is (RFC 1952).
  gzip: [0x1f, 0x8b, 0x08],
  zstd: [0x28, 0xb5, 0x2f, 0xfd],
}

/** What the bytes begin like; whether they are that only unpacking tells. Null for everything else. */
export function findPacking(data: Uint8Array | null): Packing | null {
  if (data === null) return null
  for (const packing of ['gzip', 'zstd'] as const) {
    if (MAGIC[packing].every((byte, i) => data[i] === byte)) return packing
  }
  return null
}
