import type { TimeStopView } from '@/lib/services/moments/views.ts'

export interface TimeAxis {
  readonly fromMs: number
  readonly toMs: number
}

/** Long enough for all that is drawn on it, and never a single point. */
export function findAxis(times: readonly (string | null)[]): TimeAxis {
  const known = times.flatMap((time) => (time === null ? [] : [Date.parse(time)]))
  const fromMs = Math.min(...known)
  const toMs = Math.max(...known)
  return known.length === 0 ? { fromMs: 0, toMs: 1 } : { fromMs, toMs: Math.max(toMs, fromMs + 1000) }
}

/** Where a time stands on the axis, 0…1. */
export function placeOn(axis: TimeAxis, timeMs: number): number {
  const place = (timeMs - axis.fromMs) / (axis.toMs - axis.fromMs)
  return Math.min(1, Math.max(0, place))
}

/** The last stop at or before a time; the first one for anything earlier. */
export function stopAtTime(stops: readonly TimeStopView[], timeMs: number): number {
  const found = stops.findLastIndex(({ at }) => Date.parse(at) <= timeMs)
  return Math.max(0, found)
}

/** The last stop at or before a zxid; the last of all without one. */
export function stopAtZxid(stops: readonly TimeStopView[], zxid: string | null): number {
  if (zxid === null) return stops.length - 1
  const wanted = BigInt(zxid)
  const found = stops.findLastIndex((stop) => BigInt(stop.zxid) <= wanted)
  return Math.max(0, found)
}

const PAGE = 10

/** Where a key leads to on the slider; null for a key that is not one of its own. */
export function stopByKey(key: string, index: number, count: number): number | null {
  const last = count - 1
  const clamp = (next: number) => Math.min(last, Math.max(0, next))
  switch (key) {
    case 'ArrowLeft':
    case 'ArrowDown':
      return clamp(index - 1)
    case 'ArrowRight':
    case 'ArrowUp':
      return clamp(index + 1)
    case 'PageDown':
      return clamp(index - PAGE)
    case 'PageUp':
      return clamp(index + PAGE)
    case 'Home':
      return 0
    case 'End':
      return last
    default:
      return null
  }
}
