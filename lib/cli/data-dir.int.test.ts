import { spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { formatHex64 } from '../base/hex64.ts'
import { type BundledCommand, bundleCommand, finish } from '../testing/bundled-command.ts'
import { findCorpusSet, parseExpected } from '../testing/corpus.ts'
import { startZooKeeper } from '../testing/zookeeper-server.ts'

const set = findCorpusSet('3.9.6')
const expectedFile = (name: string) => set.expected.find((file) => basename(file) === name) ?? ''
let arkeeper: BundledCommand
let dir = ''
let data = ''

beforeAll(async () => {
  arkeeper = await bundleCommand()
})
afterAll(() => arkeeper?.remove())
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-cli-'))
  data = join(dir, 'data')
  await mkdir(join(data, 'version-2'), { recursive: true })
  for (const { file } of [...set.snapshots, ...set.logs]) await cp(file, join(data, 'version-2', basename(file)))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

async function run(...args: string[]) {
  const child = spawn(process.execPath, [arkeeper.file, ...args, '--quiet'], {
    cwd: dir,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ran = await finish(child)
  return { ...ran, json: () => JSON.parse(ran.out) }
}

/** As `export --system` should print them: what a client read, in path order. */
async function exportOf(name: string) {
  const expected = parseExpected(await readFile(expectedFile(name), 'utf8'))
  const nodes = expected.nodes as { path: string; data: string | null; acl: unknown; stat: Record<string, bigint> }[]
  const lines = nodes.map(({ path, data: bytes, stat }) => ({
    path,
    data: bytes,
    stat: Object.fromEntries(
      Object.entries(stat).map(([key, value]) => [
        key,
        ['czxid', 'mzxid', 'pzxid', 'ephemeralOwner'].includes(key) ? formatHex64(value) : Number(value),
      ]),
    ),
  }))
  return { expected, lines }
}

describe('arkeeper on a data directory', () => {
  it('inspects it and its files', async () => {
    const inspected = await run('inspect', data, '--json')
    expect(inspected).toMatchObject({ status: 0, err: '' })
    expect(inspected.json()).toMatchObject({ type: 'datadir', replayableTo: '0x180', gaps: [], problems: [] })
    expect(inspected.json().logs.map((log: { file: string }) => log.file)).toEqual([
      'log.1',
      'log.58',
      'log.c1',
      'log.101',
      'log.155',
    ])
    const log = await run('inspect', join(data, 'version-2', 'log.58'), '--json')
    expect(log.json()).toMatchObject({
      type: 'log',
      firstZxid: '0x58',
      lastZxid: '0xc0',
      transactions: 0x69,
      torn: false,
      problems: [],
    })
    expect((await run('inspect', data)).out).toContain('replayable to 0x180\n')
    await rm(join(data, 'version-2', 'log.c1'))
    const gap = await run('inspect', data, '--json')
    expect(gap.status).toBe(1)
    expect(gap.json()).toMatchObject({ gaps: [{ after: '0xc0', before: '0x101' }], problems: [{ code: 'LOG_GAP' }] })
  })

  it('replays to a zxid: a native snapshot, with the digest of the log', async () => {
    const before = await readdir(join(data, 'version-2'))
    const { expected, lines } = await exportOf('expected-at-0x80.json')
    for (const to of ['0x80', '128']) {
      const out = join(dir, `snapshot.80-${to}`)
      const replayed = await run('replay', data, '--to', to, '--out', out, '--json')
      expect(replayed).toMatchObject({ status: 0, err: '' })
      expect(replayed.json()).toMatchObject({
        zxid: '0x80',
        znodes: expected.nodes.length,
        applied: 0x80 - 0x56,
        digest: { version: 2, zxid: '0x80', stored: formatHex64(expected.digest), match: true },
      })
      const exported = await run('export', out, '--system')
      const found = exported.out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
      expect(found.map(({ path, data: bytes, stat }) => ({ path, data: bytes, stat })).sort(byPath)).toEqual(
        lines.sort(byPath),
      )
    }
    expect(await readdir(join(data, 'version-2'))).toEqual(before)
  })

  it('shows it as of its last transaction to every other command', async () => {
    const { expected, lines } = await exportOf('expected.json')
    const exported = await run('export', data, '--system')
    expect(exported).toMatchObject({ status: 0, err: '' })
    const found = exported.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(found.map(({ path, data: bytes, stat }) => ({ path, data: bytes, stat })).sort(byPath)).toEqual(
      lines.sort(byPath),
    )
    const names = (await run('ls', data, '/')).out.trimEnd().split('\n')
    expect(names.length).toBe(lines.filter(({ path }) => /^\/[^/]+$/.test(path)).length)
    const some = lines.find(({ path, data: bytes }) => path.startsWith('/app/') && bytes)!
    expect((await run('cat', data, some.path, '--json')).json()).toMatchObject({ path: some.path, data: some.data })
    expect(await run('replay', data, '--to', '0x180', '--out', 'now')).toMatchObject({ status: 0, err: '' })
    expect((await run('diff', data, 'now', '--ephemerals', '--summary', '--json')).json()).toMatchObject({
      equal: true,
    })
    const changed = await run('diff', data, join(data, 'version-2', 'snapshot.100'), '--summary', '--json')
    expect(changed).toMatchObject({ status: 1 })
    const verified = await run('verify', data, '--json')
    expect(verified.json()).toMatchObject({
      ok: true,
      checksumOk: true,
      znodes: expected.nodes.length,
      digest: { zxid: '0x180', stored: formatHex64(expected.digest), match: true },
      problems: [],
    })
  })

  it('says on standard error what is missing, and as of when it is read', async () => {
    await rm(join(data, 'version-2', 'log.155'))
    await writeFile(join(data, 'version-2', 'log.101'), await cutBehind('log.101', 0x140n))
    for (const name of ['snapshot.153']) await truncate(join(data, 'version-2', name), 4000)
    const listed = await run('ls', data, '/')
    expect(listed.status).toBe(0)
    expect(listed.err).toMatch(/^TRUNCATED: .*\nTORN_LOG: log\.101 .*\ndata is read as of 0x140\n$/)
    const beyond = await run('replay', data, '--to', '0x150', '--out', 'x')
    expect(beyond).toMatchObject({ status: 2, out: '' })
    expect(beyond.err).toMatch(/^LOG_TOO_SHORT: 0x150 cannot be reached.* 0x140/)
    expect(await readdir(dir)).toEqual(['data'])
    const verified = await run('verify', data, '--json')
    expect(verified.status).toBe(1)
    expect(verified.json()).toMatchObject({ ok: false, problems: [{ code: 'TRUNCATED', file: 'snapshot.153' }] })
  })

  it('refuses bad usage', async () => {
    for (const args of [
      ['replay', data, '--out', 'x'],
      ['replay', data, '--to', '0x80'],
      ['replay', data, '--to', 'ff', '--out', 'x'],
      ['replay', data, '--to', '-1', '--out', 'x'],
    ]) {
      const ran = await run(...args)
      expect(ran, args.join(' ')).toMatchObject({ status: 2, out: '' })
      expect(ran.err).toMatch(/^BAD_USAGE: [^\n]+\n$/)
    }
    expect((await run('replay', data, '--to', '0x80', '--out', join(data, 'version-2', 'snapshot.80'))).err).toMatch(
      /^UNSUPPORTED: /,
    )
    expect((await run('replay', dir, '--to', '0x80', '--out', 'x')).err).toMatch(/^NOT_A_SNAPSHOT: /)
  })

  it('becomes a backup, exact by digest, without a server', async () => {
    const ran = await run('backup', '--source', 'files', '--data-dir', data, '--out', join(dir, 'store'), '--json')
    expect(ran).toMatchObject({ status: 0, err: expect.stringMatching(/^WARNING: [^\n]+could not be asked\n$/) })
    const { archive, zxid, consistency, status } = ran.json()
    expect({ zxid, status, consistency }).toMatchObject({
      zxid: '0x180',
      status: 'complete',
      consistency: { class: 'exact', proof: 'digest', from: '0x180', to: '0x180' },
    })
    expect(await run('diff', archive, data, '--ephemerals', '--summary', '--json')).toMatchObject({ status: 0 })
    expect((await run('verify', archive, '--json')).json()).toMatchObject({ ok: true, problems: [] })
  })

  it('restores from it', async () => {
    const server = await startZooKeeper()
    try {
      const zk = `zk://${server.connectString}`
      const plan = await run('restore', data, zk, '--path', '/app', '--json')
      expect(plan.status).toBe(0)
      expect(plan.json().creates).toBeGreaterThan(3)
    } finally {
      await server.stop()
    }
  })
})

const byPath = (a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : 1)

/** The log up to and with one transaction, and a little of the next. */
async function cutBehind(name: string, zxid: bigint): Promise<Buffer> {
  const bytes = await readFile(join(data, 'version-2', name))
  const at = bytes.indexOf(
    Buffer.from(
      BigInt.asUintN(64, zxid + 1n)
        .toString(16)
        .padStart(16, '0'),
      'hex',
    ),
  )
  return bytes.subarray(0, at + 8)
}
