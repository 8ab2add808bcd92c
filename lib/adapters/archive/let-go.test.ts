import { expect, test } from 'vitest'
import { letGo } from './let-go.ts'

test('frees a large buffer that is nobody else’s, and leaves those of a pool alone', () => {
  const large = Buffer.alloc(1 << 20, 1)
  letGo(large.subarray(0, 1000))
  expect(large).toHaveLength(0)
  const [one, other] = [Buffer.from('one'), Buffer.from('other')]
  letGo(one)
  expect([one, other].map(String)).toEqual(['one', 'other'])
})
