/** From inclusive, to exclusive. */
export type IndexRange = readonly [from: number, to: number]

/** A set of step indexes as merged ranges: a million settled steps are a handful of numbers. */
export class IndexRanges {
  private readonly ranges: [number, number][] = []

  add(from: number, to: number = from + 1): void {
    if (to <= from) return
    const last = this.ranges[this.ranges.length - 1]
    // Steps mostly come one after the other.
    if (last !== undefined && last[0] <= from && from <= last[1]) {
      if (to > last[1]) last[1] = to
      return
    }
    let at = this.ranges.length
    while (at > 0 && this.ranges[at - 1]![1] >= from) at--
    let end = at
    let low = from
    let high = to
    while (end < this.ranges.length && this.ranges[end]![0] <= to) {
      low = Math.min(low, this.ranges[end]![0])
      high = Math.max(high, this.ranges[end]![1])
      end++
    }
    this.ranges.splice(at, end - at, [low, high])
  }

  has(index: number): boolean {
    let low = 0
    let high = this.ranges.length - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const [from, to] = this.ranges[middle]!
      if (index < from) high = middle - 1
      else if (index >= to) low = middle + 1
      else return true
    }
    return false
  }

  count(): number {
    return this.ranges.reduce((sum, [from, to]) => sum + to - from, 0)
  }

  list(): readonly IndexRange[] {
    return this.ranges
  }
}
