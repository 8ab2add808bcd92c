import { expect, test } from 'vitest'
import { describeMinutes, inSentence } from './approval-words.ts'

test.each([
  [15, '15 minutes'],
  [60, '1 hour'],
  [90, '90 minutes'],
  [240, '4 hours'],
  [1440, '1 day'],
  [10080, '7 days'],
])('%d minutes are %s', (minutes, words) => expect(describeMinutes(minutes)).toBe(words))

test('a sentence goes on small', () => expect(inSentence('Write 3 znodes to Orders')).toBe('write 3 znodes to Orders'))
