/** Checks that passed and failed. A stage that ended badly without a failed test (a crash, no tests at all) counts as one failed. */
export function countVitest(report, exitCode) {
  return settle(report?.numPassedTests, report?.numFailedTests, failedFiles(report), exitCode)
}

/** A test file that could not even be loaded has no tests in the report, only a status. */
function failedFiles(report) {
  return (report?.testResults ?? []).filter((file) => file.status === 'failed' && file.assertionResults.length === 0)
    .length
}

/** A flaky test (failed, then passed) counts as failed: it is no proof. */
export function countPlaywright(report, exitCode) {
  const { expected, unexpected, flaky } = report?.stats ?? {}
  return settle(expected, unexpected, flaky, exitCode)
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

/** The last line of a test run, which other programs read. */
export function formatCounts({ passed, failed }) {
  return `${passed} passed, ${failed} failed`
}
