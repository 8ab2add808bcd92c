import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { countPlaywright, withdraw } from './counts.mjs'
import { formatFailures, playwrightFailures, UNSTEADY_MAX } from './failures.mjs'
import { inProject } from './project.mjs'

/** The report of a real Playwright on one spec file. */
async function playwrightReport(spec: string): Promise<object> {
  // In the project, where a spec finds Playwright.
  await mkdir(inProject('test-results'), { recursive: true })
  const dir = await mkdtemp(inProject('test-results', 'failures-'))
  try {
    const report = join(dir, 'report.json')
    await writeFile(join(dir, 'a.spec.ts'), `import { expect, test } from '@playwright/test'\n${spec}`)
    await writeFile(
      join(dir, 'playwright.config.ts'),
      `export default { outputDir: 'out', reporter: 'json', testDir: '.', workers: 1 }`,
    )
    const args = [inProject('node_modules/@playwright/test/cli.js'), 'test', '--retries=1']
    const env = { ...process.env, PLAYWRIGHT_JSON_OUTPUT_FILE: report }
    await new Promise<void>((resolve) => {
      execFile(process.execPath, args, { cwd: dir, env }, () => resolve())
    })
    return JSON.parse(await readFile(report, 'utf8'))
  } finally {
    await rm(dir, { recursive: true })
  }
}

describe('playwrightFailures', () => {
  it('tells what failed twice from what failed once', async () => {
    const report = await playwrightReport(`
      test.describe('outer', () => {
        test('passes', () => {})
        test('never', () => { expect(1).toBe(2) })
        test('once', ({}, info) => { if (info.retry === 0) throw new Error('too early') })
      })`)

    const { failed, unsteady } = playwrightFailures(report, inProject())

    expect(failed).toEqual([{ file: 'a.spec.ts', name: 'outer › never', error: expect.stringContaining('Expected:') }])
    expect(unsteady).toEqual([{ file: 'a.spec.ts', name: 'outer › once', error: expect.stringContaining('too early') }])
    expect(countPlaywright(report, 1)).toEqual({ passed: 2, failed: 1 })
  })

  it('tells of a spec that does not load', async () => {
    const report = await playwrightReport(`throw new Error('broken spec')`)

    const { failed } = playwrightFailures(report, inProject())

    expect(failed[0]).toEqual({
      file: expect.stringContaining('a.spec.ts'),
      name: null,
      error: expect.stringContaining('broken spec'),
    })
  })

  it('has nothing to say without a report', () => {
    expect(playwrightFailures(null, inProject())).toEqual({ failed: [], unsteady: [] })
  })
})

describe('formatFailures', () => {
  const failure = (name: string, errorLines: number) => ({
    stage: 'integration',
    file: 'lib/a.int.test.ts',
    name,
    error: Array.from({ length: errorLines }, (_, i) => `\u001b[31mline ${i}\u001b[39m`).join('\n\n'),
  })

  it('names the stage, the file and the test, with the beginning of the error', () => {
    expect(formatFailures({ failed: [failure('a > b', 30)], unsteady: [] })).toEqual([
      'failed: integration › lib/a.int.test.ts › a > b',
      ...Array.from({ length: 15 }, (_, i) => `    line ${i}`),
    ])
  })

  it('fits into the end of an output, however much failed', () => {
    const many = Array.from({ length: 50 }, (_, i) => failure(`test ${i}`, 30))
    const lines = formatFailures({ failed: many, unsteady: many })

    expect(lines.length).toBeLessThan(90)
    expect(lines).toContain('failed: integration › lib/a.int.test.ts › test 19')
    expect(lines).toContain('failed: 30 more')
  })

  it('lists the unsteady, and says what they count as', () => {
    const unsteady = (count: number) => Array.from({ length: count }, (_, i) => failure(`test ${i}`, 1))

    expect(formatFailures({ failed: [], unsteady: unsteady(UNSTEADY_MAX) })).toEqual([
      'unsteady: integration › lib/a.int.test.ts › test 0',
      '    line 0',
      'unsteady: integration › lib/a.int.test.ts › test 1',
      '    line 0',
      '2 failed, and passed when run once more: counted as passed, to be looked into',
    ])
    expect(formatFailures({ failed: [], unsteady: unsteady(UNSTEADY_MAX + 1) }).at(-1)).toBe(
      '3 failed, and passed when run once more: more than 2 are too many, and all of them count as failed',
    )
  })

  it('is silent about a clean run', () => {
    expect(formatFailures({ failed: [], unsteady: [] })).toEqual([])
  })
})

it('withdraws passes', () => {
  expect(withdraw({ passed: 7, failed: 1 }, 3)).toEqual({ passed: 4, failed: 4 })
})
