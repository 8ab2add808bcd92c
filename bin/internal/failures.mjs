import { relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'

/** A test that failed and then passed proves little: a few of them may be the machine's, more are ours. */
export const UNSTEADY_MAX = 2

const TESTS_MAX = 20
const ERROR_LINES_MAX = 15
// Of a long output often only the last 100 lines are kept: the errors of many tests must share them.
const ERROR_LINES_IN_ALL = 60

/** `failed` has not passed at all, `unsteady` failed and passed when it was tried again; each as { file, name, error }. */
export function playwrightFailures(report, root) {
  const failed = []
  const unsteady = []
  const visit = (suite, titles) => {
    for (const spec of suite.specs ?? []) {
      for (const { status, results } of spec.tests) {
        if (status !== 'unexpected' && status !== 'flaky') continue
        const errors = results.find(({ errors }) => errors.length > 0)?.errors ?? []
        const failure = {
          file: spec.file,
          name: [...titles, spec.title].join(' › '),
          error: errors.map((error) => error.message ?? error.value ?? '').join('\n'),
        }
        if (status === 'flaky') unsteady.push(failure)
        else failed.push(failure)
      }
    }
    for (const inner of suite.suites ?? []) visit(inner, [...titles, inner.title])
  }
  for (const file of report?.suites ?? []) visit(file, [])
  for (const { message = '', location } of report?.errors ?? [])
    failed.push({ file: location ? relative(root, location.file) : null, name: null, error: message })
  return { failed, unsteady }
}

/** The last thing before the sums: what failed, where and how. Each failure is { stage, file, name, error }. */
export function formatFailures({ failed, unsteady }) {
  const lines = []
  const listed = Math.min(failed.length, TESTS_MAX) + Math.min(unsteady.length, TESTS_MAX)
  const errorLinesMax = Math.min(ERROR_LINES_MAX, Math.floor(ERROR_LINES_IN_ALL / Math.max(listed, 1)))
  const list = (label, failures) => {
    for (const { stage, file, name, error } of failures.slice(0, TESTS_MAX)) {
      lines.push(`${label}: ${[stage, file, name].filter(Boolean).join(' › ')}`)
      lines.push(...firstLines(error, errorLinesMax).map((line) => `    ${line}`))
    }
    if (failures.length > TESTS_MAX) lines.push(`${label}: ${failures.length - TESTS_MAX} more`)
  }
  list('failed', failed)
  list('unsteady', unsteady)
  if (unsteady.length > 0) lines.push(verdict(unsteady.length))
  return lines
}

function verdict(count) {
  const what = `${count} failed, and passed when run once more`
  return count > UNSTEADY_MAX
    ? `${what}: more than ${UNSTEADY_MAX} are too many, and all of them count as failed`
    : `${what}: counted as passed, to be looked into`
}

function firstLines(text, count) {
  const lines = stripVTControlCharacters(text)
    .split('\n')
    .map((line) => line.trimEnd().slice(0, 300))
    .filter((line) => line !== '')
  return lines.slice(0, count)
}
