import { describe, expect, test } from 'vitest'
import type { Severity } from './rules.ts'
import { type AlertMemory, type AlertTiming, type NoticeEvent, stepAlert } from './step-alert.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** Looks once a minute at what `seen` says, and tells which notices came when. */
function watch(
  seen: readonly (Severity | null | 'unknown')[],
  timing: Partial<AlertTiming> = {},
  change: (memory: AlertMemory, minute: number) => AlertMemory = (memory) => memory,
) {
  const times: AlertTiming = { holdMs: 0, clearMs: 0, repeatMs: HOUR, ...timing }
  let memory: AlertMemory | null = null
  const notices: string[] = []
  const ends: string[] = []
  seen.forEach((each, minute) => {
    if (each === 'unknown') return
    const step = stepAlert(memory, each && { severity: each }, times, minute * MINUTE)
    const tell = (notice: NoticeEvent | null) => notice && notices.push(`${minute} ${notice}`)
    if (step.kind === 'keep') {
      memory = change(step.memory, minute)
      tell(step.notice)
    } else {
      memory = null
      if (step.kind !== 'none') ends.push(`${minute} ${step.kind}`)
      if (step.kind === 'resolve') tell(step.notice)
    }
  })
  return { notices, ends, memory: memory as AlertMemory | null }
}

const for_ = (minutes: number, what: Severity | null | 'unknown'): (Severity | null | 'unknown')[] =>
  Array.from({ length: minutes }, () => what)

describe('an alert', () => {
  test('fires at once where nothing is waited for, and is over with one word', () => {
    const { notices, ends } = watch([null, 'warning', 'warning', null, null])
    expect(notices).toEqual(['1 firing', '3 resolved'])
    expect(ends).toEqual(['3 resolve'])
  })

  test('waits as long as its rule says, and what went by itself meanwhile is told to nobody', () => {
    expect(watch([...for_(5, 'critical'), null], { holdMs: 5 * MINUTE })).toMatchObject({
      notices: [],
      ends: ['5 forget'],
    })
    expect(watch([...for_(6, 'critical'), null], { holdMs: 5 * MINUTE }).notices).toEqual(['5 firing', '6 resolved'])
  })

  test('that comes and goes is one alert, until it stays away', () => {
    const flapping = ['warning', null, 'warning', null, null, 'warning', null, null, null, null] as const
    const { notices } = watch(flapping, { clearMs: 3 * MINUTE })
    expect(notices).toEqual(['0 firing', '9 resolved'])
  })

  test('is reminded of at most once in so many hours', () => {
    const { notices } = watch(for_(4 * 60 + 1, 'warning'), { repeatMs: 2 * HOUR })
    expect(notices).toEqual(['0 firing', '120 repeat', '240 repeat'])
  })

  test('that grows worse is told at once; one that grows better is not', () => {
    expect(watch(['warning', 'warning', 'critical', 'critical', 'info']).notices).toEqual(['0 firing', '2 firing'])
  })

  test('of which nothing is known stays what it is', () => {
    const { notices, ends } = watch(['warning', ...for_(30, 'unknown'), 'warning', null])
    expect(notices).toEqual(['0 firing', '32 resolved'])
    expect(ends).toEqual(['32 resolve'])
  })
})

describe('a silence', () => {
  const silence = (untilMinute: number) => (memory: AlertMemory) => ({
    ...memory,
    silentUntilMs: untilMinute * MINUTE,
  })

  test('holds reminders back until it ends, and not the word that it is over', () => {
    const { notices } = watch(for_(301, 'warning'), { repeatMs: HOUR }, silence(200))
    expect(notices).toEqual(['0 firing', '200 repeat', '260 repeat'])
    expect(watch(['warning', 'warning', null], {}, silence(1000)).notices).toEqual(['0 firing', '2 resolved'])
  })

  test('from before it fired is not followed by a word that it is over when it never was told', () => {
    const timing = { holdMs: 2 * MINUTE }
    const { notices, ends } = watch([...for_(5, 'warning'), null], timing, silence(1000))
    expect(notices).toEqual([])
    expect(ends).toEqual(['5 resolve'])
    expect(watch(for_(20, 'warning'), timing, silence(10)).notices).toEqual(['10 firing'])
  })
})
