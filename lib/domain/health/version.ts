/** `[3, 9, 4]` of `3.9.4`; null for what is no version. */
export function parseVersion(text: string | null): readonly [number, number, number] | null {
  const match = /^(\d+)\.(\d+)\.(\d+)/.exec(text ?? '')
  return match ? [Number(match[1]), Number(match[2]), Number(match[3])] : null
}

/** Negative: the first is older. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parseVersion(a), parseVersion(b)]
  if (left === null || right === null) return 0
  return left[0] - right[0] || left[1] - right[1] || left[2] - right[2]
}

/** From `from` on and before `before`; false for what is no version. */
export function isBetween(version: string | null, from: string, before: string): boolean {
  return (
    parseVersion(version) !== null &&
    compareVersions(version ?? '', from) >= 0 &&
    compareVersions(version ?? '', before) < 0
  )
}
