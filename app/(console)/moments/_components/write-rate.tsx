import { plural } from '@/app/_ui/format-number.ts'
import { formatDuration, formatUtc } from '@/app/_ui/format-time.ts'
import type { WriteRateView } from '@/lib/services/logs/views.ts'
import type { TimeRangeView } from '@/lib/services/moments/views.ts'
import { placeOn, type TimeAxis } from './time-axis.ts'

const [WIDTH, HEIGHT] = [1000, 48]

/** What was written when, on the axis of the slider below it; what cannot be reached is grey. */
export function WriteRate({
  axis,
  rate,
  ranges,
}: {
  axis: TimeAxis
  rate: WriteRateView | null
  ranges: readonly TimeRangeView[]
}) {
  const at = (timeMs: number) => placeOn(axis, timeMs) * WIDTH
  const most = Math.max(1, ...(rate?.counts ?? []))
  const grey = ranges.filter(({ unreachable, toAt }) => unreachable !== null && toAt !== null)
  // An empty box says nothing.
  if (rate === null && grey.length === 0) return null
  return (
    <svg
      role="img"
      aria-label={describe(axis, rate, most)}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      className="h-12 w-full rounded bg-sunken"
    >
      {grey.map(({ from, fromAt, toAt }) => {
        const x = at(Date.parse(fromAt ?? toAt ?? ''))
        const width = Math.max(2, at(Date.parse(toAt ?? '')) - x)
        return <rect key={from} x={x} y={0} width={width} height={HEIGHT} className="fill-line-strong/40" />
      })}
      {rate?.counts.map((count, i) => {
        if (count === 0) return null
        const from = Date.parse(rate.from) + i * rate.bucketMs
        const x = at(from)
        const height = Math.max(2, (count / most) * (HEIGHT - 2))
        const width = Math.max(1, at(from + rate.bucketMs) - x - 1)
        return <rect key={from} x={x} y={HEIGHT - height} width={width} height={height} className="fill-accent" />
      })}
    </svg>
  )
}

function describe(axis: TimeAxis, rate: WriteRateView | null, most: number): string {
  const range = `from ${formatUtc(axis.fromMs)} to ${formatUtc(axis.toMs)}`
  if (rate === null) return `Time ${range}; nothing is archived yet that tells how much was written`
  return `Write rate ${range}: ${plural(rate.transactions, 'archived transaction')}, at most ${most} in ${formatDuration(rate.bucketMs)}`
}
