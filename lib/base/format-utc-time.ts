/** `2026-11-23 16:50:03 UTC`, for sentences that are stored. */
export function formatUtcTime(ms: number): string {
  const iso = new Date(ms).toISOString()
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`
}
