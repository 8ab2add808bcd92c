import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runFollow } from './run-follow.ts'
import { toTables } from './table.ts'

/**
 * `npm run chaos -- follow [--minutes 4 --seed S --weigh 30 --worker]`
 * An hour's worth of transactions in minutes, through leaders killed, members stopped and reconfigured, and the follow itself killed; then what
 * a follow costs the leader, without and with it in turn, `--weigh` seconds each. Exit status 1 when a transaction is lost or there twice.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    minutes: { type: 'string', default: '4' },
    weigh: { type: 'string', default: '30' },
    worker: { type: 'boolean', default: false },
  },
})
const [seed, minutes, weighSeconds] = [Number(values.seed), Number(values.minutes), Number(values.weigh)]
if (!Number.isInteger(seed) || seed < 0) throw new Error('--seed takes a whole number from 0 on')
if (!(minutes > 0)) throw new Error('--minutes takes a number above 0')
if (!(weighSeconds >= 0)) throw new Error('--weigh takes a number from 0 on')
const print = (line: string) => process.stdout.write(`${line}\n`)

// Processes that were started end with this one, however it ends.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

print(`seed ${seed}`)
const run = await runFollow({
  seed,
  seconds: minutes * 60,
  weighSeconds,
  script: join(import.meta.dirname, 'chaos-arkeeper.mjs'),
  worker: values.worker ? join(import.meta.dirname, 'chaos-worker.mjs') : null,
  onLine: print,
})
print(`\nSeed ${seed}, ${minutes} minutes.\n\n${toTables(run)}\n`)
const { findings, parted, lost, twice } = run.proof
// Not of ours: told, and no failure of this run.
for (const one of parted) print(`SERVERS ${one}`)
for (const finding of findings) print(`FINDING ${finding}`)
print(
  findings.length === 0
    ? `lost ${lost}, twice ${twice}`
    : `${findings.length} findings; again: npm run chaos -- follow --seed ${seed} --minutes ${values.minutes}${values.worker ? ' --worker' : ''}`,
)
process.exit(findings.length === 0 ? 0 : 1)
