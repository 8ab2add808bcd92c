import { setFlagsFromString } from 'node:v8'
import { expect, test, vi } from 'vitest'
import { tightenHeap } from './tighten-heap.ts'

vi.mock('node:v8', () => ({ setFlagsFromString: vi.fn() }))

test('the heap is tight from the first who asks for it until the last has let go, however often he says so', () => {
  const told = () => vi.mocked(setFlagsFromString).mock.calls.map(([flag]) => flag)
  const [first, second] = [tightenHeap(), tightenHeap()]
  expect(told()).toEqual(['--heap-growing-percent=40'])
  first()
  first()
  expect(told()).toHaveLength(1)
  second()
  expect(told()).toEqual(['--heap-growing-percent=40', '--heap-growing-percent=0'])
})
