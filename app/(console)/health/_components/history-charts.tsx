'use client'

import { useId, useState } from 'react'
import { formatDuration, formatUtc } from '@/app/_ui/format-time.ts'
import type { HealthHistoryView } from '@/lib/services/health/views.ts'
import { lastBucket } from './chart-lines.ts'
import { CHART_WORDS } from './chart-words.ts'
import { HistoryChart } from './history-chart.tsx'
import { RoleStrips } from './role-strips.tsx'
import { ServerMark } from './server-mark.tsx'

/** Small charts on one time axis, with one line through all of them that pointer and keyboard move. */
export function HistoryCharts({ history }: { history: HealthHistoryView }) {
  const id = useId()
  const [pinned, setPinned] = useState<number | null>(null)
  const [hovered, setHovered] = useState<number | null>(null)
  const told = history.charts.filter(({ series }) => series.some(({ lines }) => lines.length > 0))
  const silent = history.charts.filter((chart) => !told.includes(chart))
  if (history.servers.length === 0) {
    return <p className="text-muted text-sm">Nobody looked at these servers in this time.</p>
  }
  const last = lastBucket(told.flatMap(({ series }) => series.map(({ lines }) => lines))) ?? history.buckets - 1
  const bucket = Math.min(hovered ?? pinned ?? last, history.buckets - 1)
  const startMs = Date.parse(history.from) + bucket * history.bucketMs
  const time = `${formatUtc(startMs)}, and the ${formatDuration(history.bucketMs)} from then on`
  return (
    <div className="flex min-w-0 flex-col gap-4">
      <div className="flex min-w-0 flex-col gap-1">
        <div className="flex flex-wrap items-baseline gap-x-3 text-sm">
          <label htmlFor={id} className="font-medium">
            Values at
          </label>
          <output htmlFor={id}>{formatUtc(startMs)}</output>
        </div>
        <input
          id={id}
          type="range"
          min={0}
          max={history.buckets - 1}
          value={bucket}
          aria-valuetext={time}
          onChange={(event) => {
            setHovered(null)
            setPinned(Number(event.target.value))
          }}
          className="w-full accent-accent"
        />
        <div aria-hidden className="flex justify-between text-2xs text-muted">
          <span>{formatUtc(Date.parse(history.from)).slice(0, 16)}</span>
          <span>{formatUtc(Date.parse(history.to)).slice(0, 16)} UTC</span>
        </div>
        <ul aria-label="Servers shown" className="flex flex-wrap gap-x-4 gap-y-1 text-xs">
          {history.servers.map((server, index) => (
            <li key={server} className="flex min-w-0 items-center gap-1.5">
              <ServerMark index={index} />
              <code className="min-w-0 break-all font-mono">{server}</code>
            </li>
          ))}
        </ul>
      </div>
      <RoleStrips history={history} bucket={bucket} />
      <LeaderChanges history={history} />
      <div className="grid min-w-0 gap-x-6 gap-y-5 md:grid-cols-2 2xl:grid-cols-3">
        {told.map((chart) => (
          <HistoryChart key={chart.key} chart={chart} history={history} bucket={bucket} onPoint={setHovered} />
        ))}
      </div>
      {silent.length > 0 && (
        <p className="text-muted text-xs">
          Not told in this time: {silent.map(({ key }) => CHART_WORDS[key].title.toLowerCase()).join(', ')}. The
          AdminServer and mntr tell most of it; latency and syncs need requests between two looks.
        </p>
      )}
    </div>
  )
}

function LeaderChanges({ history: { leaderChanges } }: { history: HealthHistoryView }) {
  if (leaderChanges.length === 0) return <p className="text-muted text-xs">No change of the leader in this time.</p>
  return (
    <section aria-label="Leader changes" className="text-xs">
      <p className="font-medium">Leader changes, marked by a dashed line in each chart:</p>
      <ul className="flex flex-col gap-0.5">
        {leaderChanges.map(({ at, from, to, epoch }) => (
          <li key={`${at} ${to}`} className="break-words">
            {formatUtc(Date.parse(at))}: {from === to ? `${to} was elected again` : `${from ?? 'none'} → ${to}`}
            {epoch !== null && <span className="text-muted"> (epoch {epoch})</span>}
          </li>
        ))}
      </ul>
    </section>
  )
}
