import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { runChaos } from './run-chaos.ts'

/** A fixed seed: `npm run chaos` looks further, this proves that the harness itself works. */
const SEED = 20_261_125
const KINDS = ['answer-lost', 'server-frozen', 'worker-killed', 'journal-torn', 'other-writer']
const WORKER = fileURLToPath(new URL('../../lib/worker/main.ts', import.meta.url))

test('faults in the middle of restores leave nothing wrong, nothing lost and nothing applied twice', async () => {
  const lines: string[] = []
  const tally = await runChaos({
    seed: SEED,
    faults: 6,
    only: KINDS,
    places: ['alone'],
    worker: { args: ['--import', 'tsx', WORKER] },
    onLine: (line) => lines.push(line),
  })
  expect(tally.findings, lines.join('\n')).toEqual([])
  expect(tally.injected).toBeGreaterThanOrEqual(KINDS.length)
  for (const kind of KINDS) expect(tally.kinds.get(kind)?.injected, `${kind}\n${lines.join('\n')}`).toBeGreaterThan(0)
}, 240_000)
