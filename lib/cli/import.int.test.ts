import { execFile, spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createZooKeeper } from '../adapters/zookeeper/zookeeper.ts'
import { type BundledCommand, bundleCommand, finish } from '../testing/bundled-command.ts'
import { findCorpusSet } from '../testing/corpus.ts'
import { LiveTree } from '../testing/live-tree.ts'
import { startZooKeeper, type ZooKeeperServer } from '../testing/zookeeper-server.ts'

const exec = promisify(execFile)
const PROJECT = fileURLToPath(new URL('../..', import.meta.url))
const fixture = (name: string) => join(PROJECT, 'lib', 'adapters', 'archive', 'imports', 'fixtures', name)
const set = findCorpusSet('3.9.6')
const OPS = ['--auth', 'digest:ops:secret']
let arkeeper: BundledCommand
let server: ZooKeeperServer
let zk = ''
let dir = ''

beforeAll(async () => {
  arkeeper = await bundleCommand()
  server = await startZooKeeper()
  zk = `zk://${server.connectString}`
})
afterAll(async () => {
  await server?.stop()
  await arkeeper?.remove()
})
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-cli-'))
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

async function serverDir(): Promise<string> {
  const data = join(dir, 'data')
  await mkdir(join(data, 'version-2'), { recursive: true })
  for (const { file } of [...set.snapshots, ...set.logs]) await cp(file, join(data, 'version-2', basename(file)))
  return data
}

async function folderOfFiles(): Promise<string> {
  const top = join(dir, 'tree')
  await mkdir(join(top, 'files', 'below'), { recursive: true })
  await writeFile(join(top, 'files', 'raw'), Buffer.from([0, 255, 10]))
  await writeFile(join(top, 'files', 'below', '%value'), 'own')
  const tar = join(dir, 'tree.tgz')
  await exec('tar', ['-C', top, '-czf', tar, '.'])
  return tar
}

/** What the server itself says, through another client and the znode alone. */
async function readLive(path: string) {
  const client = await createZooKeeper().connect({
    connectString: server.connectString,
    auth: [{ scheme: 'digest', id: 'ops:secret' }],
  })
  try {
    const znode = await new LiveTree(client).find(path)
    return znode && { data: znode.data && Buffer.from(znode.data).toString('latin1'), acl: znode.acl }
  } finally {
    await client.close()
  }
}

describe('arkeeper on the files of other tools', () => {
  it.each([
    ['zoocreeper', async () => fixture('zoocreeper.json'), '/app/raw', 6],
    ['zk-shell', async () => fixture('zk-shell.json'), '/svc/b', 4],
    ['zoonavigator', async () => packed('zoonavigator.json'), '/config/db/pool', 4],
    ['directory', folderOfFiles, '/files/raw', 3],
  ] as const)('makes an archive of %s, and puts it into a cluster', async (form, make, path, created) => {
    const file = await make()
    expect(await run('diff', zk, file, '--summary', '--json')).toMatchObject({ status: 1, err: '' })
    const imported = await run('import', file, '--out', join(dir, 'store'), '--json')
    expect(imported).toMatchObject({ status: 0, err: '' })
    const { archive } = imported.json()
    expect(imported.json()).toMatchObject({
      status: 'complete',
      consistency: { class: 'fuzzy', movedKnown: false },
      import: { form, file: basename(file), kindsKnown: false },
    })
    expect(await run('diff', file, archive, '--ephemerals', '--summary', '--json')).toMatchObject({
      status: 0,
      err: '',
    })
    const plan = await run('restore', archive, zk, ...OPS, '--json')
    expect(plan.json()).toMatchObject({ creates: created, updates: 0, deletes: 0 })
    const restored = await run('restore', archive, zk, ...OPS, '--apply', '--json')
    expect(restored).toMatchObject({ status: 0 })
    expect(restored.json()).toMatchObject({ verified: true, conflicts: [] })
    expect(await run('diff', file, zk, ...OPS, '--summary', '--json')).toMatchObject({ status: 0 })
    const cat = await run('cat', file, path, '--json')
    expect(await readLive(path)).toMatchObject({ data: Buffer.from(cat.json().data, 'base64').toString('latin1') })
  })

  it('leaves alone what such a file does not say, and says what it makes up for it', async () => {
    const file = await folderOfFiles()
    const client = await createZooKeeper().connect({ connectString: server.connectString })
    const secret = [{ perms: 31, scheme: 'digest', id: 'ops:w4PIv8/Wzcq4qj4/MfEQ8pvUSS4=' }]
    await new LiveTree(client).create('/files2', 'keep me', [...secret, { perms: 1, scheme: 'world', id: 'anyone' }])
    await client.close()
    const tree = join(dir, 'tree2')
    await mkdir(join(tree, 'files2'), { recursive: true })
    await writeFile(join(tree, 'files2', 'new'), 'n')
    const diff = await run('diff', zk, `directory:${tree}`, ...OPS, '--json')
    expect(
      diff.out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([{ path: '/files2/new', change: 'added', fields: [], ephemeral: false }])
    const plan = await run('restore', `directory:${tree}`, zk, ...OPS, '--json')
    expect(plan.json()).toMatchObject({ creates: 1, updates: 0, aclChanges: 0 })
    expect(plan.json().warnings.map(({ code }: { code: string }) => code)).toContain('acl-unknown')
    expect((await run('restore', file, zk, '--mode', 'mirror', '--json')).json()).toMatchObject({ deletes: 0 })
  })

  it('inspects one', async () => {
    expect((await run('inspect', fixture('zoocreeper.json'), '--json')).json()).toMatchObject({
      type: 'import',
      form: 'zoocreeper',
      znodes: 8,
      ephemerals: 1,
      scope: ['/'],
      problems: [],
    })
    const { out } = await run('inspect', `directory:${join(PROJECT, 'prisma')}`)
    expect(out).toMatch(/^Directory of files prisma\n\d+ znodes, .+\nnot known {2}/)
  })

  it("takes a server's data directory from a tar, exact by its digest", async () => {
    const data = await serverDir()
    const tar = join(dir, 'data.tar.gz')
    await exec('tar', ['-C', dir, '-czf', tar, 'data'])
    expect((await run('inspect', tar, '--json')).json()).toMatchObject({ type: 'datadir', replayableTo: '0x180' })
    const imported = await run('import', tar, '--out', join(dir, 'store'), '--json')
    expect(imported.json()).toMatchObject({
      zxid: '0x180',
      consistency: { class: 'exact', proof: 'digest' },
      import: { form: 'data-directory', kindsKnown: true },
    })
    const { archive } = imported.json()
    expect((await run('verify', archive, '--json')).json()).toMatchObject({ ok: true, problems: [] })
    expect(await run('diff', archive, data, '--ephemerals', '--summary', '--json')).toMatchObject({ status: 0 })
    const kinds = async (source: string) =>
      (await run('export', source, '--system')).out.split('\n').map((line) => line && JSON.parse(line).kind)
    expect(await kinds(archive)).toEqual(await kinds(data))
  })

  it('takes back its own export, to the last field', async () => {
    const exported = await run('export', await serverDir(), '--system')
    const lines = join(dir, 'export.jsonl')
    await writeFile(lines, exported.out)
    const imported = await run('import', lines, '--out', join(dir, 'store'), '--json')
    expect(imported.json()).toMatchObject({ import: { form: 'jsonl', kindsKnown: true, unknownAcls: 0 } })
    expect((await run('export', imported.json().archive, '--system')).out).toBe(exported.out)
  })

  it('says in one line what is wrong, and leaves nothing', async () => {
    const bytes = await readFile(fixture('zoocreeper.json'))
    await writeFile(join(dir, 'cut.json'), bytes.subarray(0, bytes.length - 20))
    const store = join(dir, 'store')
    const ran = await run('import', 'cut.json', '--out', store, '--json')
    expect(ran).toMatchObject({
      status: 2,
      out: '',
      err: expect.stringMatching(/^TRUNCATED: [^\n]+at byte \d+[^\n]+\n$/),
    })
    expect(await readdir(store)).toEqual([])
    expect(await run('inspect', 'cut.json', '--json')).toMatchObject({ status: 1 })
    expect((await run('verify', 'cut.json', '--json')).json()).toMatchObject({ ok: false, checksumOk: false })
    expect(await run('ls', 'cut.json', '/')).toMatchObject({ status: 2, err: expect.stringMatching(/^TRUNCATED: /) })
    expect(await run('import', 'cut.json', '--out', store, '--form', 'burry')).toMatchObject({
      status: 2,
      err: expect.stringMatching(/--form burry is none of zoocreeper/),
    })
  })
})

async function packed(name: string): Promise<string> {
  const file = join(dir, `${name}.gz`)
  await writeFile(file, gzipSync(await readFile(fixture(name))))
  return file
}
