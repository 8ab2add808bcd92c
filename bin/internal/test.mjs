import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { prepare } from './build.mjs'
import { countCheck, countPlaywright, formatCounts, sumCounts, withdraw } from './counts.mjs'
import { Failure } from './failure.mjs'
import { formatFailures, playwrightFailures, UNSTEADY_MAX } from './failures.mjs'
import { formatSeconds, say, warn } from './output.mjs'
import { explain, runVisible } from './processes.mjs'
import { inProject, ROOT } from './project.mjs'
import { fetchS3Server } from './s3-server.mjs'
import { lookAgain, reporterArguments } from './second-look.mjs'
import { ensureSystemPackages } from './system-packages.mjs'
import { fetchNewest } from './zookeepers.mjs'

const MINUTE_MS = 60_000
const REPORTS = inProject('test-results', 'reports')

/** Runs every stage asked for, also after one that failed; its last line of output is `N passed, N failed`. */
export async function test({ stages }) {
  const results = []
  const skipped = []
  try {
    const tools = await prepare({ withBuild: false })
    const early = stages.filter((stage) => NEEDS_NOTHING.includes(stage))
    const late = stages.filter((stage) => !NEEDS_NOTHING.includes(stage))
    // Fetching them is mostly waiting; a failure of it is told when they are needed.
    const settingUp = setUp(late, tools).then(
      (ready) => ready,
      (error) => ({ error }),
    )
    results.push(...(await runStages(early, tools)))
    const { env, error, missing } = await settingUp
    if (error) throw error
    skipped.push(...missing)
    results.push(...(await runStages(late, { ...tools, env })))
  } catch (error) {
    // The set-up is what failed; whoever reads only the last line must see that.
    process.stderr.write(error instanceof Failure ? `arkeeper: ${error.message}\n` : `${error?.stack ?? error}\n`)
    results.push({ name: 'set-up', counts: countCheck(false), ms: 0 })
  }
  return summarize(results, skipped)
}

/** Node.js and the packages of npm are enough for them: they run while the rest is fetched. */
const NEEDS_NOTHING = ['lint', 'types', 'unit']

/** What the stages need from outside npm, and a line for each server that could not be had. */
async function setUp(stages, tools) {
  const names = new Set(stages.flatMap((stage) => NEEDS[stage] ?? []))
  const env = await ensureSystemPackages([...names], tools.env)
  const missing = stages.includes('integration') ? [await fetchNewest(env), await fetchS3Server(env)] : []
  return { env, missing: missing.filter((line) => line !== null) }
}

const NEEDS = {
  postgresql: ['java', 'zookeeper', 'postgresql'],
  integration: ['java', 'zookeeper', 'age'],
  e2e: ['java', 'zookeeper', 'postgresql', 'chromium'],
}

/** Format, lint, types and unit tests: seconds, no services. */
export async function check() {
  const tools = await prepare({ withBuild: false })
  return summarize(await runStages(['lint', 'types', 'unit'], tools))
}

async function runStages(stages, tools) {
  const results = []
  for (const name of stages) {
    say(`\n── ${name} ──`)
    const startedAt = Date.now()
    const broken = name === 'e2e' && results.some((result) => result.name === 'build' && result.counts.failed > 0)
    if (broken) warn('the end-to-end tests were not run: there is nothing built to drive')
    const { counts, failed = [], unsteady = [] } = broken ? { counts: countCheck(false) } : await STAGES[name](tools)
    const ms = Date.now() - startedAt
    results.push({ name, counts, failed, unsteady, ms })
    say(`${name}: ${formatCounts(counts)} (${formatSeconds(ms)})`)
  }
  return results
}

function summarize(results, skipped = []) {
  const all = (kind) =>
    results.flatMap((result) => (result[kind] ?? []).map((test) => ({ stage: result.name, ...test })))
  const silent = results.filter(({ counts, failed = [] }) => counts.failed > 0 && failed.length === 0)
  const failed = [
    ...all('failed'),
    ...silent.map(({ name }) => ({ stage: name, error: 'it says why in its output above' })),
  ]
  const unsteady = all('unsteady')
  if (unsteady.length > UNSTEADY_MAX)
    for (const result of results) result.counts = withdraw(result.counts, result.unsteady?.length ?? 0)
  if (failed.length + unsteady.length > 0) say('\n── what failed ──')
  for (const line of formatFailures({ failed, unsteady })) say(line)
  if (skipped.length > 0) say('\n── what was skipped ──')
  for (const line of skipped) say(line)
  say('')
  for (const { name, counts, ms } of results) say(`${name.padEnd(12)} ${formatCounts(counts)}, ${formatSeconds(ms)}`)
  const sum = sumCounts(results.map((result) => result.counts))
  say(formatCounts(sum))
  return sum.failed > 0 ? 1 : 0
}

const STAGES = {
  lint: async (tools) => ({
    counts: countCheck(await runPackage(tools, ['@biomejs/biome', 'bin', 'biome'], ['check', '.'], MINUTE_MS)),
  }),
  types: async (tools) => {
    const next = await runPackage(tools, ['next', 'dist', 'bin', 'next'], ['typegen'], 2 * MINUTE_MS)
    const ok = next && (await runPackage(tools, ['typescript', 'bin', 'tsc'], ['--noEmit', '-p', '.'], 5 * MINUTE_MS))
    return { counts: countCheck(ok) }
  },
  unit: (tools) => vitest(tools, 'unit', 8 * MINUTE_MS),
  postgresql: (tools) => vitest(tools, 'postgresql', 10 * MINUTE_MS),
  integration: (tools) => vitest(tools, 'integration', 12 * MINUTE_MS),
  build: async () => {
    try {
      await prepare()
      return { counts: countCheck(true) }
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      warn(error.message)
      return { counts: countCheck(false) }
    }
  },
  e2e: playwright,
}

async function vitest(tools, project, timeoutMs) {
  const deadline = Date.now() + timeoutMs
  const first = await runVitest(tools, project, [], timeoutMs)
  return lookAgain(first, (files) => {
    say(`\n── ${project}: a second look at ${files.join(', ')} ──`)
    const args = ['--no-file-parallelism', ...files]
    return runVitest(tools, project, args, Math.max(deadline - Date.now(), 1_000), '-again')
  })
}

async function runVitest(tools, project, more, timeoutMs, suffix = '') {
  const report = reportFile(`${project}${suffix}`)
  const failures = reportFile(`${project}${suffix}-failures`)
  const env = { ...tools.env, ARKEEPER_VITEST_FAILURES: failures }
  const args = ['run', '--project', project, '--reporter=default', ...reporterArguments(report), ...more]
  const ok = await runPackage({ ...tools, env }, ['vitest', 'vitest.mjs'], args, timeoutMs)
  return { ok, report: readReport(report), failures: readReport(failures) ?? [] }
}

/** A test that failed is run once more, in a new worker and so with a product of its own. */
async function playwright(tools) {
  const file = reportFile('e2e')
  const env = { ...tools.env, PLAYWRIGHT_JSON_OUTPUT_FILE: file }
  const args = ['test', '--retries=1']
  const ok = await runPackage({ ...tools, env }, ['@playwright', 'test', 'cli.js'], args, 16 * MINUTE_MS)
  const report = readReport(file)
  return { counts: countPlaywright(report, ok ? 0 : 1), ...playwrightFailures(report, ROOT) }
}

/** A program of one of our packages, by its script, so that it needs neither PATH nor an executable bit. */
async function runPackage({ node, env }, [name, ...rest], args, timeoutMs) {
  const outcome = await runVisible({
    command: node,
    args: [inProject('node_modules', name, ...rest), ...args],
    env,
    timeoutMs,
  })
  if (outcome.code === 0) return true
  if (outcome.code === null) warn(`${name} ${explain(outcome, timeoutMs)}`)
  return false
}

function reportFile(name) {
  const file = join(REPORTS, `${name}.json`)
  mkdirSync(REPORTS, { recursive: true })
  rmSync(file, { force: true })
  return file
}

function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return null
    throw error
  }
}
