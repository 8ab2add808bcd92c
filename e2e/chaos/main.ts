import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { FAULT_KINDS } from './faults.ts'
import { runChaos } from './run-chaos.ts'

/**
 * `npm run chaos [-- --kills 208 --seed S --only worker-killed,leader-killed --readme]`
 * Restores on real servers, by real worker processes, over the real database, while faults come at random instants. After each of them and at
 * the end a reader that knows nothing of Arkeeper compares every znode with what it is to be by the source. Exit status 1 when anything is wrong.
 */
const MARKS = ['<!-- chaos:begin -->', '<!-- chaos:end -->'] as const

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    kills: { type: 'string', default: '212' },
    only: { type: 'string', default: '' },
    readme: { type: 'boolean', default: false },
  },
})
const numberOf = (name: string, text: string, min: number) => {
  const value = Number(text)
  if (!Number.isInteger(value) || value < min) throw new Error(`--${name} takes a whole number from ${min} on`)
  return value
}
const seed = numberOf('seed', values.seed, 0)
const only = values.only.split(',').filter(Boolean)
const unknown = only.find((name) => !FAULT_KINDS.some((kind) => kind.name === name))
if (unknown !== undefined)
  throw new Error(`--only takes ${FAULT_KINDS.map(({ name }) => name).join(', ')}, not "${unknown}"`)
const print = (line: string) => process.stdout.write(`${line}\n`)

// Processes that were started end with this one, however it ends.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

print(`seed ${seed}`)
const tally = await runChaos({
  seed,
  faults: numberOf('kills', values.kills, 1),
  only,
  places: ['alone', 'ensemble', 'alone', 'ensemble', 'alone'],
  worker: { args: ['--enable-source-maps', join(import.meta.dirname, 'chaos-worker.mjs')] },
  onLine: print,
})
const text = `Seed ${seed}, ${tally.injected} faults.\n\n${tally.toMarkdown()}`
print(`\n${text}\n`)
if (tally.cameApart.length > 0)
  print(
    `${tally.cameApart.length} rounds were thrown away: the members of an ensemble no longer agreed with each other`,
  )
for (const finding of tally.findings) print(`FINDING ${finding}`)
print(
  tally.findings.length === 0
    ? 'nothing lost, nothing wrong, nothing applied twice'
    : `${tally.findings.length} findings; again: npm run chaos -- --seed ${seed}${values.only ? ` --only ${values.only}` : ''}`,
)
if (values.readme && tally.findings.length === 0) await writeReadme(text)
process.exit(tally.findings.length === 0 ? 0 : 1)

async function writeReadme(table: string): Promise<void> {
  const file = resolve('README.md')
  const readme = await readFile(file, 'utf8')
  const [begin, end] = MARKS.map((mark) => readme.indexOf(mark))
  if (begin === undefined || end === undefined || begin === -1 || end < begin)
    throw new Error('README.md has no place for the chaos table')
  await writeFile(file, `${readme.slice(0, begin + MARKS[0].length)}\n\n${table}\n\n${readme.slice(end)}`)
}
