'use client'

import { ChevronLeft, ChevronRight } from 'lucide-react'
import { useRouter, useSearchParams } from 'next/navigation'
import { useEffect, useId, useRef, useState, useTransition } from 'react'
import { paths } from '@/app/_nav/paths.ts'
import { readText } from '@/app/_nav/search-params.ts'
import { Button } from '@/app/_ui/button.tsx'
import { TextField } from '@/app/_ui/field.tsx'
import { formatUtc } from '@/app/_ui/format-time.ts'
import { useHydrated } from '@/app/_ui/use-hydrated.ts'
import type { WriteRateView } from '@/lib/services/logs/views.ts'
import type { PickedMomentView, TimeLineView } from '@/lib/services/moments/views.ts'
import { findAxis, stopAtTime, stopAtZxid, stopByKey } from './time-axis.ts'
import { WriteRate } from './write-rate.tsx'

/** A moving slider asks for a tree only when it rests. */
const REST_MS = 350

/** By slider, time or zxid; whichever is used, the address says the moment. */
export function TimePicker({
  line,
  rate,
  picked,
  fields,
}: {
  line: TimeLineView
  rate: WriteRateView | null
  picked: PickedMomentView | null
  /** Of the input that was not understood. */
  fields: Readonly<Record<string, string>>
}) {
  const router = useRouter()
  const hydrated = useHydrated()
  const params = useSearchParams()
  const path = readText(new URLSearchParams(params), 'path') || undefined
  const { stops, clusterId } = line
  const [index, setIndex] = useState(() => stopAtZxid(stops, picked?.zxid ?? null))
  const [pending, startTransition] = useTransition()
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])
  const pickedZxid = picked?.zxid ?? null
  useEffect(() => setIndex(stopAtZxid(stops, pickedZxid)), [stops, pickedZxid])
  const stop = stops[index]
  const move = (next: number) => {
    const { zxid } = stops[next] ?? {}
    if (zxid === undefined) return
    setIndex(next)
    clearTimeout(timer.current)
    timer.current = setTimeout(() => {
      if (zxid === pickedZxid) return
      startTransition(() => router.push(paths.clusterHistory(clusterId, { zxid, path }), { scroll: false }))
    }, REST_MS)
  }
  const axis = findAxis([
    ...stops.map(({ at }) => at),
    ...line.ranges.flatMap(({ fromAt, toAt }) => [fromAt, toAt]),
    ...(rate ? [rate.from, rate.to] : []),
  ])
  const sliderId = useId()
  return (
    <div className="flex min-w-0 flex-col gap-3">
      {stop && (
        <div className="flex min-w-0 flex-col gap-1">
          <label htmlFor={sliderId} className="flex flex-wrap items-baseline gap-x-2 text-sm">
            <span className="font-medium">Moment</span>
            <span className="text-muted text-xs" aria-hidden>
              {formatUtc(Date.parse(stop.at))} = <code className="font-mono">{stop.zxid}</code>
              {pending && ' · opening…'}
            </span>
          </label>
          <div className="px-2">
            <WriteRate axis={axis} rate={rate} ranges={line.ranges} />
          </div>
          <div className="flex items-center gap-1">
            <input
              id={sliderId}
              type="range"
              disabled={!hydrated}
              min={axis.fromMs}
              max={axis.toMs}
              step="any"
              value={Date.parse(stop.at)}
              aria-valuetext={`${formatUtc(Date.parse(stop.at))}, zxid ${stop.zxid}`}
              onChange={(event) => move(stopAtTime(stops, Number(event.target.value)))}
              onKeyDown={(event) => {
                const next = stopByKey(event.key, index, stops.length)
                if (next === null) return
                event.preventDefault()
                move(next)
              }}
              className="h-6 min-w-0 flex-1 accent-accent"
            />
          </div>
          <div className="flex flex-wrap items-center justify-between gap-2 text-muted text-xs">
            <span>{formatUtc(axis.fromMs)}</span>
            <span className="flex gap-1">
              <Button
                size="small"
                icon={<ChevronLeft aria-hidden className="size-3.5" />}
                disabledReason={index === 0 && 'This is the first one'}
                onClick={() => move(index - 1)}
              >
                Earlier
              </Button>
              <Button
                size="small"
                icon={<ChevronRight aria-hidden className="size-3.5" />}
                disabledReason={index === stops.length - 1 && 'This is the last one'}
                onClick={() => move(index + 1)}
              >
                Later
              </Button>
            </span>
            <span>{formatUtc(axis.toMs)}</span>
          </div>
        </div>
      )}
      <div className="flex flex-wrap items-start gap-x-6 gap-y-3">
        <PickField
          key={`at ${picked?.at}`}
          name="at"
          label="Time (UTC)"
          hint="The last transaction at or before it"
          value={readText(new URLSearchParams(params), 'at') || (picked?.at ? formatUtc(Date.parse(picked.at)) : '')}
          placeholder="2026-11-25 14:03:07"
          error={fields.at}
          button="Go to this time"
          action={paths.clusterHistory(clusterId)}
          path={path}
        />
        <PickField
          key={`zxid ${picked?.zxid}`}
          name="zxid"
          label="Zxid"
          hint="In hex, as logs and stats show it"
          value={picked?.zxid ?? readText(new URLSearchParams(params), 'zxid')}
          placeholder="0x1a2"
          error={fields.zxid}
          button="Go to this zxid"
          action={paths.clusterHistory(clusterId)}
          path={path}
        />
      </div>
    </div>
  )
}

/** A plain form: the browser puts what is picked into the address. */
function PickField({
  name,
  label,
  hint,
  value,
  placeholder,
  error,
  button,
  action,
  path,
}: {
  name: 'at' | 'zxid'
  label: string
  hint: string
  value: string
  placeholder: string
  error: string | undefined
  button: string
  action: string
  path: string | undefined
}) {
  return (
    <form action={action} className="flex min-w-0 flex-wrap items-start gap-2">
      <TextField
        name={name}
        label={label}
        hint={hint}
        defaultValue={value}
        placeholder={placeholder}
        error={error}
        required
        spellCheck={false}
        autoComplete="off"
        className="font-mono"
        wrapperClassName="w-60 max-w-full"
      />
      {path && <input type="hidden" name="path" value={path} />}
      <Button type="submit" className="sm:mt-6">
        {button}
      </Button>
    </form>
  )
}
