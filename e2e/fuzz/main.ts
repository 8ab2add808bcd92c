import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { mutateEverywhere } from './mutations.ts'
import { Baseline, caseOf, type FuzzCase, runCase } from './run-case.ts'
import { type FuzzTarget, makeTargets } from './targets.ts'

/**
 * `npm run fuzz [-- --minutes N --seed S --target NAME --case N]`
 * Damaged files against every reader. First all cuts and byte flips of the small files, then random damage until the time is up. A case
 * must end in the content of the sound file or in an error of ours, within ten seconds and without growing the process much; anything
 * else is printed with the command that repeats it, and the exit status is 1.
 */
const CASE_MS_MAX = 10_000
const SMALL_FILE_BYTES = 16 << 10
const DOMAIN = resolve('lib/domain')

interface Options {
  readonly minutes: number
  readonly seed: number
  readonly target: string | null
  readonly only: number | null
}

type Message =
  | { kind: 'case'; target: string; label: string }
  | { kind: 'line'; text: string }
  | { kind: 'finding'; text: string }

function parseOptions(): Options {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '1' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      target: { type: 'string' },
      case: { type: 'string' },
    },
  })
  const number = (name: string, text: string) => {
    const value = Number(text)
    if (!Number.isFinite(value) || value < 0) throw new Error(`--${name} takes a number, not "${text}"`)
    return value
  }
  return {
    minutes: number('minutes', values.minutes),
    seed: number('seed', values.seed),
    target: values.target ?? null,
    only: values.case === undefined ? null : number('case', values.case),
  }
}

/** The cases run in a thread of their own, so that one that never ends is seen from outside. */
function watch(options: Options): void {
  process.stdout.write(`seed ${options.seed}\n`)
  let findings = 0
  let running: { target: string; label: string } | null = null
  let since = Date.now()
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: options })
  const timer = setInterval(() => {
    if (!running || Date.now() - since < CASE_MS_MAX) return
    process.stdout.write(`FINDING ${running.target} ${running.label}: no end within ${CASE_MS_MAX} ms\n`)
    process.exit(1)
  }, 500)
  worker.on('message', (message: Message) => {
    since = Date.now()
    if (message.kind === 'case') running = message
    else process.stdout.write(`${message.text}\n`)
    if (message.kind === 'finding') findings++
  })
  worker.on('error', (error) => {
    process.stdout.write(`FINDING ${running?.target} ${running?.label}: the thread ended: ${error.stack}\n`)
    process.exit(1)
  })
  worker.on('exit', (code) => {
    clearInterval(timer)
    process.stdout.write(findings === 0 ? 'no findings\n' : `${findings} findings\n`)
    process.exit(findings === 0 && code === 0 ? 0 : 1)
  })
}

async function work(options: Options): Promise<void> {
  const post = (message: Message) => parentPort?.postMessage(message)
  const dir = await mkdtemp(join(tmpdir(), 'arkeeper-fuzz-'))
  try {
    const targets = (await makeTargets(DOMAIN, dir)).filter(({ name }) => (options.target ?? name) === name)
    if (targets.length === 0) throw new Error(`there is no target "${options.target}"`)
    const baselines = new Map<FuzzTarget, Baseline>()
    for (const target of targets) baselines.set(target, await Baseline.of(target))
    const run = async (target: FuzzTarget, made: FuzzCase, label: string, command: string) => {
      post({ kind: 'case', target: target.name, label: `${label} (${made.file.name}: ${made.mutation.what})` })
      const finding = await runCase(target, made, baselines.get(target)!)
      if (finding === null) return
      post({
        kind: 'finding',
        text: `FINDING ${target.name}: ${made.file.name}, ${made.mutation.what}: ${finding}\n  again: npm run fuzz -- ${command}`,
      })
    }
    const random = (target: FuzzTarget, number: number) =>
      run(
        target,
        caseOf(target, options.seed, number),
        `case ${number}`,
        `--seed ${options.seed} --target ${target.name} --case ${number}`,
      )
    if (options.only !== null) {
      for (const target of targets) await random(target, options.only)
      return
    }
    const startedAt = Date.now()
    const totalMs = options.minutes * 60_000
    for (const [i, target] of targets.entries()) {
      // Half of the time for what can be tried exhaustively, a fair share of it for each target.
      const until = startedAt + (totalMs / 2) * ((i + 1) / targets.length)
      let [count, all] = [0, 0]
      const small = target.corpus.filter(({ bytes }) => bytes.length <= SMALL_FILE_BYTES)
      for (const file of small.sort((a, b) => a.bytes.length - b.bytes.length)) {
        all += 4 * file.bytes.length
        for (const mutation of mutateEverywhere(file.bytes)) {
          if (Date.now() > until) break
          await run(target, { file, mutation }, 'everywhere', `--target ${target.name}`)
          count++
        }
      }
      post({ kind: 'line', text: `${target.name.padEnd(18)} ${count} of ${all} cuts and flips of small files` })
    }
    const until = startedAt + totalMs
    let number = 0
    for (; Date.now() < until; number++) for (const target of targets) await random(target, number)
    post({ kind: 'line', text: `${number} random cases for each of ${targets.length} targets` })
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

if (isMainThread) watch(parseOptions())
else await work(workerData as Options)
