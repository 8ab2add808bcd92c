import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Baseline, caseOf, runCase } from './run-case.ts'
import { type FuzzTarget, makeTargets } from './targets.ts'

/** A fixed seed: `npm run fuzz` looks further, this proves that what it found stays mended. */
const SEED = 20_261_123
const CASES = 30
const DOMAIN = join(import.meta.dirname, '../../lib/domain')

let dir: string
let targets: FuzzTarget[]

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-fuzz-'))
  targets = await makeTargets(DOMAIN, dir)
})
afterAll(() => rm(dir, { recursive: true, force: true }))

test('no damaged file is read as sound, and none ends in anything but an error of ours', async () => {
  const findings: string[] = []
  for (const target of targets) {
    const baseline = await Baseline.of(target)
    for (let number = 0; number < CASES; number++) {
      const made = caseOf(target, SEED, number)
      const finding = await runCase(target, made, baseline)
      if (finding) findings.push(`${target.name} case ${number}: ${made.file.name}, ${made.mutation.what}: ${finding}`)
    }
  }
  expect(findings).toEqual([])
})

test('a reader that believes what it reads, or breaks on it, is found', async () => {
  const corpus = [{ name: 'text', bytes: Buffer.from('some text that is long enough to be damaged') }]
  const believing: FuzzTarget = { name: 'believing', corpus, read: async (bytes) => bytes.toString('hex') }
  const breaking: FuzzTarget = {
    name: 'breaking',
    corpus,
    read: async (bytes) => String(bytes.readInt32BE(bytes.equals(corpus[0]!.bytes) ? 0 : bytes.length)),
  }
  for (const [target, message] of [
    [believing, /read as sound, with other content/],
    [breaking, /threw RangeError/],
  ] as const) {
    const baseline = await Baseline.of(target)
    expect(await runCase(target, caseOf(target, SEED, 1), baseline)).toMatch(message)
  }
})

test('a case is made again from its seed and number alone', () => {
  const [target] = targets
  const cases = [3, 4].map((number) => caseOf(target!, SEED, number))
  expect(caseOf(target!, SEED, 3)).toEqual(cases[0])
  expect(cases[0]!.mutation).not.toEqual(cases[1]!.mutation)
})
