import { expect, test } from 'vitest'
import { addPick, NO_CHANGES, type Picks, pickStateOf, sumPicks, togglePick, toSelection } from './picks.ts'

const row = (path: string, change: 'added' | 'removed' | 'changed' | null, below = NO_CHANGES) => ({
  path,
  change,
  below,
})
const none: Picks = new Map()

test('a row with changes below is picked as a subtree, a leaf alone', () => {
  const picks = togglePick(
    togglePick(none, row('/a', null, { added: 2, removed: 1, changed: 0 })),
    row('/b', 'changed'),
  )
  expect(toSelection(picks)).toEqual({ kind: 'picked', paths: ['/b'], subtrees: ['/a'] })
  expect(sumPicks(picks)).toEqual({ added: 2, removed: 1, changed: 1 })
})

test('inside a picked subtree nothing is picked twice', () => {
  const picks = togglePick(none, row('/a', 'changed', { added: 1, removed: 0, changed: 0 }))
  expect(pickStateOf(picks, '/a/x')).toBe('inherited')
  expect(togglePick(picks, row('/a/x', 'added'))).toBe(picks)
  expect(sumPicks(picks)).toEqual({ added: 1, removed: 0, changed: 1 })
})

test('picking a subtree takes in what was picked below it, and only that', () => {
  const picks = togglePick(togglePick(none, row('/a/x', 'added')), row('/ab', 'added'))
  expect(pickStateOf(picks, '/a')).toBe('mixed')
  const wider = togglePick(picks, row('/a', null, { added: 1, removed: 0, changed: 0 }))
  expect([...wider.keys()].sort()).toEqual(['/a', '/ab'])
  expect(sumPicks(wider).added).toBe(2)
})

test('the box of a picked row takes the pick back', () => {
  expect(togglePick(togglePick(none, row('/a', 'added')), row('/a', 'added')).size).toBe(0)
})

test('a row with changes below can be picked alone', () => {
  const picks = addPick(none, row('/a', 'changed', { added: 5, removed: 0, changed: 0 }), { subtree: false })
  expect(toSelection(picks)).toEqual({ kind: 'picked', paths: ['/a'], subtrees: [] })
  expect(pickStateOf(picks, '/a/x')).toBe('none')
})
