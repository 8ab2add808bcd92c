import { expect, test } from 'vitest'
import { shareTightHeap } from './tighten-heap.ts'

test('the heap is tight from the first who asks for it until the last has let go, however often he says so', () => {
  const told: string[] = []
  const tightenHeap = shareTightHeap((flag) => told.push(flag))
  const [first, second] = [tightenHeap(), tightenHeap()]
  expect(told).toEqual(['--heap-growing-percent=40'])
  first()
  first()
  expect(told).toHaveLength(1)
  second()
  expect(told).toEqual(['--heap-growing-percent=40', '--heap-growing-percent=0'])
})
