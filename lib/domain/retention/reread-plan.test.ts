import { expect, test } from 'vitest'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { isInHours, mayReread, pickReread, type RereadTarget, rereadBudget } from './reread-plan.ts'

const DAY_MS = 86_400_000
const NOW = Date.UTC(2026, 10, 26)
const target = (id: string, storedDays: number, readDays: number | null = null, bytes = 10): RereadTarget => ({
  id,
  bytes,
  storedAtMs: NOW - storedDays * DAY_MS,
  readAtMs: readDays === null ? null : NOW - readDays * DAY_MS,
})

test('what was never read again is read first, then what was read longest ago', () => {
  const targets = [
    target('read-long-ago', 90, 80),
    target('never', 40),
    target('never-older', 50),
    target('read', 90, 20),
  ]
  const order: string[] = []
  let left = targets
  for (let next = pickReread(left, 30, NOW); next; next = pickReread(left, 30, NOW)) {
    order.push(next.id)
    left = left.filter(({ id }) => id !== next?.id)
  }
  expect(order).toEqual(['never-older', 'never', 'read-long-ago', 'read'])
})

test('what was just stored or read lately is left alone', () => {
  expect(pickReread([target('new', 0.5), target('read', 60, 14)], 30, NOW)).toBeNull()
})

test('the first of a day may always be read, others while the share of the day lasts', () => {
  expect(mayReread({ bytes: 0, budget: 1, bytesMax: 1 }, 1000)).toBe(true)
  expect(mayReread({ bytes: 50, budget: 100, bytesMax: null }, 1000)).toBe(true)
  expect(mayReread({ bytes: 50, budget: 100, bytesMax: 100 }, 60)).toBe(false)
  expect(mayReread({ bytes: 100, budget: 100, bytesMax: null }, 1)).toBe(false)
  expect(rereadBudget(3000, 30, null)).toBe(100)
  expect(rereadBudget(3000, 30, 40)).toBe(40)
})

test('hours may go past midnight', () => {
  expect([21, 22, 3, 5].map((hour) => isInHours(hour, 22, 5))).toEqual([false, true, true, false])
  expect([8, 9, 17].map((hour) => isInHours(hour, 9, 17))).toEqual([false, true, false])
  expect(isInHours(3, 0, 0)).toBe(true)
})

test('with a share a day everything is read within the period, whatever the sizes are', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = new SeededRandom(seed)
    const everyDays = 30
    let targets = Array.from({ length: 1 + random.below(80) }, (_, i) =>
      target(`t${i}`, 1 + random.below(30), null, 1 + random.below(1000)),
    )
    const total = targets.reduce((sum, { bytes }) => sum + bytes, 0)
    const budget = rereadBudget(total, everyDays, null)
    for (let day = 0; day <= everyDays; day++) {
      const nowMs = NOW + day * DAY_MS
      let bytes = 0
      for (;;) {
        const next = pickReread(targets, everyDays, nowMs)
        if (!next || !mayReread({ bytes, budget, bytesMax: null }, next.bytes)) break
        bytes += next.bytes
        targets = targets.map((each) => (each.id === next.id ? { ...each, readAtMs: nowMs } : each))
      }
    }
    expect(
      targets.filter(({ readAtMs }) => readAtMs === null),
      `seed ${seed}`,
    ).toEqual([])
  }
})
