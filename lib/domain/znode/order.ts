/**
 * Path order: depth-first, siblings by code unit (equal to UTF-8 byte order, since ZooKeeper refuses surrogates and the private area),
 * so a parent comes before its children and a subtree is one contiguous run. `/` sorts before every other character:
 * `/a`, `/a/x`, `/a b`, `/a-b`. Negative, zero or positive like any comparator.
 */
export function comparePaths(a: string, b: string): number {
  if (a === b) return 0
  const shared = a.length < b.length ? a.length : b.length
  for (let i = 0; i < shared; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) {
      // The root is '/' and every other path starts with it: '/' against '/a' ends the loop below as a prefix.
      if (x === 47) return -1
      if (y === 47) return 1
      return x - y
    }
  }
  return a.length - b.length
}

/** Comparator for the names under one parent; the same order as comparePaths of their paths. */
export function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
