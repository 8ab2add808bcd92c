import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { decideKeeping } from './decide-keeping.ts'
import {
  describeGoReason,
  describeKeepReason,
  describePolicy,
  isEmptyPolicy,
  type KeepPolicy,
  type KeptBackup,
  PERIODS,
} from './keep-policy.ts'
import { isMassRemoval } from './removal-limit.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const NOW = Date.UTC(2026, 10, 26, 12)
const NONE: KeepPolicy = {
  timeZone: 'UTC',
  last: 0,
  hourly: 0,
  daily: 0,
  weekly: 0,
  monthly: 0,
  yearly: 0,
  atLeast: 1,
  minAgeDays: 0,
  safetyDays: 30,
  unsoundDays: 14,
}

function backup(id: string, ageHours: number, more: Partial<KeptBackup> = {}): KeptBackup {
  return {
    id,
    takenAtMs: NOW - ageHours * HOUR_MS,
    scope: '/',
    soundness: 'good',
    kind: 'usual',
    isVerified: false,
    isProved: false,
    pinned: false,
    hold: null,
    neededBy: [],
    ...more,
  }
}

const decide = (backups: readonly KeptBackup[], policy: Partial<KeepPolicy>) =>
  decideKeeping(backups, { ...NONE, ...policy }, NOW)
const staying = (backups: readonly KeptBackup[], policy: Partial<KeepPolicy>) =>
  decide(backups, policy).flatMap((each) => (each.stays ? [each.id] : []))
const words = (backups: readonly KeptBackup[], policy: Partial<KeepPolicy>) =>
  Object.fromEntries(
    decide(backups, policy).map((each) => [
      each.id,
      each.stays ? each.reasons.map(describeKeepReason).join('; ') : describeGoReason(each.reason),
    ]),
  )

/** One every six hours, the newest an hour old. */
const sixHourly = Array.from({ length: 40 }, (_, i) => backup(`b${i}`, 1 + 6 * i))

describe('what the rules keep', () => {
  test('every backup is told why it stays or goes', () => {
    expect(words(sixHourly.slice(0, 6), { last: 2, daily: 2 })).toEqual({
      b0: 'the last good backup; 1 of the last 2; daily for 2026-11-26 (1 of 2); one of the 1 that always stay',
      b1: '2 of the last 2',
      b2: 'daily for 2026-11-25 (2 of 2)',
      b3: 'no rule keeps it',
      b4: 'no rule keeps it',
      b5: 'no rule keeps it',
    })
  })

  test('of each period the newest stays, and days without a backup are not counted', () => {
    const sparse = [
      backup('today', 1),
      backup('week-ago', 24 * 7),
      backup('week-ago-2', 24 * 7 + 3),
      backup('old', 24 * 90),
    ]
    expect(staying(sparse, { daily: 3 })).toEqual(['today', 'week-ago', 'old'])
    expect(staying(sparse, { weekly: 2 })).toEqual(['today', 'week-ago'])
    expect(staying(sparse, { yearly: 9 })).toEqual(['today'])
  })

  test('days begin at midnight in the time zone of the policy', () => {
    // 12 o'clock UTC is 21 o'clock in Tokyo: ten hours ago it was the same day there, 22 hours ago the one before.
    const few = [backup('a', 1), backup('b', 10), backup('c', 15), backup('d', 22)]
    expect(staying(few, { daily: 2, timeZone: 'Asia/Tokyo' })).toEqual(['a', 'd'])
    expect(staying(few, { daily: 2, timeZone: 'UTC' })).toEqual(['a', 'c'])
  })

  test('partial and damaged ones are not counted, push out no good one, and go after their time', () => {
    const few = [
      backup('bad', 1, { soundness: 'damaged' }),
      backup('part', 2, { soundness: 'partial' }),
      backup('good', 3),
      backup('good-2', 4),
      backup('old-bad', 24 * 20, { soundness: 'damaged' }),
      backup('old-part', 24 * 20, { soundness: 'partial' }),
    ]
    expect(words(few, { last: 2 })).toMatchObject({
      bad: 'kept 14 days to be looked at',
      part: 'kept 14 days to be looked at; no good backup of its scope is newer',
      good: expect.stringContaining('1 of the last 2'),
      'good-2': '2 of the last 2',
      'old-bad': 'damaged, older than 14 days, and a good one is newer',
      'old-part': 'partial, older than 14 days, and a good one is newer',
    })
    expect(staying([backup('only', 24 * 90, { soundness: 'damaged' })], { last: 1 })).toEqual(['only'])
    expect(staying([backup('new-part', 24 * 90, { soundness: 'partial' }), backup('g', 24 * 91)], { last: 1 })).toEqual(
      ['new-part', 'g'],
    )
  })

  test('the last good one stays, and the newest that was verified and proved with it', () => {
    const few = [
      backup('new', 1),
      backup('newer-bad', 0.5, { soundness: 'damaged' }),
      backup('verified', 30, { isVerified: true }),
      backup('proved', 60, { isVerified: true, isProved: true }),
      backup('proved-2', 90, { isVerified: true, isProved: true }),
    ]
    expect(words(few, { hourly: 1, unsoundDays: 0 })).toMatchObject({
      new: expect.stringContaining('the last good backup'),
      verified: 'the newest that was read again and found sound',
      proved: 'the newest that a drill has proved restorable',
      'proved-2': 'no rule keeps it',
      'newer-bad': 'damaged, older than 0 days, and a good one is newer',
    })
  })

  test('safety backups and imports have rules of their own', () => {
    const few = [
      backup('s-new', 24 * 29, { kind: 'safety' }),
      backup('s-old', 24 * 31, { kind: 'safety' }),
      backup('s-needed', 24 * 400, { kind: 'safety', neededBy: ['a restore that can go on'] }),
      backup('imported', 24 * 400, { kind: 'import' }),
      backup('good', 24 * 300),
    ]
    expect(words(few, { last: 1 })).toEqual({
      's-new': "a restore's safety backup, kept 30 days for its undo",
      's-old': 'a safety backup older than 30 days, whose restore has ended',
      's-needed': 'needed: a restore that can go on',
      imported: 'imported: no rule removes it',
      good: 'the last good backup; 1 of the last 1; one of the 1 that always stay',
    })
  })

  test('a pin, a hold that stands, what is needed, and the future stay', () => {
    const few = [
      backup('new', 1),
      backup('pinned', 100, { pinned: true }),
      backup('held', 101, { hold: { by: 'Ada', untilMs: null } }),
      backup('held-until', 102, { hold: { by: 'Ada', untilMs: NOW + DAY_MS } }),
      backup('held-no-more', 103, { hold: { by: 'Ada', untilMs: NOW } }),
      backup('future', -5),
      backup('young', 20),
    ]
    expect(words(few, { last: 1, minAgeDays: 1 })).toMatchObject({
      pinned: 'pinned',
      held: 'held by Ada',
      'held-until': 'held by Ada until 2026-11-27',
      'held-no-more': 'no rule keeps it',
      future: expect.stringContaining('taken later than now by this clock'),
      young: 'younger than 1 day',
    })
  })

  test('each scope is a series of its own', () => {
    const few = [backup('sub', 1, { scope: '/a' }), backup('sub-2', 2, { scope: '/a' }), backup('whole', 500)]
    expect(staying(few, { last: 1 })).toEqual(['sub', 'whole'])
  })
})

test('a policy is put in words, and one that keeps nothing is empty', () => {
  expect(isEmptyPolicy(NONE)).toBe(true)
  expect(isEmptyPolicy({ ...NONE, yearly: 1 })).toBe(false)
  expect(describePolicy({ ...NONE, last: 7, hourly: 24, daily: 1 })).toBe(
    'the last 7, 1 an hour for 24 hours, 1 a day for 1 day',
  )
  expect(describePolicy(NONE)).toBe('nothing')
})

test('more than half of the good ones at once needs a person', () => {
  expect(isMassRemoval({ good: 4, goodGoing: 2 })).toBe(false)
  expect(isMassRemoval({ good: 4, goodGoing: 3 })).toBe(true)
  expect(isMassRemoval({ good: 0, goodGoing: 0 })).toBe(false)
})

describe('whatever the backups and the policy are', () => {
  const RUNS = 300

  function randomBackups(random: SeededRandom): KeptBackup[] {
    const count = 1 + random.below(60)
    const spreadHours = random.pick([2, 48, 24 * 40, 24 * 900])
    return Array.from({ length: count }, (_, i) =>
      backup(`b${i}`, random.next() * spreadHours - (random.chance(0.05) ? 30 : 0), {
        scope: random.pick(['/', '/', '/', '/a', '/b']),
        soundness: random.pick(['good', 'good', 'good', 'good', 'partial', 'damaged']),
        kind: random.pick(['usual', 'usual', 'usual', 'usual', 'usual', 'safety', 'import']),
        isVerified: random.chance(0.3),
        isProved: random.chance(0.1),
        pinned: random.chance(0.05),
        hold: random.chance(0.1) ? { by: 'Ada', untilMs: random.pick([null, NOW - 1, NOW + 1]) } : null,
        neededBy: random.chance(0.05) ? ['a job'] : [],
      }),
    )
  }

  function randomPolicy(random: SeededRandom): KeepPolicy {
    const few = () => (random.chance(0.5) ? 0 : random.below(8))
    return {
      timeZone: random.pick(['UTC', 'Europe/Berlin', 'America/St_Johns', 'Pacific/Apia', 'Asia/Kathmandu']),
      last: few(),
      hourly: few(),
      daily: few(),
      weekly: few(),
      monthly: few(),
      yearly: few(),
      atLeast: 1 + random.below(4),
      minAgeDays: random.below(3),
      safetyDays: random.below(40),
      unsoundDays: random.below(20),
    }
  }

  function forEachRun(check: (backups: KeptBackup[], policy: KeepPolicy, random: SeededRandom) => void): void {
    for (let seed = 1; seed <= RUNS; seed++) {
      const random = new SeededRandom(seed)
      try {
        check(randomBackups(random), randomPolicy(random), random)
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error })
      }
    }
  }

  const keep = (backups: readonly KeptBackup[], policy: KeepPolicy) =>
    decideKeeping(backups, policy, NOW).flatMap((each) => (each.stays ? [each.id] : []))

  test('the last good one of each scope stays, and the newest verified and proved ones, and the least number', () => {
    forEachRun((backups, policy) => {
      const kept = new Set(keep(backups, policy))
      const series = Map.groupBy(
        backups.filter(({ kind, soundness }) => kind === 'usual' && soundness === 'good'),
        ({ scope }) => scope,
      )
      for (const all of series.values()) {
        const sorted = all.toSorted((a, b) => b.takenAtMs - a.takenAtMs)
        for (const { id } of sorted.slice(0, policy.atLeast)) expect(kept).toContain(id)
        for (const mark of ['isVerified', 'isProved'] as const) {
          const newest = sorted.find((each) => each[mark])
          if (newest) expect(kept).toContain(newest.id)
        }
      }
    })
  })

  test('what is pinned, held or needed stays', () => {
    forEachRun((backups, policy) => {
      const kept = new Set(keep(backups, policy))
      for (const { id, pinned, hold, neededBy } of backups) {
        const isHeld = hold !== null && (hold.untilMs === null || hold.untilMs > NOW)
        if (pinned || isHeld || neededBy.length > 0) expect(kept).toContain(id)
      }
    })
  })

  test('a policy that keeps more keeps all that one which keeps less does', () => {
    forEachRun((backups, policy, random) => {
      const counts = ['last', ...PERIODS, 'atLeast', 'minAgeDays', 'safetyDays', 'unsoundDays'] as const
      const more = { ...policy }
      for (const count of counts) more[count] += random.below(4)
      const kept = new Set(keep(backups, more))
      for (const id of keep(backups, policy)) expect(kept).toContain(id)
    })
  })

  test('what stayed stays when the rest is gone', () => {
    forEachRun((backups, policy) => {
      const kept = keep(backups, policy)
      const rest = backups.filter(({ id }) => kept.includes(id))
      expect(keep(rest, policy)).toEqual(kept)
    })
  })

  test('the order of the input changes nothing', () => {
    forEachRun((backups, policy, random) => {
      const shuffled = backups
        .map((each) => ({ each, key: random.next() }))
        .toSorted((a, b) => a.key - b.key)
        .map(({ each }) => each)
      const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1)
      expect(decideKeeping(shuffled, policy, NOW).toSorted(byId)).toEqual(
        decideKeeping(backups, policy, NOW).toSorted(byId),
      )
    })
  })

  test('a clock that jumps forward by years takes nothing from what the rules keep of sound backups', () => {
    forEachRun((backups, policy) => {
      const timeless = { ...policy, minAgeDays: 0 }
      const usual = backups.filter(({ kind, soundness, hold }) => kind === 'usual' && soundness === 'good' && !hold)
      const past = usual.filter(({ takenAtMs }) => takenAtMs <= NOW)
      const later = decideKeeping(past, timeless, NOW + 3650 * DAY_MS).flatMap((each) => (each.stays ? [each.id] : []))
      expect(later).toEqual(keep(past, timeless))
    })
  })
})
