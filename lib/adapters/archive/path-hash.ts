/** Two times 32 bits, unsigned. */
export interface PathHash {
  readonly high: number
  readonly low: number
}

export type HashPath = (bytes: Uint8Array, from: number, to: number) => PathHash

/**
 * 64 bits of a path's UTF-8 bytes, for a table, not against forgery: who meets what he looks for reads whether it is. Part of the format of
 * `log.<first>.idx`: two lanes, each (lane ^ byte) * odd constant, at the end crossed and mixed.
 */
export const hashPath: HashPath = (bytes, from, to) => {
  let a = 0x9e3779b9 ^ (to - from)
  let b = 0x85ebca6b
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!
    a = Math.imul(a ^ byte, 0x01000193)
    b = Math.imul(b ^ byte, 0x5bd1e995)
    b ^= b >>> 15
  }
  a = mix(a ^ (b >>> 3))
  b = mix(b ^ a)
  return { high: a >>> 0, low: b >>> 0 }
}

function mix(value: number): number {
  let mixed = value ^ (value >>> 16)
  mixed = Math.imul(mixed, 0x7feb352d)
  mixed ^= mixed >>> 15
  mixed = Math.imul(mixed, 0x846ca68b)
  return mixed ^ (mixed >>> 16)
}
