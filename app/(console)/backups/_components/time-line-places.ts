/** Where each moment stands between the first of them and now, 0…1. */
export function placeOnTimeLine(timesMs: readonly number[], nowMs: number): number[] {
  const first = Math.min(...timesMs)
  const last = Math.max(nowMs, ...timesMs)
  return timesMs.map((at) => (last === first ? 1 : (at - first) / (last - first)))
}

/** Radius in pixels for so many znodes: grows with the logarithm, so that small backups stay visible beside large ones. */
export function dotRadius(znodes: number, znodesMax: number): number {
  if (znodesMax <= 0) return 4
  return 4 + 5 * (Math.log10(znodes + 1) / Math.log10(znodesMax + 1))
}
