import { expect, test } from 'vitest'
import { rolesOfGroups } from './provider-roles.ts'

const MAPPING = {
  roles: { everyone: 'viewer', keepers: 'admin', ops: 'operator' },
  clusterRoles: {
    orders: { 'orders-ops': 'operator', guests: 'none', everyone: 'viewer' },
    users: { keepers: 'none' },
  },
} as const
const rolesOf = (...groups: string[]) => {
  const { overall, atClusters, hasAccess } = rolesOfGroups(MAPPING, groups)
  return [overall, Object.fromEntries(atClusters), hasAccess]
}

test.each<[string[], string, Record<string, string>, boolean]>([
  [[], 'none', {}, false],
  [['unheard-of', 'toString', '__proto__'], 'none', {}, false],
  [['everyone'], 'viewer', { orders: 'viewer' }, true],
  [['ops', 'everyone'], 'operator', { orders: 'viewer' }, true],
  [['everyone', 'keepers', 'ops'], 'admin', { orders: 'viewer', users: 'none' }, true],
  [['orders-ops', 'guests'], 'none', { orders: 'operator' }, true],
  [['guests'], 'none', { orders: 'none' }, false],
])('%j come to %s overall', (groups, ...expected) => {
  expect(rolesOf(...groups)).toEqual(expected)
})
