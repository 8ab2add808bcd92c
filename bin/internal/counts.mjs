/** Checks that passed and failed. A stage that ended badly without a failed test (a crash, no tests at all) counts as one failed. */
export function countVitest(report, exitCode) {
  return settle(report?.numPassedTests, report?.numFailedTests, failedFiles(report), exitCode)
}

/** A test file that could not be loaded, or whose hooks failed, has no failed test in the report, only a status. */
function failedFiles(report) {
  return (report?.testResults ?? []).filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length
}

/** A test that failed and then passed (Playwright calls it flaky) counts as passed: how many of them a run may have is its own rule. */
export function countPlaywright(report, exitCode) {
  const { expected = 0, unexpected, flaky = 0 } = report?.stats ?? {}
  return settle(expected + flaky, unexpected, 0, exitCode)
}

export function countCheck(ok) {
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1 }
}

function settle(passed = 0, failedTests = 0, moreFailed = 0, exitCode) {
  const failed = failedTests + moreFailed
  return { passed, failed: failed === 0 && (exitCode !== 0 || passed === 0) ? 1 : failed }
}

export function sumCounts(counts) {
  return counts.reduce((sum, count) => ({ passed: sum.passed + count.passed, failed: sum.failed + count.failed }), {
    passed: 0,
    failed: 0,
  })
}

/** `count` of the tests that passed count as failed after all. */
export function withdraw({ passed, failed }, count) {
  return { passed: passed - count, failed: failed + count }
}

/** The last line of a test run, which other programs read. */
export function formatCounts({ passed, failed }) {
  return `${passed} passed, ${failed} failed`
}
