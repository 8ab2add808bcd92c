import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { inspectPath } from './inspect-path.ts'
import { openDataDir } from './open-data-dir.ts'
import { verifyPath } from './verify-path.ts'

const CORPUS = fileURLToPath(new URL('corpus/3.8.0-edge', import.meta.url))

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-edge-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

async function lay(...names: string[]): Promise<string> {
  const into = join(dir, 'version-2')
  await mkdir(into)
  for (const name of names) await cp(join(CORPUS, name), join(into, name))
  return dir
}

test('a snapshot that shows the transaction behind its name is sound where the logs prove it', async () => {
  const place = await lay('snapshot.94', 'log.64', 'log.96')
  expect(await verifyPath(place)).toMatchObject({ ok: true, problems: [], digest: { match: true } })
  const facts = await inspectPath(place)
  expect(facts).toMatchObject({ problems: [], snapshots: [{ digest: { match: false }, problems: [] }] })
  const tree = await openDataDir(place, { to: 0x95n })
  expect(tree.proof).toMatchObject({ exact: true, zxid: 0x95n })
  await tree.close()
})

test.each([
  ['without logs', ['snapshot.94']],
  ['with logs that do not go on from it', ['snapshot.94', 'log.96']],
])('%s a digest that differs is a fault', async (_what, names) => {
  const place = await lay(...names)
  const { problems } = await verifyPath(join(place, 'version-2'))
  expect(problems.map(({ code }) => code)).toContain('DIGEST_MISMATCH')
})
