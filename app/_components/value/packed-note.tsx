import { formatBytes } from '@/lib/base/format-bytes.ts'
import type { Packing } from '@/lib/domain/value/packing.ts'

/** `gzip, 312 B packed, 1.4 KiB unpacked` */
export function PackedNote({ packing, packed, unpacked }: { packing: Packing; packed: number; unpacked: number }) {
  return (
    <>
      <strong className="font-medium">{packing}</strong>, {formatBytes(packed)} packed, {formatBytes(unpacked)} unpacked
    </>
  )
}
