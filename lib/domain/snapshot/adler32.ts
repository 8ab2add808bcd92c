const BASE = 65521
// Largest run before both sums are reduced (zlib's NMAX): the second sum stays below 2^32.
const RUN_MAX = 5552

/** Adler-32 of nothing: the value to start with. */
export const ADLER_START = 1

/** Continues `adler` (unsigned 32 bits) over bytes[start, end). */
export function adler32(adler: number, bytes: Uint8Array, start = 0, end = bytes.length): number {
  let a = adler & 0xffff
  let b = adler >>> 16
  let i = start
  while (i < end) {
    const stop = Math.min(end, i + RUN_MAX)
    for (; i + 8 <= stop; i += 8) {
      a += bytes[i]!
      b += a
      a += bytes[i + 1]!
      b += a
      a += bytes[i + 2]!
      b += a
      a += bytes[i + 3]!
      b += a
      a += bytes[i + 4]!
      b += a
      a += bytes[i + 5]!
      b += a
      a += bytes[i + 6]!
      b += a
      a += bytes[i + 7]!
      b += a
    }
    for (; i < stop; i++) {
      a += bytes[i]!
      b += a
    }
    a %= BASE
    b %= BASE
  }
  return ((b << 16) | a) >>> 0
}

/**
 * Adler-32 of X followed by Y from the sums of both and the length of Y in bytes (below 2^53). It lets a file's head be made after
 * its body: the tables in front are known only at the end of the stream.
 */
export function combineAdler32(first: number, second: number, secondBytes: number): number {
  const remainder = secondBytes % BASE
  const a1 = first & 0xffff
  const b1 = first >>> 16
  const a2 = second & 0xffff
  const b2 = second >>> 16
  // Y was summed from a start of 1; inside the whole it starts from a1, which is added once per byte of Y.
  const a = (a1 + a2 - 1 + BASE) % BASE
  const b = (b1 + b2 + remainder * ((a1 - 1 + BASE) % BASE)) % BASE
  return ((b << 16) | a) >>> 0
}
