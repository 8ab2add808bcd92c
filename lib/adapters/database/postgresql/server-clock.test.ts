import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { startServerClock } from './server-clock.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

test('two hosts whose clocks are minutes apart agree on the time, also after one of them was set', async () => {
  const server = () => 1_000_000 + performance.now()
  const hosts = { early: 400_000, late: 1_900_000 }
  const clockOf = (host: keyof typeof hosts) =>
    startServerClock(async () => server(), {
      now: () => hosts[host] + performance.now(),
      elapsed: () => performance.now(),
    })
  const [early, late] = [await clockOf('early'), await clockOf('late')]
  expect([early.now(), late.now()]).toEqual([server(), server()])
  hosts.early += 300_000
  await vi.advanceTimersByTimeAsync(10_000)
  expect([early.now(), late.now()]).toEqual([server(), server()])
  early.stop()
  late.stop()
})

test('half of the way is taken off; an answer that came too late, or none, changes nothing', async () => {
  let wayMs = 100
  const clock = await startAfter(async () => {
    const at = 5_000_000 + performance.now()
    if (wayMs === 0) throw new Error('away')
    await new Promise((resolve) => setTimeout(resolve, wayMs))
    // As if the question had taken no time: half of the round trip is what the clock is behind.
    return at + wayMs / 2
  })
  const offset = () => clock.now() - performance.now()
  expect(offset()).toBe(5_000_000)
  wayMs = 60_000
  await vi.advanceTimersByTimeAsync(75_000)
  expect(offset()).toBe(5_000_000)
  wayMs = 0
  await vi.advanceTimersByTimeAsync(30_000)
  expect(offset()).toBe(5_000_000)
  clock.stop()
})

async function startAfter(ask: () => Promise<number>) {
  const started = startServerClock(ask, { now: () => performance.now(), elapsed: () => performance.now() })
  await vi.advanceTimersByTimeAsync(1_000)
  return started
}
