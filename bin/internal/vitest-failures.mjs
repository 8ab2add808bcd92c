import { writeFileSync } from 'node:fs'
import { relative } from 'node:path'

/**
 * A reporter of vitest that writes everything that failed to ARKEEPER_VITEST_FAILURES: the JSON report leaves out hooks after the
 * tests and errors that nobody caught. `name` is null for a file as a whole, `file` is null where nothing tells which one it was.
 */
export default class VitestFailures {
  onTestRunEnd(modules, unhandled) {
    const failures = []
    for (const module of modules) {
      const file = relative('', module.moduleId)
      for (const error of module.errors()) failures.push({ file, name: null, error: textOf(error) })
      for (const suite of module.children.allSuites())
        for (const error of suite.errors()) failures.push({ file, name: suite.fullName, error: textOf(error) })
      for (const test of module.children.allTests('failed'))
        failures.push({ file, name: test.fullName, error: (test.result().errors ?? []).map(textOf).join('\n') })
    }
    for (const error of unhandled) {
      const file = error.VITEST_TEST_PATH === undefined ? null : relative('', error.VITEST_TEST_PATH)
      failures.push({ file, name: null, error: `nobody caught: ${textOf(error)}` })
    }
    writeFileSync(process.env.ARKEEPER_VITEST_FAILURES, JSON.stringify(failures))
  }
}

/** The message, what differed, and where in our own code it happened. */
function textOf({ name = 'Error', message, diff, stack = '' }) {
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line))
  const ours = frames.filter((line) => !line.includes('node_modules') && !line.includes('node:')).slice(0, 4)
  return [`${name}: ${message}`, ...(diff ? [diff] : []), ...ours].join('\n')
}
