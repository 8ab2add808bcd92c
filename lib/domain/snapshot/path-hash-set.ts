const SLASH = 47

/**
 * Remembers which paths were seen, 8 bytes each (64-bit hashes, open addressing), so that "parent came earlier" can be checked in
 * files of any order without keeping the paths. A false "seen" has odds of about n²/2^65; a false "not seen" is impossible.
 */
export class PathHashSet {
  #slots = new Int32Array(2 * 1024)
  #mask = 1023
  #count = 0

  /** Adds the path at bytes[start, end) (the root is empty) and tells whether its parent was added before; true for the root. */
  addAndHasParent(bytes: Uint8Array, start: number, end: number): boolean {
    let low = 0x811c9dc5 | 0
    let high = 0x2f0b4a27
    let parentLow = low
    let parentHigh = high
    for (let i = start; i < end; i++) {
      const byte = bytes[i]!
      if (byte === SLASH) {
        parentLow = low
        parentHigh = high
      }
      low = Math.imul(low ^ byte, 0x01000193)
      high = Math.imul(((high << 5) | (high >>> 27)) ^ byte, 0x9e3779b1)
    }
    const hasParent = start === end || this.#find(parentLow, parentHigh) < 0
    this.#add(low, high)
    return hasParent
  }

  /** Whether the path at bytes[0, end) was added; the root is empty. */
  has(bytes: Uint8Array, end: number): boolean {
    let low = 0x811c9dc5 | 0
    let high = 0x2f0b4a27
    for (let i = 0; i < end; i++) {
      low = Math.imul(low ^ bytes[i]!, 0x01000193)
      high = Math.imul(((high << 5) | (high >>> 27)) ^ bytes[i]!, 0x9e3779b1)
    }
    return this.#find(low, high) < 0
  }

  /** Slot to put the hash in, or -1 when it is there. */
  #find(low: number, high: number): number {
    // All-zero marks a free slot, so the one hash that looks like it is moved aside.
    const l = low === 0 && high === 0 ? 1 : low
    let slot = (l ^ Math.imul(high, 0x85ebca6b)) & this.#mask
    for (;;) {
      const a = this.#slots[2 * slot]!
      const b = this.#slots[2 * slot + 1]!
      if (a === 0 && b === 0) return slot
      if (a === l && b === high) return -1
      slot = (slot + 1) & this.#mask
    }
  }

  #add(low: number, high: number): void {
    const slot = this.#find(low, high)
    if (slot < 0) return
    this.#slots[2 * slot] = low === 0 && high === 0 ? 1 : low
    this.#slots[2 * slot + 1] = high
    this.#count++
    if (this.#count * 5 > (this.#mask + 1) * 3) this.#grow()
  }

  #grow(): void {
    const old = this.#slots
    this.#mask = (this.#mask + 1) * 2 - 1
    this.#slots = new Int32Array(2 * (this.#mask + 1))
    for (let i = 0; i < old.length; i += 2) {
      const low = old[i]!
      const high = old[i + 1]!
      if (low === 0 && high === 0) continue
      const slot = this.#find(low, high)
      this.#slots[2 * slot] = low
      this.#slots[2 * slot + 1] = high
    }
  }
}
