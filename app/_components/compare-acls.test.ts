import { expect, test } from 'vitest'
import { compareAcls } from './compare-acls.ts'

const world = { scheme: 'world', id: 'anyone', perms: 1 }
const digest = { scheme: 'digest', id: 'a:x', perms: 31 }

test('the order of entries is no difference', () => {
  expect(compareAcls([world, digest], [digest, world]).every((row) => row.state === 'same')).toBe(true)
})

test('a changed permission shows as one entry gone and one come', () => {
  const states = compareAcls([world], [{ ...world, perms: 31 }]).map((row) => [row.state, row.entry.perms])
  expect(states).toEqual([
    ['removed', 1],
    ['added', 31],
  ])
})
