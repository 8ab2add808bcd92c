import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { formatRunbook } from './format-runbook.ts'
import { runbookOf, undoCommandsOf } from './runbook.ts'
import { shellWord } from './shell-word.ts'
import { tarBytes, tarStream } from './tar-stream.ts'
import type { PhysicalPlan } from './views.ts'

const run = promisify(execFile)
let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'arkeeper runbook-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const plan = (): PhysicalPlan => ({
  kind: 'ensemble',
  way: 'runbook',
  archiveZxid: '0x1a',
  lastSeenZxid: '0x2f',
  fileZxid: '0x100000000',
  fileName: 'snapshot.100000000',
  bytes: 4,
  sha256: 'a'.repeat(64),
  znodes: 1,
  asideFolder: 'aside',
  servers: [
    {
      name: 'zk1:2181',
      client: 'zk1:2181',
      dataDir: join(dir, "it's data"),
      dataLogDir: join(dir, 'logs'),
      owner: null,
      stop: 'stop-it',
      start: 'start-it',
      isMember: false,
      adminUrl: null,
      version: null,
      mode: null,
      lastZxid: null,
      currentEpoch: null,
    },
  ],
  findings: [],
})

/** Without sudo, which a test has no right to. */
const shell = (commands: readonly string[]) =>
  run('sh', [
    '-ec',
    commands
      .filter((each) => !/^(stop|start)-it/.test(each))
      .join('\n')
      .replaceAll('sudo ', ''),
  ])

it('has commands that move every live file aside and back again, whatever their folders are called', async () => {
  const { dataDir, dataLogDir } = plan().servers[0]!
  const data = join(dataDir, 'version-2')
  const logs = join(dataLogDir, 'version-2')
  await mkdir(data, { recursive: true })
  await mkdir(logs, { recursive: true })
  for (const name of ['snapshot.1', 'snapshot.153.bak', 'currentEpoch', 'acceptedEpoch'])
    await writeFile(join(data, name), name)
  for (const name of ['log.1', 'log.155.old']) await writeFile(join(logs, name), name)
  const aside = runbookOf(plan()).find(({ key }) => key === 'aside:zk1:2181')
  const { stdout } = await shell(aside?.commands ?? [])
  expect(stdout).toBe('')
  expect(await readdir(data)).toEqual(['acceptedEpoch', 'currentEpoch'])
  expect(await readdir(join(dataDir, 'aside'))).toEqual(['snapshot.1', 'snapshot.153.bak'])
  expect(await readdir(join(dataLogDir, 'aside'))).toEqual(['log.1', 'log.155.old'])
  await writeFile(join(data, 'snapshot.100000000'), 'new')
  await shell(undoCommandsOf(plan()))
  expect(await readdir(data)).toEqual(['acceptedEpoch', 'currentEpoch', 'snapshot.1', 'snapshot.153.bak'])
  expect(await readdir(logs)).toEqual(['log.1', 'log.155.old'])
  expect(await readdir(join(dataDir, 'aside-undone'))).toEqual(['snapshot.100000000'])
})

it('goes server by server through each stage, all stops before the first file', () => {
  const two = { ...plan(), servers: ['a:1', 'b:1'].map((name) => ({ ...plan().servers[0]!, name, client: name })) }
  expect(runbookOf(two).map(({ key }) => key)).toEqual(
    ['stop', 'down', 'aside', 'epochs', 'place', 'start', 'serving'].flatMap((step) => [`${step}:a:1`, `${step}:b:1`]),
  )
  const text = formatRunbook(two, { clusterName: 'orders', sourceLabel: 'a backup', madeAt: 'now' })
  expect(text).toContain('### 14. See that b:1 serves')
  expect(text).toContain('0x2f')
})

it.each([
  ['plain/word.1', 'plain/word.1'],
  ["it's $HOME; rm", `'it'\\''s $HOME; rm'`],
  ['', "''"],
])('quotes %j for a shell', (text, quoted) => {
  expect(shellWord(text)).toBe(quoted)
})

it('bundles files into a tar that tar itself reads', async () => {
  const files = [
    { name: 'RUNBOOK.md', bytes: 5, body: [Buffer.from('hello')] },
    { name: 'snapshot.1a', bytes: 1024, body: [Buffer.alloc(1000, 1), Buffer.alloc(24, 2)] },
  ]
  const chunks: Uint8Array[] = []
  for await (const chunk of tarStream(files, 1_700_000_000_000)) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  expect(bytes).toHaveLength(tarBytes(files))
  await writeFile(join(dir, 'b.tar'), bytes)
  await run('tar', ['-xf', join(dir, 'b.tar'), '-C', dir])
  expect(await readFile(join(dir, 'RUNBOOK.md'), 'utf8')).toBe('hello')
  expect(await readFile(join(dir, 'snapshot.1a'))).toEqual(Buffer.concat([Buffer.alloc(1000, 1), Buffer.alloc(24, 2)]))
})
