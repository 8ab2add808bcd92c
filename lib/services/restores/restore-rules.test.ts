import { describe, expect, it } from 'vitest'
import {
  canCancel,
  canConfirm,
  canPause,
  canPlanAnew,
  canReplan,
  canResume,
  canUndo,
  type RestoreFacts,
} from './restore-rules.ts'

const facts = (changes: Partial<RestoreFacts> = {}): RestoreFacts => ({
  state: 'planned',
  steps: 3,
  isConfirmed: false,
  clusterIsArmed: true,
  clusterExists: true,
  hasSafetyBackup: false,
  safetyIsGone: false,
  undoneById: null,
  pauseRequested: false,
  isUndo: false,
  isEdit: false,
  ...changes,
})
const ran = { isConfirmed: true, hasSafetyBackup: true } as const

describe('what may be done with a restore', () => {
  it('a plan is confirmed only on an armed cluster, and only when it writes something', () => {
    expect(canConfirm(facts()).ok).toBe(true)
    expect(canConfirm(facts({ clusterIsArmed: false })).reason).toMatch(/read-only/)
    expect(canConfirm(facts({ steps: 0 })).reason).toMatch(/nothing to write/)
    expect(canConfirm(facts({ state: 'running' })).ok).toBe(false)
    expect(canConfirm(facts({ clusterExists: false })).reason).toMatch(/removed/)
  })
  it('what wrote can be undone once, while its safety backup is there', () => {
    for (const state of ['succeeded', 'incomplete', 'conflict', 'failed', 'cancelled'] as const) {
      expect(canUndo(facts({ ...ran, state })).ok).toBe(true)
    }
    expect(canUndo(facts({ ...ran, state: 'running' })).ok).toBe(false)
    expect(canUndo(facts({ ...ran, state: 'failed', hasSafetyBackup: false })).ok).toBe(false)
    expect(canUndo(facts({ ...ran, state: 'succeeded', safetyIsGone: true })).ok).toBe(false)
    expect(canUndo(facts({ ...ran, state: 'succeeded', undoneById: 'x' })).ok).toBe(false)
  })
  it('only a confirmed run that was cut short goes on', () => {
    expect(canResume(facts({ ...ran, state: 'conflict' })).ok).toBe(true)
    expect(canResume(facts({ state: 'cancelled' })).reason).toMatch(/never confirmed/)
    expect(canResume(facts({ ...ran, state: 'succeeded' })).ok).toBe(false)
    expect(canResume(facts({ ...ran, state: 'failed', clusterIsArmed: false })).ok).toBe(false)
  })
  it('a run on its way pauses once, and then goes on, is undone, or is dropped', () => {
    for (const state of ['queued', 'running'] as const) expect(canPause(facts({ ...ran, state })).ok).toBe(true)
    expect(canPause(facts({ ...ran, state: 'running', pauseRequested: true })).reason).toMatch(/next batch/)
    for (const state of ['planned', 'paused', 'succeeded', 'conflict'] as const)
      expect(canPause(facts({ ...ran, state })).ok).toBe(false)
    const paused = facts({ ...ran, state: 'paused' })
    expect([canResume(paused).ok, canUndo(paused).ok, canCancel(paused).ok]).toEqual([true, true, true])
    expect(canResume(facts({ ...ran, state: 'paused', clusterIsArmed: false })).reason).toMatch(/read-only/)
    expect(canResume(facts({ ...ran, state: 'paused', undoneById: 'x' })).ok).toBe(false)
  })
  it('what has ended cannot be cancelled, and what was confirmed not planned again', () => {
    expect(canCancel(facts({ state: 'running' })).ok).toBe(true)
    expect(canCancel(facts({ state: 'succeeded' })).ok).toBe(false)
    expect(canReplan(facts()).ok).toBe(true)
    expect(canReplan(facts({ ...ran })).ok).toBe(false)
  })
  it('what has run is planned anew as a restore of its own, an undo too', () => {
    expect(canPlanAnew(facts({ ...ran, state: 'conflict' })).ok).toBe(true)
    expect(canPlanAnew(facts({ ...ran, state: 'conflict', clusterIsArmed: false })).ok).toBe(true)
    expect(canPlanAnew(facts({ ...ran, state: 'conflict', isUndo: true })).ok).toBe(true)
    expect(canPlanAnew(facts()).ok).toBe(false)
    expect(canPlanAnew(facts({ ...ran, state: 'conflict', clusterExists: false })).ok).toBe(false)
  })
})
