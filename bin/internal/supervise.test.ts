import { describe, expect, it } from 'vitest'
import { nextDelay } from './supervise.mjs'
import { isNewEnough } from './toolchain.mjs'

describe('nextDelay', () => {
  it('doubles for a program that keeps ending at once, up to half a minute', () => {
    const delays = [0]
    for (let i = 0; i < 8; i++) delays.push(nextDelay(delays.at(-1) ?? 0, 100))
    expect(delays.slice(1)).toEqual([1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000])
  })

  it('is short again for a program that had run for a while', () => {
    expect(nextDelay(30_000, 60_000)).toBe(1000)
  })
})

describe('isNewEnough', () => {
  it.each(['22.15.0', '22.20.1', '24.0.0', '30.1.0'])('takes Node.js %s', (version) =>
    expect(isNewEnough(version)).toBe(true),
  )
  it.each(['18.20.0', '20.99.0', '22.14.9', '21.30.0'])('does not take Node.js %s', (version) =>
    expect(isNewEnough(version)).toBe(false),
  )
})
