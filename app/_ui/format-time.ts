/** `2026-11-23 16:50:03 UTC`. */
export function formatUtc(ms: number): string {
  const iso = new Date(ms).toISOString()
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`
}

const STEPS: ReadonlyArray<readonly [number, string]> = [
  [60_000, 's'],
  [3_600_000, 'min'],
  [86_400_000, 'h'],
  [Number.POSITIVE_INFINITY, 'd'],
]
const SIZES: Record<string, number> = { s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 }

/** `just now`, `3 min ago`, `in 12 min`; beyond two months the date. */
export function formatAge(ms: number, nowMs: number): string {
  const distance = Math.abs(nowMs - ms)
  if (distance > 60 * 86_400_000) return new Date(ms).toISOString().slice(0, 10)
  if (distance < 10_000) return 'just now'
  const unit = STEPS.find(([limit]) => distance < limit)?.[1] ?? 'd'
  const count = Math.floor(distance / (SIZES[unit] ?? 1))
  return ms <= nowMs ? `${count} ${unit} ago` : `in ${Math.max(1, count)} ${unit}`
}

/** `840 ms`, `12.4 s`, `3 min 20 s`, `2 h 5 min`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
  return `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`
}
