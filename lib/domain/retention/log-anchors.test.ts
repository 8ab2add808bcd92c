import { expect, test } from 'vitest'
import { findLogAnchors, findLogFloor, findSpentPieces } from './log-anchors.ts'

const bases = (...zxids: number[]) => zxids.map((zxid) => ({ id: `b${zxid}`, zxid: BigInt(zxid) }))
const run = (first: number, last: number) => ({ first: BigInt(first), last: BigInt(last) })

test('the base from which the logs are told stays, and none that lies within what they tell', () => {
  const anchors = findLogAnchors(bases(10, 20, 30, 40), [run(12, 50)], 25n)
  expect([...anchors]).toEqual(['b20'])
})

test('where the base lies before the run, the next one stays too: something may be missing between', () => {
  expect([...findLogAnchors(bases(10, 20, 30), [run(12, 50)], 0n)]).toEqual(['b10', 'b20'])
  expect([...findLogAnchors(bases(20, 30), [run(12, 50)], 0n)]).toEqual(['b20'])
})

test('behind each gap another base is needed, and none for what is too old to be told', () => {
  const runs = [run(1, 9), run(12, 20), run(30, 50)]
  expect([...findLogAnchors(bases(2, 14, 16, 35, 40), runs, 10n)]).toEqual(['b2', 'b14', 'b16', 'b35'])
})

test('pieces go from the oldest on: what is needed or young stays, and all that is newer', () => {
  const piece = (last: number, maxTimeMs: number) => ({ last: BigInt(last), maxTimeMs })
  const pieces = [piece(10, 1), piece(20, 2), piece(30, 9), piece(40, 3), piece(50, 4)]
  expect(findSpentPieces(pieces, 25n, 100).map(({ last }) => last)).toEqual([10n, 20n])
  expect(findSpentPieces(pieces, 100n, 5).map(({ last }) => last)).toEqual([10n, 20n])
  expect(findSpentPieces(pieces, 100n, 100)).toHaveLength(4)
  expect(findSpentPieces(pieces, null, 100)).toEqual([])
  expect(findSpentPieces([], 100n, 100)).toEqual([])
})

test('the floor is the lowest of all bases', () => {
  expect(findLogFloor([7n, 3n, 9n])).toBe(3n)
  expect(findLogFloor([])).toBeNull()
})
