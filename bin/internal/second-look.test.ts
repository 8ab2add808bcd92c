import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { countVitest } from './counts.mjs'
import { inProject } from './project.mjs'
import { lookAgain, reporterArguments } from './second-look.mjs'

interface Run {
  ok: boolean
  report: { testResults: unknown[] } | null
  failures: { file: string | null; name: string | null; error: string }[]
}

let dir: string

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-second-look-'))
  await writeFile(join(dir, 'vitest.config.mjs'), 'export default { test: { globals: true } }\n')
})

afterEach(async () => {
  await rm(dir, { recursive: true })
})

const write = (name: string, text: string) => writeFile(join(dir, name), text)

/** A file whose first `call` fails and whose later ones do not. */
const failsOnce = (mark: string) => `
  import { existsSync, writeFileSync } from 'node:fs'
  const failOnce = () => {
    if (existsSync('${mark}')) return
    writeFileSync('${mark}', '')
    throw new Error('too early')
  }
`

/** The real vitest on the files of `dir`. */
async function run(files: string[] = []): Promise<Run> {
  const [report, failures] = [join(dir, 'report.json'), join(dir, 'failures.json')]
  await Promise.all([rm(report, { force: true }), rm(failures, { force: true })])
  const env = { ...process.env, ARKEEPER_VITEST_FAILURES: failures }
  const args = [inProject('node_modules/vitest/vitest.mjs'), 'run', ...reporterArguments(report), ...files]
  const ok = await new Promise<boolean>((resolve) => {
    execFile(process.execPath, args, { cwd: dir, env }, (error) => resolve(error === null))
  })
  return {
    ok,
    report: JSON.parse(await readFile(report, 'utf8')),
    failures: JSON.parse(await readFile(failures, 'utf8')),
  }
}

describe('lookAgain', () => {
  it('calls what passes the second time unsteady, and what fails twice failed', async () => {
    await write(
      'a.test.mjs',
      `${failsOnce('a')} describe('outer', () => { it('once (a+b)', failOnce); it('never', () => { expect(1).toBe(2) }); it('fine', () => {}) })`,
    )
    await write('b.test.mjs', `${failsOnce('b')} beforeAll(failOnce); it('one', () => {}); it('two', () => {})`)
    await write('c.test.mjs', `it('of another file', () => {})`)

    const first = await run()
    const asked: string[][] = []
    const outcome = await lookAgain(first, (files: string[]) => {
      asked.push(files)
      return run(files)
    })

    expect(countVitest(first.report, 1)).toEqual({ passed: 2, failed: 3 })
    expect(asked.map((files) => files.toSorted())).toEqual([['a.test.mjs', 'b.test.mjs']])
    expect(outcome.counts).toEqual({ passed: 5, failed: 1 })
    expect(outcome.failed).toEqual([
      { file: 'a.test.mjs', name: 'outer > never', error: expect.stringContaining('expected 1 to be 2') },
    ])
    expect(outcome.unsteady.map(({ file, name }: { file: string; name: string | null }) => [file, name])).toEqual(
      expect.arrayContaining([
        ['a.test.mjs', 'outer > once (a+b)'],
        ['b.test.mjs', null],
      ]),
    )
    expect(outcome.unsteady).toHaveLength(2)
  })

  it('finds what the report of vitest leaves out: files that do not load, hooks after the tests, errors that nobody caught', async () => {
    await write('a.test.mjs', `import './missing.mjs'`)
    await write(
      'b.test.mjs',
      `describe('b', () => { afterAll(() => { throw new Error('does not stop') }); it('fine', () => {}) })`,
    )
    await write(
      'c.test.mjs',
      `it('fine', async () => { await new Promise((resolve) => setImmediate(() => { resolve(); throw new Error('lost') })) })`,
    )

    const { failures } = await run()

    const said = failures.toSorted((a, b) => (String(a.file) < String(b.file) ? -1 : 1))
    expect(said).toEqual([
      { file: 'a.test.mjs', name: null, error: expect.stringContaining('missing.mjs') },
      { file: 'b.test.mjs', name: 'b', error: expect.stringContaining('Error: does not stop') },
      { file: 'c.test.mjs', name: null, error: expect.stringContaining('nobody caught: Error: lost') },
    ])
  })

  it('does not run again what passed, what is broken everywhere, and what no file is known of', async () => {
    const never = () => {
      throw new Error('was run again')
    }
    const report = { numPassedTests: 4, numFailedTests: 0, testResults: [] }
    const failures = (files: (string | null)[]) => files.map((file) => ({ file, name: 'x', error: '' }))
    const many = failures(['1', '2', '3', '4', '5', '6'])

    expect(await lookAgain({ ok: true, report, failures: [] }, never)).toMatchObject({
      counts: { passed: 4, failed: 0 },
    })
    expect(await lookAgain({ ok: false, report, failures: [] }, never)).toMatchObject({
      counts: { passed: 4, failed: 1 },
    })
    expect(await lookAgain({ ok: false, report, failures: many }, never)).toMatchObject({ failed: many, unsteady: [] })
    expect(await lookAgain({ ok: false, report, failures: failures([null]) }, never)).toMatchObject({ unsteady: [] })
    expect(await lookAgain({ ok: false, report: null, failures: [] }, never)).toMatchObject({
      counts: { passed: 0, failed: 1 },
    })
  })

  it('keeps the first word when the second run ended without one', async () => {
    const failures = [{ file: 'a', name: 'x', error: '' }]
    const report = { numPassedTests: 4, numFailedTests: 1, testResults: [] }
    const first = { ok: false, report, failures }
    const asBefore = { counts: { passed: 4, failed: 1 }, failed: failures, unsteady: [] }

    expect(await lookAgain(first, () => ({ ok: false, report: null, failures: [] }))).toEqual(asBefore)
    expect(await lookAgain(first, () => ({ ok: false, report, failures: [] }))).toEqual(asBefore)
  })
})
