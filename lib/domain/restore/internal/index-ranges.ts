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

  /** What of it is not in the set. */
  gapsIn(from: number, to: number): IndexRange[] {
    const gaps: IndexRange[] = []
    let at = from
    for (let i = this.firstEndingAfter(from); i < this.ranges.length && at < to; i++) {
      const [start, end] = this.ranges[i]!
      if (start > at) gaps.push([at, Math.min(start, to)])
      at = Math.max(at, end)
    }
    if (at < to) gaps.push([at, to])
    return gaps
  }

  /** How many of this set are not in the other. */
  countOutside(other: IndexRanges): number {
    let count = 0
    for (const [from, to] of this.ranges) for (const [start, end] of other.gapsIn(from, to)) count += end - start
    return count
  }

  private firstEndingAfter(index: number): number {
    let low = 0
    let high = this.ranges.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.ranges[middle]![1] <= index) low = middle + 1
      else high = middle
    }
    return low
  }

  count(): number {
    return this.ranges.reduce((sum, [from, to]) => sum + to - from, 0)
  }

  list(): readonly IndexRange[] {
    return this.ranges
  }
}
