'use client'

import { type PointerEvent, useState } from 'react'
import { formatUtc } from '@/app/_ui/format-time.ts'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import type { HistoryChart as Chart, HealthHistory } from '@/lib/domain/health/series.ts'
import { latestIn, toPath, topOf, valueAt } from './chart-lines.ts'
import { CHART_WORDS } from './chart-words.ts'
import { lookOf, ServerMark } from './server-mark.tsx'

const TABLE_ROWS = 24

/** One number of every server over the time that all charts share. */
export function HistoryChart({
  chart,
  history,
  bucket,
  onPoint,
}: {
  chart: Chart
  history: HealthHistory
  /** The part whose values are shown. */
  bucket: number
  /** Null: the pointer has left. */
  onPoint: (bucket: number | null) => void
}) {
  const { title, what, format } = CHART_WORDS[chart.key]
  const top = topOf(chart.series.map(({ lines }) => lines))
  const point = (event: PointerEvent<SVGSVGElement>) => {
    const { left, width } = event.currentTarget.getBoundingClientRect()
    const at = Math.floor(((event.clientX - left) / width) * history.buckets)
    onPoint(Math.min(history.buckets - 1, Math.max(0, at)))
  }
  return (
    <figure aria-label={title} className="flex min-w-0 flex-col gap-1">
      <figcaption className="flex items-baseline gap-2 text-sm">
        <span className="min-w-0 flex-1">
          <span className="font-medium">{title}</span> <span className="text-muted text-xs">{what}</span>
        </span>
        <span className="shrink-0 text-2xs text-muted">up to {format(top)}</span>
      </figcaption>
      <svg
        role="img"
        aria-label={describe(chart, history)}
        viewBox={`0 0 ${history.buckets} 1`}
        preserveAspectRatio="none"
        className="h-20 w-full touch-pan-y overflow-visible rounded bg-sunken"
        onPointerMove={point}
        onPointerDown={point}
        onPointerLeave={() => onPoint(null)}
      >
        {history.leaderChanges.map(({ at, bucket: changedIn }) => (
          <line
            key={at}
            x1={changedIn + 0.5}
            x2={changedIn + 0.5}
            y1={0}
            y2={1}
            strokeWidth={1}
            strokeDasharray="3 3"
            vectorEffect="non-scaling-stroke"
            className="stroke-line-strong"
          />
        ))}
        <line
          x1={bucket + 0.5}
          x2={bucket + 0.5}
          y1={0}
          y2={1}
          strokeWidth={1}
          vectorEffect="non-scaling-stroke"
          className="stroke-line-strong"
        />
        {chart.series.map(({ server, lines }, index) => (
          <path
            key={server}
            d={toPath(lines, top)}
            fill="none"
            strokeWidth={1.5}
            strokeLinejoin="round"
            strokeDasharray={lookOf(index).dash}
            vectorEffect="non-scaling-stroke"
            className={lookOf(index).stroke}
          />
        ))}
      </svg>
      <dl className="flex flex-wrap gap-x-3 gap-y-0.5 text-xs">
        {chart.series.map(({ server, lines }, index) => {
          const value = valueAt(lines, bucket)
          return (
            <div key={server} className="flex min-w-0 items-center gap-1">
              <dt className="flex min-w-0 items-center gap-1">
                <ServerMark index={index} />
                <span className="sr-only">{server}</span>
              </dt>
              <dd>{value === null ? <span className="text-muted">none</span> : format(value)}</dd>
            </div>
          )
        })}
      </dl>
      <AsTable chart={chart} history={history} />
    </figure>
  )
}

/** The same in rows. They are made when they are asked for: eleven charts of them would be most of the page. */
function AsTable({ chart, history }: { chart: Chart; history: HealthHistory }) {
  const [isOpen, setIsOpen] = useState(false)
  const { title, format } = CHART_WORDS[chart.key]
  const step = Math.max(1, Math.ceil(history.buckets / TABLE_ROWS))
  const fromMs = Date.parse(history.from)
  const starts = Array.from({ length: Math.ceil(history.buckets / step) }, (_, i) => i * step)
  return (
    <details onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary className="text-muted text-xs">{title} as a table</summary>
      {isOpen && (
        <Table
          label={`${title} as a table`}
          head={['Until, UTC', ...history.servers]}
          numeric={history.servers.map((_, i) => i + 1)}
        >
          {starts.map((start) => {
            const end = Math.min(history.buckets, start + step)
            return (
              <Row key={start}>
                <Cell className="whitespace-nowrap">{formatUtc(fromMs + end * history.bucketMs).slice(5, 16)}</Cell>
                {chart.series.map(({ server, lines }) => {
                  const value = latestIn(lines, start, end)
                  return (
                    <Cell key={server} className="text-right">
                      {value === null ? 'none' : format(value)}
                    </Cell>
                  )
                })}
              </Row>
            )
          })}
        </Table>
      )}
    </details>
  )
}

function describe({ key, series }: Chart, { from, to }: HealthHistory): string {
  const { title, format } = CHART_WORDS[key]
  const parts = series.map(({ server, lines }) => {
    const values = lines.flat().map(([, value]) => value)
    const last = values.at(-1)
    if (last === undefined) return `${server} told nothing`
    return `${server} from ${format(Math.min(...values))} to ${format(Math.max(...values))}, last ${format(last)}`
  })
  return `${title} from ${formatUtc(Date.parse(from))} to ${formatUtc(Date.parse(to))}: ${parts.join('; ')}`
}
