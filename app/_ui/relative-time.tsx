'use client'

import { useSyncExternalStore } from 'react'
import { formatAge, formatUtc } from './format-time.ts'

let now = 0
const listeners = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) {
    now = Date.now()
    timer = setInterval(() => {
      now = Date.now()
      for (const each of listeners) each()
    }, 10_000)
  }
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
    if (listeners.size === 0) clearInterval(timer)
  }
}

function readNow(): number {
  if (now === 0) now = Date.now()
  return now
}

/** The server draws absolute UTC, the browser the age: both renders agree at hydration, and the title is always exact. */
export function RelativeTime({ at, className }: { at: string | number; className?: string }) {
  const ms = typeof at === 'number' ? at : Date.parse(at)
  const current = useSyncExternalStore(subscribe, readNow, () => 0)
  if (!Number.isFinite(ms)) return <span className={className}>unknown</span>
  return (
    <time dateTime={new Date(ms).toISOString()} title={formatUtc(ms)} className={className}>
      {current === 0 ? formatUtc(ms) : formatAge(ms, current)}
    </time>
  )
}
