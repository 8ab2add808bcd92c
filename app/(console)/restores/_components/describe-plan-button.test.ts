import { expect, test } from 'vitest'
import { describePlanButton } from './describe-plan-button.ts'

test.each([
  [{ creates: 200, updates: 14, deletes: 0, aclChanges: 3 }, 'Write 214 znodes to orders-prod'],
  [{ creates: 1, updates: 0, deletes: 0, aclChanges: 0 }, 'Write 1 znode to orders-prod'],
  [{ creates: 2, updates: 1, deletes: 1200, aclChanges: 0 }, 'Write 3 znodes to and delete 1,200 from orders-prod'],
  [{ creates: 0, updates: 0, deletes: 2, aclChanges: 0 }, 'Delete 2 znodes from orders-prod'],
  [{ creates: 0, updates: 0, deletes: 0, aclChanges: 1 }, 'Set 1 ACL on orders-prod'],
  [{ creates: 0, updates: 0, deletes: 0, aclChanges: 0 }, 'Write nothing to orders-prod'],
])('%j: %s', (plan, text) => {
  expect(describePlanButton(plan, 'orders-prod')).toBe(text)
})
