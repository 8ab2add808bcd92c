import { describe, expect, test } from 'vitest'
import { findAxis, placeOn, stopAtTime, stopAtZxid, stopByKey } from './time-axis.ts'

const stops = [
  { zxid: '0x2', at: '2026-01-01T00:00:00.000Z' },
  { zxid: '0xa', at: '2026-01-01T00:00:10.000Z' },
  { zxid: '0x100000001', at: '2026-01-01T00:01:00.000Z' },
]
const ms = (text: string) => Date.parse(`2026-01-01T${text}Z`)

describe('the axis', () => {
  test('holds everything that is drawn, in proportion', () => {
    const axis = findAxis([null, ...stops.map(({ at }) => at)])
    expect(placeOn(axis, ms('00:00:00'))).toBe(0)
    expect(placeOn(axis, ms('00:00:30'))).toBe(0.5)
    expect(placeOn(axis, ms('00:02:00'))).toBe(1)
  })

  test('of one moment, or of none, has a length', () => {
    const axis = findAxis([stops[0]!.at])
    expect(axis.toMs).toBeGreaterThan(axis.fromMs)
    expect(findAxis([])).toEqual({ fromMs: 0, toMs: 1 })
  })
})

describe('the stops', () => {
  test('are found by time and by zxid, over epochs', () => {
    expect(stopAtTime(stops, ms('00:00:59'))).toBe(1)
    expect(stopAtTime(stops, ms('00:01:00'))).toBe(2)
    expect(stopAtTime(stops, ms('00:00:00') - 1)).toBe(0)
    expect(stopAtZxid(stops, '0xb')).toBe(1)
    expect(stopAtZxid(stops, '0x1')).toBe(0)
    expect(stopAtZxid(stops, null)).toBe(2)
  })

  test('are walked with the keys of a slider, and no further than its ends', () => {
    expect(stopByKey('ArrowLeft', 2, 3)).toBe(1)
    expect(stopByKey('ArrowLeft', 0, 3)).toBe(0)
    expect(stopByKey('ArrowUp', 2, 3)).toBe(2)
    expect(stopByKey('PageDown', 15, 30)).toBe(5)
    expect(stopByKey('PageUp', 25, 30)).toBe(29)
    expect(stopByKey('Home', 2, 3)).toBe(0)
    expect(stopByKey('End', 0, 3)).toBe(2)
    expect(stopByKey('Tab', 1, 3)).toBeNull()
  })
})
