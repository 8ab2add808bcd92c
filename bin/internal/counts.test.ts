import { describe, expect, it } from 'vitest'
import { countCheck, countPlaywright, countVitest, formatCounts, sumCounts } from './counts.mjs'

describe('countVitest', () => {
  it('counts tests, not files, and leaves skipped ones out', () => {
    expect(countVitest({ numPassedTests: 7, numFailedTests: 2, numPendingTests: 3, testResults: [] }, 1)).toEqual({
      passed: 7,
      failed: 2,
    })
  })

  it('counts a file that could not be loaded as a failure', () => {
    const broken = { status: 'failed', assertionResults: [] }
    const report = {
      numPassedTests: 7,
      numFailedTests: 0,
      testResults: [broken, { status: 'passed', assertionResults: [{}] }],
    }
    expect(countVitest(report, 1)).toEqual({ passed: 7, failed: 1 })
  })

  it('counts a file whose tests did not run, or whose hooks failed, as a failure', () => {
    const hook = { status: 'failed', assertionResults: [{ status: 'skipped' }] }
    const counted = { status: 'failed', assertionResults: [{ status: 'failed' }] }
    const report = { numPassedTests: 7, numFailedTests: 1, testResults: [hook, counted] }
    expect(countVitest(report, 1)).toEqual({ passed: 7, failed: 2 })
  })

  it('never calls a run good that ended badly, wrote no report, or had no tests', () => {
    expect(countVitest({ numPassedTests: 7, numFailedTests: 0, testResults: [] }, 1)).toEqual({ passed: 7, failed: 1 })
    expect(countVitest(null, 1)).toEqual({ passed: 0, failed: 1 })
    expect(countVitest(null, 0)).toEqual({ passed: 0, failed: 1 })
    expect(countVitest({ numPassedTests: 0, numFailedTests: 0, testResults: [] }, 0)).toEqual({ passed: 0, failed: 1 })
  })

  it('is clean for a clean run', () => {
    expect(countVitest({ numPassedTests: 7, numFailedTests: 0, testResults: [] }, 0)).toEqual({ passed: 7, failed: 0 })
  })
})

describe('countPlaywright', () => {
  it('counts a test that passed when it was run once more as passed', () => {
    expect(countPlaywright({ stats: { expected: 5, unexpected: 1, flaky: 1, skipped: 2 } }, 1)).toEqual({
      passed: 6,
      failed: 1,
    })
  })

  it('never calls a run good that ended badly or wrote no report', () => {
    expect(countPlaywright({ stats: { expected: 5, unexpected: 0, flaky: 0 } }, 1)).toEqual({ passed: 5, failed: 1 })
    expect(countPlaywright(null, 0)).toEqual({ passed: 0, failed: 1 })
  })
})

it('sums to one line', () => {
  const counts = [countCheck(true), countCheck(false), { passed: 40, failed: 2 }]
  expect(formatCounts(sumCounts(counts))).toBe('41 passed, 3 failed')
  expect(formatCounts(sumCounts([]))).toBe('0 passed, 0 failed')
})
