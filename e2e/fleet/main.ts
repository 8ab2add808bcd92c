import { parseArgs } from 'node:util'
import { builtPrograms } from './fleet.ts'
import { runFleet } from './run-fleet.ts'

/**
 * `npm run chaos -- fleet [--minutes 10 --seed S]`
 * A whole installation on this machine: two web processes, three workers, PostgreSQL, ZooKeepers, each process with a data directory of its
 * own. They are killed at random instants while they take backups, compare, verify, restore and undo. Exit status 1 when anything was lost,
 * done twice, or left.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    minutes: { type: 'string', default: '10' },
  },
})
const [seed, minutes] = [Number(values.seed), Number(values.minutes)]
if (!Number.isInteger(seed) || seed < 0) throw new Error('--seed takes a whole number from 0 on')
if (!(minutes > 0)) throw new Error('--minutes takes a number above 0')
const print = (line: string) => process.stdout.write(`${line}\n`)

// Processes that were started end with this one, however it ends.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

print(`seed ${seed}`)
const { findings, table, lost, twice, kills } = await runFleet({
  seed,
  seconds: minutes * 60,
  programs: builtPrograms(),
  onLine: print,
})
print(`\nSeed ${seed}, ${minutes} minutes, ${kills} kills.\n\n${table}\n`)
for (const finding of findings) print(`FINDING ${finding}`)
print(
  findings.length === 0
    ? `lost ${lost}, twice ${twice}`
    : `${findings.length} findings; again: npm run chaos -- fleet --seed ${seed} --minutes ${values.minutes}`,
)
process.exit(findings.length === 0 ? 0 : 1)
