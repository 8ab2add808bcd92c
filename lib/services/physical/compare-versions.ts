/** By numbers: `3.10.0` is not below `3.9.4`. */
export function isVersionBelow(version: string, least: string): boolean {
  const a = version.split('.').map(Number)
  const b = least.split('.').map(Number)
  for (let i = 0; i < 3; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}
