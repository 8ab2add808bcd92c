import type { ChartLine } from '@/lib/domain/health/series.ts'

/** A path in a box of `buckets` by 1: a value stands in the middle of its part, and a lone one is a dash of that width. */
export function toPath(lines: readonly ChartLine[], top: number): string {
  const y = (value: number) => Number((1 - (top === 0 ? 0 : value / top)).toFixed(4))
  return lines
    .map((line) => {
      const [first] = line
      if (first === undefined) return ''
      if (line.length === 1) return `M${first[0] + 0.1} ${y(first[1])}H${first[0] + 0.9}`
      return line.map(([bucket, value], i) => `${i === 0 ? 'M' : 'L'}${bucket + 0.5} ${y(value)}`).join('')
    })
    .join('')
}

/** The value in a part; null where there is none. */
export function valueAt(lines: readonly ChartLine[], bucket: number): number | null {
  for (const line of lines) for (const [at, value] of line) if (at === bucket) return value
  return null
}

/** The latest value in parts from `from` to before `to`. */
export function latestIn(lines: readonly ChartLine[], from: number, to: number): number | null {
  let found: number | null = null
  for (const line of lines) for (const [at, value] of line) if (at >= from && at < to) found = value
  return found
}

/** Where the axis ends: a round number above all values. */
export function topOf(lines: readonly (readonly ChartLine[])[]): number {
  const most = Math.max(0, ...lines.flat(2).map(([, value]) => value))
  if (most === 0) return 1
  const power = 10 ** Math.floor(Math.log10(most))
  const step = [1, 1.5, 2, 3, 5, 7.5, 10].find((factor) => factor * power >= most) ?? 10
  return step * power
}

/** The last part with any value: where one looks first. */
export function lastBucket(lines: readonly (readonly ChartLine[])[]): number | null {
  const buckets = lines.flat(2).map(([bucket]) => bucket)
  return buckets.length === 0 ? null : Math.max(...buckets)
}
