/** Buffers below this may be parts of a pool that others use. */
const OWN_BYTES_MIN = 128 * 1024

/**
 * Frees the memory of a large buffer at once. Collected in its own time, the megabytes that each block needs for a moment pile up to a
 * hundred. Node 20 cannot, and needs the more. Only for who has the buffer to himself: every view of it is empty afterwards.
 */
export function letGo(buffer: Buffer): void {
  const memory = buffer.buffer
  if (memory instanceof ArrayBuffer && memory.byteLength >= OWN_BYTES_MIN) memory.transfer?.(0)
}
