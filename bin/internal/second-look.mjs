import { countVitest } from './counts.mjs'
import { inProject } from './project.mjs'

/** When more files failed than this, something is broken that a second run would only find again. */
const FILES_MAX = 5

/** `report` is vitest's own; beside it, to ARKEEPER_VITEST_FAILURES, goes what that leaves out. */
export function reporterArguments(report) {
  return [
    '--reporter=json',
    `--outputFile.json=${report}`,
    `--reporter=${inProject('bin/internal/vitest-failures.mjs')}`,
  ]
}

/**
 * Files in which something failed are run once more, whole and one after the other: their tests may share a server that the first
 * failure took along. Both runs are { ok, report, failures }.
 */
export async function lookAgain(first, runAgain) {
  const asBefore = { counts: countVitest(first.report, first.ok ? 0 : 1), failed: first.failures, unsteady: [] }
  const files = [...new Set(first.failures.map(({ file }) => file))]
  if (first.ok || first.report === null || files.length === 0 || files.length > FILES_MAX || files.includes(null))
    return asBefore
  const second = await runAgain(files)
  // A second run that ended without saying why proves nothing.
  if (second.report === null || (!second.ok && second.failures.length === 0)) return asBefore
  return {
    counts: countVitest(merge(first.report, second.report), second.ok ? 0 : 1),
    failed: second.failures,
    unsteady: without(first.failures, second.failures),
  }
}

/** What the first run says of a file is replaced by what the second says of it. */
function merge(first, second) {
  const again = new Set(second.testResults.map(({ name }) => name))
  const testResults = [...first.testResults.filter(({ name }) => !again.has(name)), ...second.testResults]
  const tests = testResults.flatMap((file) => file.assertionResults)
  const count = (status) => tests.filter((test) => test.status === status).length
  return { testResults, numPassedTests: count('passed'), numFailedTests: count('failed') }
}

function without(failures, others) {
  const key = ({ file, name }) => `${file}\n${name}`
  const seen = new Set(others.map(key))
  return failures.filter((failure) => !seen.has(key(failure)))
}
