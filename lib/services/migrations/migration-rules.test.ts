import { describe, expect, it } from 'vitest'
import {
  canConfirm,
  canFinish,
  canFollow,
  canGoOn,
  canStop,
  canSwitch,
  FINAL_ROUNDS_MAX,
  MIGRATION_STATES,
  type MigrationFacts,
  nextActOf,
  type RoundFacts,
  toMigrationState,
} from './migration-rules.ts'

const facts = (given: Partial<MigrationFacts>): MigrationFacts => ({
  state: 'checked',
  isConfirmed: false,
  targetIsArmed: true,
  clustersExist: true,
  isFinishing: false,
  hasPlan: true,
  ...given,
})
const round = (given: Partial<RoundFacts>): RoundFacts => ({
  restoreState: null,
  steps: null,
  isFinished: false,
  differences: null,
  ...given,
})
const following = { state: 'following', finalRounds: null, isComparing: false } as const
const finishing = { state: 'switching', finalRounds: FINAL_ROUNDS_MAX, isComparing: false } as const

describe('what may be done with a migration', () => {
  it('is confirmed only when it is checked, planned, and its target armed', () => {
    expect(canConfirm(facts({})).ok).toBe(true)
    expect(canConfirm(facts({ targetIsArmed: false })).reason).toContain('arm it')
    expect(canConfirm(facts({ hasPlan: false })).ok).toBe(false)
    expect(canConfirm(facts({ clustersExist: false })).ok).toBe(false)
    for (const state of MIGRATION_STATES.filter((each) => each !== 'checked'))
      expect(canConfirm(facts({ state })).ok, state).toBe(false)
  })

  it('is stopped while it is open, and goes on once it has stopped', () => {
    const allowed = (may: typeof canStop) => MIGRATION_STATES.filter((state) => may(facts({ state })).ok)
    expect(allowed(canStop)).toEqual(['checking', 'checked', 'copying', 'following', 'switching'])
    expect(allowed(canGoOn)).toEqual(['stopped', 'failed'])
    expect(allowed(canSwitch)).toEqual(['following'])
    expect(allowed(canFollow)).toEqual(['switching'])
    expect(allowed(canFinish)).toEqual(['switching'])
    for (const may of [canFollow, canFinish])
      expect(may(facts({ state: 'switching', isFinishing: true })).ok).toBe(false)
  })

  it('takes a state of another version for one in which nothing runs', () => {
    expect(toMigrationState('a state of later')).toBe('failed')
  })
})

describe('what the worker does next', () => {
  it('never writes before a person has confirmed', () => {
    for (const state of ['checking', 'checked'] as const) {
      const migration = { ...following, state }
      expect(nextActOf(migration, round({ restoreState: 'planned', steps: 4 }))).toBe('await-person')
      expect(nextActOf(migration, round({ restoreState: 'planned', steps: 0 }))).toBe('await-person')
    }
    for (const state of ['done', 'stopped', 'failed'] as const)
      expect(nextActOf({ ...following, state }, round({ restoreState: 'planned', steps: 4 }))).toBe('rest')
  })

  it('begins no round beside another one', () => {
    for (const restoreState of ['planning', 'queued', 'running', 'paused'])
      expect(nextActOf(following, round({ restoreState }))).toBe('wait')
    expect(nextActOf(following, round({ isFinished: true }))).toBe('start-round')
    expect(nextActOf(following, null)).toBe('start-round')
  })

  it('applies what differs, and drops a plan of nothing', () => {
    expect(nextActOf(following, round({ restoreState: 'planned', steps: 1 }))).toBe('confirm')
    expect(nextActOf(following, round({ restoreState: 'planned', steps: 0 }))).toBe('close-empty')
    expect(nextActOf(following, round({ restoreState: 'succeeded' }))).toBe('close-written')
  })

  it('tries a plan again, and stops at whatever else went wrong', () => {
    expect(nextActOf(following, round({ restoreState: 'plan-failed' }))).toBe('retry-plan')
    for (const restoreState of ['conflict', 'failed', 'incomplete', 'cancelled', null])
      expect(nextActOf(following, round({ restoreState }))).toBe('fail-round')
  })

  it('compares at the end only after a final round that found nothing', () => {
    const empty = round({ isFinished: true, differences: 0 })
    expect(nextActOf({ ...finishing, finalRounds: null }, empty)).toBe('await-person')
    expect(nextActOf(finishing, empty)).toBe('start-round')
    expect(nextActOf({ ...finishing, finalRounds: FINAL_ROUNDS_MAX - 1 }, empty)).toBe('compare')
    expect(nextActOf({ ...finishing, finalRounds: 2 }, round({ isFinished: true, differences: 3 }))).toBe('start-round')
    expect(nextActOf({ ...finishing, finalRounds: 0 }, round({ isFinished: true, differences: 3 }))).toBe(
      'give-up-finishing',
    )
    expect(nextActOf({ ...finishing, finalRounds: 2, isComparing: true }, empty)).toBe('wait')
  })
})
