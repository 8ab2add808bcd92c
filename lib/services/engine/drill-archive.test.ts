import { expect, it } from 'vitest'
import { assertVersion, heapMegabytesFor } from './drill-archive.ts'

it.each<[string | null, { container: number; ttl: number }, boolean]>([
  ['3.4.14', { container: 0, ttl: 0 }, true],
  ['3.4.14', { container: 1, ttl: 0 }, false],
  ['3.5.1', { container: 1, ttl: 0 }, true],
  ['3.5.3', { container: 1, ttl: 1 }, false],
  ['3.5.4', { container: 1, ttl: 1 }, true],
  ['3.10.0', { container: 1, ttl: 1 }, true],
  [null, { container: 1, ttl: 1 }, true],
])('does not hold against a backup what a server of %s does not know: %j', (version, byKind, isFit) => {
  const judge = () => assertVersion(version, byKind)
  if (isFit) expect(judge).not.toThrow()
  else expect(judge).toThrow(/does not know the containers or TTL znodes/)
})

it('gives the server a heap by what it has to hold', () => {
  expect(heapMegabytesFor({ bytes: 0, znodes: 0 })).toBe(256)
  expect(heapMegabytesFor({ bytes: 100 << 20, znodes: 1_000_000 })).toBeGreaterThan(256 + 200 + 600)
})
