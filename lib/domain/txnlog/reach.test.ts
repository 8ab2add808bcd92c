import { describe, expect, test } from 'vitest'
import { findReach } from './reach.ts'

const run = (first: number, last: number) => ({ first: BigInt(first), last: BigInt(last) })
const reach = (runs: ReturnType<typeof run>[], bases: number[]) =>
  findReach(runs, bases.map(BigInt)).map(({ from, to, fault }) => [
    Number(from),
    Number(to),
    fault === null ? 'yes' : fault.kind === 'gap' ? `${fault.gap.after}–${fault.gap.before}` : fault.kind,
  ])

describe('what can be reached', () => {
  test('is what follows a base without a gap', () => {
    expect(reach([run(1, 30)], [0])).toEqual([[0, 30, 'yes']])
    expect(reach([run(1, 30)], [10])).toEqual([
      [1, 9, 'no-base'],
      [10, 30, 'yes'],
    ])
    expect(reach([run(1, 30)], [10, 30, 20])).toEqual([
      [1, 9, 'no-base'],
      [10, 30, 'yes'],
    ])
  })

  test('ends at a gap, and begins anew at the next base behind it', () => {
    expect(reach([run(1, 10), run(16, 30)], [0, 20])).toEqual([
      [0, 10, 'yes'],
      [11, 19, '10–16'],
      [20, 30, 'yes'],
    ])
    expect(reach([run(1, 10), run(16, 30)], [0])).toEqual([
      [0, 10, 'yes'],
      [11, 30, '10–16'],
    ])
    expect(reach([run(1, 10), run(16, 30)], [0, 15])).toEqual([
      [0, 10, 'yes'],
      [11, 14, '10–16'],
      [15, 30, 'yes'],
    ])
  })

  test('a base by itself is one state, with or without logs', () => {
    expect(reach([], [7])).toEqual([[7, 7, 'yes']])
    expect(reach([run(20, 30)], [7])).toEqual([
      [7, 7, 'yes'],
      [8, 30, '7–20'],
    ])
    expect(reach([run(1, 5)], [])).toEqual([[1, 5, 'no-base']])
    expect(reach([], [])).toEqual([])
  })

  test('goes on over the end of an epoch', () => {
    const [end, begin] = [0x1_0000_0009n, 0x2_0000_0001n]
    expect(findReach([{ first: begin, last: begin + 5n }], [end])).toEqual([{ from: end, to: begin + 5n, fault: null }])
  })
})
