import type { SnapshotPacking } from './server-file.ts'

/** A plain snapshot of fewer bytes is passed over. */
export const SNAPSHOT_BYTES_MIN = 10
/** Of the seal: one byte of text, "/". */
export const SEAL_TAIL = Uint8Array.of(0, 0, 0, 1, 0x2f)
const GZIP_MAGIC = Uint8Array.of(0x1f, 0x8b)
const SNAPPY_MAGIC = Uint8Array.of(0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0)

/** Bytes that `looksValid` asks for: the first ones of a packed file, the last ones of a plain one. */
export function probeOf(packing: SnapshotPacking): { readonly at: 'start' | 'end'; readonly bytes: number } {
  switch (packing) {
    case 'none':
      return { at: 'end', bytes: SEAL_TAIL.length }
    case 'gz':
      return { at: 'start', bytes: GZIP_MAGIC.length }
    case 'snappy':
      return { at: 'start', bytes: SNAPPY_MAGIC.length }
  }
}

/** The server's own pre-check (SnapStream.isValidSnapshot): it proves little, and it is all that a purge goes by. */
export function looksValid(packing: SnapshotPacking, sizeBytes: number, probe: Uint8Array): boolean {
  const expected = packing === 'none' ? SEAL_TAIL : packing === 'gz' ? GZIP_MAGIC : SNAPPY_MAGIC
  if (packing === 'none' && sizeBytes < SNAPSHOT_BYTES_MIN) return false
  return probe.length === expected.length && expected.every((byte, index) => probe[index] === byte)
}
