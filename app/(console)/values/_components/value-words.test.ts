import { expect, it } from 'vitest'
import { describeEffect } from './value-words.ts'

it.each([
  [{ effect: 'mask', leastRole: 'operator', recordsReads: false }, 'masked until an operator reveals it'],
  [
    { effect: 'mask', leastRole: 'viewer', recordsReads: true },
    'masked until anybody reveals it; every read is recorded',
  ],
  [
    { effect: 'forbid', leastRole: 'admin', recordsReads: true },
    'shown from the role admin on; every read is recorded',
  ],
  [{ effect: 'record', leastRole: 'viewer', recordsReads: true }, 'shown; every read is recorded'],
] as const)('a rule is told in one clause (%#)', (rule, words) => {
  expect(describeEffect(rule)).toBe(words)
})
