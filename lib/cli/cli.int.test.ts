import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { appendFile, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ClusterConnection } from '../adapters/zookeeper/connection.ts'
import { createZooKeeper } from '../adapters/zookeeper/zookeeper.ts'
import { counterPair } from '../domain/restore/internal/counter-operations.ts'
import { OPEN_ACL } from '../domain/znode/acl.ts'
import { type BundledCommand, bundleCommand, finish } from '../testing/bundled-command.ts'
import { LiveTree } from '../testing/live-tree.ts'
import { freezeAtMulti, isBatch, startZooKeeperProxy } from '../testing/zookeeper-proxy.ts'
import { startZooKeeper, type ZooKeeperServer } from '../testing/zookeeper-server.ts'

let arkeeper: BundledCommand
let server: ZooKeeperServer
let client: ClusterConnection
let tree: LiveTree
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
// A client of its own for each test: one that has idle sessions ends them in the middle of a later backup, which is a write of the cluster.
beforeEach(async () => {
  client = await createZooKeeper().connect({ connectString: server.connectString })
  tree = new LiveTree(client)
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-cli-'))
  await tree.create('/app', 'root')
  await tree.create('/app/a', 'one')
  await tree.create('/app/null', null)
  await tree.create('/app/ünï ✓', Buffer.from([0, 255]))
})
afterEach(async () => {
  await tree.clear()
  await client.close()
  await rm(dir, { recursive: true, force: true })
})

function start(args: readonly string[], env: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, [arkeeper.file, ...args], {
    cwd: dir,
    env: { ...process.env, ARKEEPER_AUTH: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

const run = (args: readonly string[], env?: Record<string, string>) => finish(start(args, env))
const lines = (text: string): unknown[] =>
  text
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

async function backup(...args: string[]): Promise<string> {
  const ran = await run(['backup', zk, '--out', join(dir, 'store'), '--json', '--quiet', ...args])
  expect(ran).toMatchObject({ status: 0, err: '' })
  return JSON.parse(ran.out).archive
}

describe('arkeeper', () => {
  it('says bad usage in one line on standard error, with a code and status 2', async () => {
    for (const [args, code] of [
      [['nonsense'], 'BAD_USAGE'],
      [['ls', '--nonsense', 'x', '/'], 'BAD_USAGE'],
      [['ls', zk], 'BAD_USAGE'],
      [['diff', zk, zk, '--path', '/app', '--path', '/other'], 'BAD_USAGE'],
      [['restore', zk, zk, '--mode', 'create', '--mode', 'mirror'], 'BAD_USAGE'],
      [['backup', zk, '--out', '/etc/passwd', '--quiet'], 'NOT_FOUND'],
      [['restore', '--resume', 'x'], 'RESTORE_DIR_INVALID'],
      [['ls', zk, '/', 'more'], 'BAD_USAGE'],
      [['ls', zk, 'app'], 'BAD_PATH'],
      [['ls', zk, '/nope'], 'NO_NODE'],
      [['ls', 'zk://', '/'], 'BAD_CONNECT_STRING'],
      [['ls', 'zk://127.0.0.1:1', '/'], 'CONNECT_REFUSED'],
      [['inspect', '/does/not/exist'], 'NOT_FOUND'],
      [['backup', zk], 'BAD_USAGE'],
      [['backup', zk, '--out', 'x', '--path', '/nope'], 'NO_NODE'],
      [['backup', '--source', 'observer', '--quorum', '127.0.0.1:1', '--out', 'x', '--quiet'], 'NO_LEADER'],
      [['backup', '--source', 'observer', '--quorum', 'x', '--out', 'x'], 'BAD_QUORUM_ADDRESS'],
      [['backup', '--source', 'observer', '--out', 'x'], 'BAD_USAGE'],
      [['backup', '--source', 'files', '--out', 'x'], 'BAD_USAGE'],
      [['backup', '--source', 'admin', '--out', 'x'], 'BAD_USAGE'],
      [['backup', '--source', 'admin', '--admin', 'x', '--data-dir', 'y', '--out', 'x'], 'BAD_USAGE'],
      [['restore', 'x'], 'BAD_USAGE'],
      [['restore', '/does/not/exist', zk], 'NOT_FOUND'],
      [['restore', dir, zk], 'NOT_A_SNAPSHOT'],
      [['restore', '--resume', 'x', '--undo', 'y'], 'BAD_USAGE'],
      [['restore', '--resume', 'y'], 'RESTORE_DIR_INVALID'],
      [['replay', 'x', '--to', '0x1'], 'BAD_USAGE'],
      [['follow', '--quorum', 'x:1'], 'BAD_USAGE'],
      [['follow', '--quorum', 'x', '--out', dir], 'BAD_QUORUM_ADDRESS'],
      // Where nobody ever answered: one that refuses may be in an election, and is waited for.
      [['follow', '--quorum', 'no-such-host.invalid:1', '--out', join(dir, 'followed'), '--quiet'], 'NO_LEADER'],
      [['follow', '--quorum', '127.0.0.1:1', '--out', process.cwd()], 'UNSUPPORTED'],
      [['ls', zk, '/', '--auth', 'wrong'], 'BAD_USAGE'],
      [['ls', zk, '/', '--tls-ca', 'x'], 'BAD_USAGE'],
      [['ls', zk, '/', '--tls-cert', join(process.cwd(), 'package.json')], 'BAD_USAGE'],
      // A plain port that is asked for TLS.
      [['ls', zk, '/', '--tls'], 'TLS_NOT_OFFERED'],
    ] as const) {
      const ran = await run([...args])
      expect([args, ran.status, ran.out]).toEqual([args, 2, ''])
      expect(ran.err).toMatch(new RegExp(`^${code}: [^\\n]+\\n$`))
    }
    expect(await readdir(join(dir, 'x')).catch(() => [])).toEqual([])
    const help = await run(['--help'])
    expect(help).toMatchObject({ status: 0, err: '' })
    expect(help.out).toContain('arkeeper restore')
    expect((await run(['diff', '--help'])).status).toBe(0)
  })

  it('reads one place of a cluster and of an archive alike', async () => {
    const archive = await backup()
    for (const source of [zk, archive]) {
      expect(await run(['ls', source, '/app'])).toMatchObject({ status: 0, out: 'a\nnull\nünï ✓\n' })
      expect(await run(['cat', source, '/app/a'])).toMatchObject({ status: 0, out: 'one' })
      const json = await run(['cat', source, '/app/null', '--json'])
      expect(lines(json.out)).toMatchObject([
        { path: '/app/null', kind: 'unknown', data: null, stat: { dataLength: 0 } },
      ])
    }
    const children = lines((await run(['ls', zk, '/', '--json'])).out)
    expect(children).toMatchObject([{ name: 'app', path: '/app', numChildren: 3 }, { name: 'zookeeper' }])
  })

  it('tells with inspect where the next sequential child of a parent begins', async () => {
    const sequential = { data: null, acl: OPEN_ACL, kind: 'persistent', sequential: true } as const
    for (const _ of [0, 1]) expect((await client.create({ path: '/app/a/job-', ...sequential })).kind).toBe('done')
    const archive = await backup()
    const inspected = await run(['inspect', archive])
    expect(inspected).toMatchObject({ status: 0, err: '' })
    expect(inspected.out).toContain('counter  /app/a goes on at 2\n')
    expect(
      JSON.parse((await run(['inspect', archive, '--json'])).out).manifest.fidelity.sequenceParents,
    ).toContainEqual({
      path: '/app/a',
      next: 2,
    })
  })

  it('backs up with the shape of the contract, and inspects and verifies what it made', async () => {
    const ran = await run(['backup', zk, '--out', 'store', '--path', '/app', '--note', 'why', '--json'])
    expect(ran.status).toBe(0)
    const made = JSON.parse(ran.out)
    expect(made).toMatchObject({
      status: 'complete',
      dataBytes: 9,
      consistency: { class: 'exact', proof: 'quiet', moved: [] },
      fidelity: { ephemeral: 0, unknownKind: 4, container: 0, ttl: 0, unreadable: [] },
    })
    expect(made.zxid).toMatch(/^0x[0-9a-f]+$/)
    expect(made.consistency).toMatchObject({ from: made.zxid, to: made.zxid })

    const inspected = JSON.parse((await run(['inspect', made.archive, '--json'])).out)
    expect(inspected).toMatchObject({ type: 'archive', manifest: { zxid: made.zxid, note: 'why' }, problems: [] })
    const file = inspected.manifest.files.find(({ name }: { name: string }) => name.startsWith('snapshot.')).name
    const snapshot = JSON.parse((await run(['inspect', join(made.archive, file), '--json'])).out)
    expect(snapshot).toMatchObject({ type: 'snapshot', znodes: inspected.manifest.znodes, checksum: { ok: true } })

    const sound = await run(['verify', made.archive, '--json'])
    expect(sound.status).toBe(0)
    expect(JSON.parse(sound.out)).toMatchObject({ ok: true, checksumOk: true, problems: [], digest: { match: true } })
    await appendFile(join(made.archive, file), 'x')
    const damaged = await run(['verify', made.archive, '--json'])
    expect(damaged.status).toBe(1)
    expect(JSON.parse(damaged.out).ok).toBe(false)
    expect((await run(['inspect', made.archive])).status).toBe(1)
  })

  it('proves an archive by a drill, and says what is missing where none can be done', async () => {
    const archive = await backup()
    const ran = await run(['drill', archive, '--json'])
    expect(ran.status).toBe(0)
    const report = JSON.parse(ran.out)
    expect(report).toMatchObject({ ok: true, way: 'native', differences: 0, listed: [], problems: [] })
    expect(report.serverVersion).toMatch(/^3\./)
    const missing = await run(['drill', archive], { ARKEEPER_ZOOKEEPER_CLASSPATH: '', ARKEEPER_ZOOKEEPER_HOME: dir })
    expect(missing).toMatchObject({ status: 2, out: '' })
    expect(missing.err).toMatch(/^DRILL_NOT_POSSIBLE: .*ARKEEPER_ZOOKEEPER_HOME .* holds no zookeeper.*\n$/)
    expect(await run(['drill', join(dir, 'none')])).toMatchObject({ status: 2 })
    expect(await run(['drill', archive, '--limit', '0'])).toMatchObject({ status: 2 })
  })

  it('compares: nothing differs, or exactly what differs', async () => {
    const archive = await backup()
    expect(await run(['diff', archive, zk, '--json', '--quiet'])).toEqual({ status: 0, out: '', err: '' })
    const equal = await run(['diff', archive, zk, '--summary', '--json', '--path', '/app'])
    expect(equal.status).toBe(0)
    expect(JSON.parse(equal.out)).toMatchObject({ equal: true, added: 0, removed: 0, changed: 0, compared: 4 })

    await tree.set('/app/null', '')
    await tree.remove('/app/a')
    await tree.create('/app/b')
    await tree.create('/beside')
    await client.create({
      path: '/app/live',
      data: null,
      acl: [{ perms: 31, scheme: 'world', id: 'anyone' }],
      kind: 'ephemeral',
    })
    const differs = await run(['diff', archive, zk, '--json', '--path', '/app'])
    expect(differs.status).toBe(1)
    expect(lines(differs.out)).toEqual([
      { path: '/app/a', change: 'removed', fields: [], ephemeral: false },
      { path: '/app/b', change: 'added', fields: [], ephemeral: false },
      { path: '/app/null', change: 'changed', fields: ['data'], ephemeral: false },
    ])
    const but = (...patterns: string[]) => patterns.flatMap((pattern) => ['--ignore', pattern])
    const [first] = lines(differs.out) as { path: string }[]
    const without = await run(['diff', archive, zk, '--json', '--path', '/app', ...but(first?.path ?? '')])
    expect(without.status).toBe(1)
    expect(lines(without.out)).toEqual(lines(differs.out).slice(1))
    const nothing = await run([
      'diff',
      archive,
      zk,
      '--summary',
      '--json',
      '--path',
      '/app',
      ...but('/nope', '/app/**'),
    ])
    expect(nothing.status).toBe(0)
    expect(JSON.parse(nothing.out)).toMatchObject({
      ...{ equal: true, added: 0, removed: 0, changed: 0 },
      ignored: lines(differs.out).length,
    })
    expect((await run(['diff', archive, zk, '--path', '/app', ...but('/**')])).out).toMatch(/^equal: .* ignored\n$/)
    expect(await run(['diff', archive, zk, ...but('app')])).toMatchObject({ status: 2, out: '' })
    const all = await run(['diff', archive, zk, '--json', '--path', '/app', '--ephemerals'])
    expect(lines(all.out)).toContainEqual({ path: '/app/live', change: 'added', fields: [], ephemeral: true })
    expect(await run(['diff', archive, zk, '--path', '/nope'])).toMatchObject({ status: 2, out: '' })
  })

  it('exports what a client would see, with the children counted', async () => {
    const archive = await backup()
    const live = lines((await run(['export', zk, '--quiet'])).out)
    const kept = lines((await run(['export', archive, '--quiet'])).out)
    expect(kept).toEqual(live)
    const { kind: _kind, ...seen } = (await client.get('/app')) as { kind: string; numChildren?: number }
    expect(live).toMatchObject([
      { path: '/', stat: { numChildren: 2 } },
      {
        path: '/app',
        data: Buffer.from('root').toString('base64'),
        stat: { numChildren: seen.numChildren, cversion: 3, dataLength: 4 },
      },
      { path: '/app/a', acl: [{ perms: 31, scheme: 'world', id: 'anyone' }] },
      { path: '/app/null', data: null },
      { path: '/app/ünï ✓', data: 'AP8=' },
    ])
    const part = lines((await run(['export', archive, '--path', '/app/a', '--no-data'])).out)
    expect(part).toHaveLength(1)
    expect(part[0]).not.toHaveProperty('data')
    const system = lines((await run(['export', archive, '--system'])).out)
    expect(system.length).toBeGreaterThan(kept.length)
  })

  it('plans without writing, applies, verifies, and takes it back', async () => {
    const archive = await backup()
    await tree.set('/app/a', 'two')
    await tree.remove('/app/null')
    await tree.create('/app/extra')
    const planned = await run(['restore', archive, zk, '--json', '--quiet'])
    expect(planned).toMatchObject({ status: 0, err: '' })
    const plan = JSON.parse(planned.out)
    expect(plan).toMatchObject({
      mode: 'update',
      creates: 1,
      updates: 1,
      deletes: 0,
      aclChanges: 0,
      skipped: { ephemeral: 0 },
    })
    expect(plan.plan).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(await tree.text('/app/a')).toBe('two')
    expect(await readdir(dir)).toEqual(['store'])
    const steps = lines((await run(['restore', archive, zk, '--steps'])).out)
    expect(steps).toMatchObject([
      { index: 0, step: 'setData', path: '/app/a' },
      { index: 1, step: 'create', path: '/app/null' },
    ])

    const applied = await run(['restore', archive, zk, '--apply', '--journal', 'run', '--json', '--quiet'])
    expect(applied.status).toBe(0)
    expect(JSON.parse(applied.out)).toMatchObject({
      plan: plan.plan,
      applied: 2,
      conflicts: [],
      skipped: 0,
      verified: true,
      journal: join(dir, 'run'),
    })
    expect(await tree.text('/app/a')).toBe('one')
    expect(await tree.text('/app/null')).toBeNull()
    expect(await tree.text('/app/extra')).toBe('')

    const undoPlan = JSON.parse((await run(['restore', '--undo', 'run', '--json'])).out)
    expect(undoPlan).toMatchObject({ updates: 1, deletes: 1, creates: 0 })
    expect(await tree.text('/app/a')).toBe('one')
    const undone = await run(['restore', '--undo', 'run', '--apply', '--json'])
    expect(JSON.parse(undone.out)).toMatchObject({ applied: 2, verified: true, journal: join(dir, 'run-undo') })
    expect(await tree.text('/app/a')).toBe('two')
    expect(await tree.text('/app/null')).toBeUndefined()

    const again = await run(['restore', archive, zk, '--apply', '--journal', 'run'])
    expect(again).toMatchObject({ status: 2 })
    expect(again.err).toContain('RESTORE_DIR_IN_USE')
  })

  it('mirrors only when told to, maps paths, and leaves conflicts with status 1', async () => {
    const archive = await backup()
    await tree.create('/app/extra')
    const mirror = JSON.parse((await run(['restore', archive, zk, '--mode', 'mirror', '--json'])).out)
    expect(mirror).toMatchObject({ deletes: 1 })
    const mapped = await run(['restore', archive, zk, '--path', '/app', '--to', '/other/app', '--apply', '--json'])
    expect(mapped.status).toBe(0)
    expect(await tree.text('/other/app/a')).toBe('one')

    await tree.set('/app/a', 'two')
    await run(['restore', archive, zk, '--journal', 'later'])
    await tree.set('/app/a', 'three')
    const conflict = await run(['restore', '--resume', 'later', '--json'])
    expect(conflict.status).toBe(1)
    expect(JSON.parse(conflict.out)).toMatchObject({
      applied: 0,
      verified: null,
      conflicts: [{ path: '/app/a', reason: 'version' }],
    })
    expect(await tree.text('/app/a')).toBe('three')
  })

  it('plans what a stopped run left anew, tells the result of each step, and asks before later writes go', async () => {
    const archive = await backup()
    await tree.set('/app/a', 'two')
    await run(['restore', archive, zk, '--journal', 'run'])
    await tree.set('/app/a', 'three')
    expect((await run(['restore', '--resume', 'run', '--quiet'])).status).toBe(1)
    const results = await run(['restore', '--results', 'run', '--json'])
    expect(results.status).toBe(1)
    expect(lines(results.out)).toMatchObject([{ path: '/app/a', outcome: 'conflict', reason: 'version' }])
    const rest = JSON.parse((await run(['restore', '--replan', 'run', '--json', '--quiet'])).out)
    expect(rest).toMatchObject({ updates: 1, onConflict: 'stop', warnings: [{ code: 'replanned', path: '/app/a' }] })
    const applied = await run(['restore', '--replan', 'run', '--apply', '--json', '--quiet'])
    expect(applied.status).toBe(0)
    expect(JSON.parse(applied.out)).toMatchObject({ plan: rest.plan, applied: 1, journal: join(dir, 'run-rest') })
    expect(await tree.text('/app/a')).toBe('one')
    expect((await run(['restore', '--results', 'run-rest', '--quiet'])).out).toBe('applied       setData  /app/a\n')

    await tree.set('/app/a', 'later')
    const plan = JSON.parse((await run(['restore', '--undo', 'run-rest', '--json', '--quiet'])).out)
    expect(plan).toMatchObject({ updates: 0, laterWrites: { count: 1, overwritten: false } })
    const kept = await run(['restore', '--undo', 'run-rest', '--apply', '--json', '--quiet'])
    expect(kept.status).toBe(1)
    expect(JSON.parse(kept.out)).toMatchObject({ applied: 0, conflicts: [{ path: '/app/a', reason: 'version' }] })
    expect(await tree.text('/app/a')).toBe('later')
    const over = [
      'restore',
      '--undo',
      'run-rest',
      '--on-conflict',
      'overwrite',
      '--journal',
      'over',
      '--apply',
      '--json',
    ]
    expect(JSON.parse((await run([...over, '--quiet'])).out)).toMatchObject({ applied: 1, conflicts: [] })
    expect(await tree.text('/app/a')).toBe('three')
  })

  it('refuses to mirror what is empty below the path, before there is a plan', async () => {
    await tree.create('/empty')
    const archive = await backup()
    await tree.create('/empty/x')
    const ran = await run(['restore', archive, zk, '--path', '/empty', '--mode', 'mirror', '--json', '--quiet'])
    expect(ran).toMatchObject({ status: 2, out: '' })
    expect(ran.err).toMatch(/^EMPTY_SOURCE: /)
  })

  it('does not take a chroot that does not exist for an empty tree', async () => {
    const archive = await backup('--path', '/app')
    for (const args of [
      ['backup', `${zk}/typo`, '--out', 'store'],
      ['diff', `${zk}/typo`, archive],
      ['diff', archive, `${zk}/typo`],
      ['restore', archive, `${zk}/typo`, '--apply', '--journal', 'run'],
      ['restore', `${zk}/typo`, zk, '--mode', 'mirror'],
    ]) {
      const ran = await run([...args, '--quiet'])
      expect(ran).toMatchObject({ status: 2, out: '' })
      expect(ran.err).toMatch(/^NO_NODE: The chroot \/typo [^\n]+\n$/)
    }
    expect(await tree.namesOf('/')).toEqual(['app', 'zookeeper'])
  })

  it('lives below a chroot from the backup to the undo', async () => {
    await tree.create('/deep')
    await tree.create('/deep/app', 'inside')
    await tree.create('/deeper')
    const made = JSON.parse((await run(['backup', `${zk}/deep`, '--out', 'store', '--json', '--quiet'])).out)
    expect((await run(['diff', made.archive, `${zk}/deep`])).status).toBe(0)
    const applied = await run(['restore', made.archive, `${zk}/deeper`, '--apply', '--journal', 'run', '--quiet'])
    expect(applied.status).toBe(0)
    expect(await tree.text('/deeper/app')).toBe('inside')
    expect(await tree.text('/app')).toBe('root')
    expect((await run(['restore', '--undo', 'run', '--apply', '--quiet'])).status).toBe(0)
    expect(await tree.namesOf('/deeper')).toEqual([])
    expect(await tree.text('/deep/app')).toBe('inside')
  })

  it('is done at once when nothing differs, and has nothing to take back', async () => {
    const archive = await backup()
    const ran = await run(['restore', archive, zk, '--apply', '--journal', 'run', '--json', '--quiet'])
    expect(ran).toMatchObject({ status: 0, err: '' })
    expect(JSON.parse(ran.out)).toMatchObject({ applied: 0, conflicts: [], skipped: 0, verified: true })
    expect((await run(['restore', '--resume', 'run', '--quiet'])).status).toBe(0)
    expect((await run(['restore', '--undo', 'run', '--quiet'])).err).toContain('NOTHING_TO_UNDO')
  })

  it('keeps what it overwrote as told apart from the conflicts that are left', async () => {
    const archive = await backup()
    for (const [policy, status] of [
      ['overwrite', 0],
      ['skip', 1],
      ['stop', 1],
    ] as const) {
      await tree.set('/app/a', 'before the plan')
      await run(['restore', archive, zk, '--on-conflict', policy, '--journal', policy])
      await tree.set('/app/a', `after the plan, ${policy}`)
      const ran = await run(['restore', '--resume', policy, '--json', '--quiet'])
      expect({ policy, status: ran.status }).toEqual({ policy, status })
      const one = [{ path: '/app/a', reason: 'version' }]
      expect(JSON.parse(ran.out)).toMatchObject(
        policy === 'overwrite' ? { conflicts: [], overwritten: one } : { conflicts: one, overwritten: [] },
      )
      expect(await tree.text('/app/a')).toBe(policy === 'overwrite' ? 'one' : `after the plan, ${policy}`)
    }
  })

  it('names what a mirror would delete, and counts in good grammar', async () => {
    const archive = await backup()
    await tree.create('/app/extra')
    await tree.create('/app/extra/below')
    const { out } = await run(['restore', archive, zk, '--mode', 'mirror', '--quiet'])
    expect(out).toContain('delete   /app/extra/below\ndelete   /app/extra\n')
    await tree.remove('/app/extra/below')
    const one = await run(['restore', archive, zk, '--mode', 'mirror', '--quiet'])
    expect(one.out).toContain('0 creates, 0 updates, 1 delete, 0 ACL changes')
    const create = await run(['restore', archive, zk, '--mode', 'create', '--quiet'])
    expect(create.out).toContain('0 creates, 0 updates, 0 deletes')
  })

  it('warns of applications, those of the configuration file too, and of who watches', async () => {
    for (const path of ['/app/kafka', '/app/kafka/brokers', '/app/kafka/brokers/ids']) await tree.create(path)
    await tree.create('/app/kafka/controller_epoch', '5')
    await writeFile(
      join(dir, 'mine.json'),
      JSON.stringify({
        guards: {
          applications: [
            {
              application: 'Ours',
              signatures: [['/a']],
              nodes: [{ pattern: '/a', what: 'lock', advice: 'Leave it.' }],
            },
          ],
        },
      }),
    )
    const archive = await backup()
    await tree.set('/app/kafka/controller_epoch', '9')
    await tree.set('/app/a', 'two')
    const stop = await client.watch({ dirs: [], znodes: ['/app/a'] }, () => undefined)
    const planned = await run(['restore', archive, zk, '--json', '--quiet'], {
      ARKEEPER_CONFIG: join(dir, 'mine.json'),
    })
    await stop()
    expect(JSON.parse(planned.out).warnings).toEqual([
      expect.objectContaining({ code: 'application-counter', path: '/app/kafka/controller_epoch', severity: 'danger' }),
      expect.objectContaining({ code: 'application-lock', path: '/app/a', advice: 'Leave it.' }),
      expect.objectContaining({ code: 'watched', path: '/app/a' }),
    ])
    const { out } = await run(['restore', archive, zk, '--quiet'])
    expect(out).toMatch(/^danger {3}application-counter \/app\/kafka\/controller_epoch: Kafka .*\n {9}Brokers refuse /m)
    expect(out).not.toContain('Ours')
  })

  it('is not done while something that was asked for is left out', async () => {
    await tree.create('/app/large', Buffer.alloc(1_048_400))
    const archive = await backup()
    const to = `/${'x'.repeat(300)}`
    const ran = await run(['restore', archive, zk, '--path', '/app', '--to', to, '--apply', '--json', '--quiet'])
    expect(ran.status).toBe(1)
    expect(JSON.parse(ran.out)).toMatchObject({ applied: 4, verified: true, leftOut: { 'too-large': 1 } })
    expect(await tree.namesOf(to)).not.toContain('large')
  })

  it('restores out of a data directory: containers and TTL znodes keep their kind', async () => {
    const dataDir = join(dir, 'data')
    let other = await startZooKeeper({ dataDir })
    const restart = async () => {
      await other.stop()
      // A starting server writes a snapshot of all that it has loaded.
      other = await startZooKeeper({ dataDir, clientPort: other.port })
      return createZooKeeper().connect({ connectString: other.connectString })
    }
    const acl = [{ perms: 31, scheme: 'world', id: 'anyone' }]
    try {
      let writer = await createZooKeeper().connect({ connectString: other.connectString })
      await writer.create({ path: '/box', data: null, acl, kind: 'container' })
      await writer.create({ path: '/ttl', data: Buffer.from('t'), acl, kind: 'ttl', ttlMs: 3_600_000 })
      await writer.create({ path: '/live', data: null, acl, kind: 'ephemeral' })
      await writer.close()
      writer = await restart()
      const kinds = async () =>
        lines((await run(['export', dataDir])).out).map((znode) => {
          const { path, kind, ttlMs } = znode as { path: string; kind: string; ttlMs?: number }
          return [path, kind, ttlMs ?? null]
        })
      const native = [
        ['/', 'persistent', null],
        ['/box', 'container', null],
        ['/ttl', 'ttl', 3_600_000],
      ]
      expect(await kinds()).toEqual(native)

      await cp(join(dataDir, 'version-2'), join(dir, 'kept'), { recursive: true })
      await new LiveTree(writer).clear()
      await writer.close()
      const ran = await run([
        'restore',
        join(dir, 'kept'),
        `zk://${other.connectString}`,
        '--apply',
        '--json',
        '--quiet',
      ])
      expect(JSON.parse(ran.out)).toMatchObject({ applied: 2, verified: true })
      await (await restart()).close()
      expect(await kinds()).toEqual(native)
    } finally {
      await other.stop()
    }
  })

  it('uses the credentials of --auth and of the environment', async () => {
    const owner = await createZooKeeper().connect({
      connectString: server.connectString,
      auth: [{ scheme: 'digest', id: 'ada:secret' }],
    })
    try {
      await owner.create({
        path: '/app/secret',
        data: Buffer.from('s'),
        acl: [{ perms: 31, scheme: 'auth', id: '' }],
        kind: 'persistent',
      })
      expect(await run(['cat', zk, '/app/secret'])).toMatchObject({ status: 2 })
      expect(await run(['cat', zk, '/app/secret', '--auth', 'digest:ada:secret'])).toMatchObject({
        status: 0,
        out: 's',
      })
      expect(await run(['cat', zk, '/app/secret'], { ARKEEPER_AUTH: 'digest:ada:secret' })).toMatchObject({ out: 's' })
      const partial = await run(['backup', zk, '--out', 'p', '--json', '--quiet'])
      expect(JSON.parse(partial.out)).toMatchObject({ status: 'partial', fidelity: { unreadable: ['/app/secret'] } })
      expect(partial.err).toMatch(/^PARTIAL: 1 znode could not be read[^\n]+\n$/)
      const exported = await run(['export', zk, '--quiet'])
      expect(exported.status).toBe(1)
      expect(exported.out).not.toContain('/app/secret')
      const other = await run(['cat', zk, '/app/secret', '--auth', 'digest:x:y', '--auth', 'digest:ada:secret'])
      expect(other).toMatchObject({ status: 0, out: 's' })
    } finally {
      await owner.close()
    }
  })

  it('ends with 130 when it is interrupted, and leaves nothing half-written', async () => {
    const proxy = await startZooKeeperProxy(server.port)
    try {
      await tree.fill('/app/many', 20_000)
      let requests = 0
      const frozen = new Promise<void>((resolve) => {
        proxy.onRequest(() => {
          if (++requests !== 30) return
          proxy.freeze()
          resolve()
        })
      })
      const child = start(['backup', `zk://${proxy.connectString}`, '--out', 'store', '--json'])
      const finished = finish(child)
      await frozen
      child.kill('SIGINT')
      const ran = await finished
      expect(ran).toMatchObject({ status: 130, out: '' })
      expect(ran.err).toMatch(/CANCELLED: [^\n]+\n$/)
      expect(await readdir(join(dir, 'store'))).toEqual([])
    } finally {
      await proxy.stop()
    }
  })

  it('says that there is no room when there is none, and leaves nothing of the archive', async () => {
    await tree.create('/app/noise', randomBytes(400_000))
    // No file may grow beyond 64 KiB; with the signal ignored, the write fails as on a full disk.
    const command = `trap '' XFSZ; ulimit -f 64; exec "$@"`
    const child = spawn(
      'bash',
      ['-c', command, 'bash', process.execPath, arkeeper.file, 'backup', zk, '--out', 'store', '--quiet'],
      { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] },
    )
    const ran = await finish(child)
    expect(ran).toMatchObject({ status: 2, out: '' })
    expect(ran.err).toMatch(/^NO_SPACE: [^\n]+\n$/)
    expect(await readdir(join(dir, 'store'))).toEqual([])
  })

  it('is killed in the middle of a restore and brings it to its end with --resume', async () => {
    await tree.fill('/app/many', 10_000)
    const archive = await backup()
    await tree.remove('/app')
    const proxy = await startZooKeeperProxy(server.port)
    try {
      // More than are on their way at once, so that some were answered; far from all.
      const frozen = freezeAtMulti(proxy, 6)
      const child = start(['restore', archive, `zk://${proxy.connectString}`, '--apply', '--journal', 'run'])
      const finished = finish(child)
      await frozen
      const journal = join(dir, 'run', 'journal.jsonl')
      await expect
        .poll(() => readFile(journal, 'utf8').catch(() => ''), { timeout: 60_000 })
        .toContain('"kind":"outcome"')
      child.kill('SIGKILL')
      await finished
      proxy.onRequest(null)
      proxy.cut()
      proxy.resume()
      expect(await readFile(journal, 'utf8')).not.toContain('"kind":"finished"')
      const resumed = await run(['restore', '--resume', 'run', '--json', '--quiet'])
      expect(resumed.status).toBe(0)
      expect(JSON.parse(resumed.out)).toMatchObject({ verified: true, conflicts: [] })
      expect((await run(['diff', archive, zk, '--summary'])).status).toBe(0)
      const undone = await run(['restore', '--undo', 'run', '--apply', '--json', '--quiet'])
      expect(JSON.parse(undone.out)).toMatchObject({ verified: true })
      expect(await tree.namesOf('/')).toEqual(['zookeeper'])
    } finally {
      await proxy.stop()
    }
  })

  it('is killed in the middle of a counter and brings it to exactly the number of the source with --resume', async () => {
    const proxy = await startZooKeeperProxy(server.port)
    try {
      const pairs = (from: number) => Array.from({ length: 500 }, (_, n) => counterPair('/app', from + n)).flat()
      // The counter that the source stands at: three children are there already.
      for (let n = 0; n < 4; n++) expect(await client.multi(pairs(3 + n * 500))).toMatchObject({ kind: 'done' })
      const archive = await backup()
      await tree.remove('/app')
      const ran = start([
        'restore',
        archive,
        `zk://${proxy.connectString}`,
        '--counters',
        'burn',
        '--apply',
        '--journal',
        'run',
      ])
      const finished = finish(ran)
      let batches = 0
      proxy.onRequest((frame) => {
        // After the znodes come the multis of the counter: at the third of them the process dies, at the latest with it on its way.
        if (isBatch(frame) && ++batches === 4) ran.kill('SIGKILL')
      })
      await finished
      proxy.onRequest(null)
      const reached = (await tree.find('/app'))?.stat.cversion ?? 0
      expect(reached).toBeGreaterThanOrEqual(503)
      expect(reached).toBeLessThan(2003)
      const resumed = await run(['restore', '--resume', 'run', '--json', '--quiet'])
      expect(JSON.parse(resumed.out)).toMatchObject({
        verified: true,
        fidelity: { counters: { checked: 1, reached: 1 } },
      })
      const next = await client.create({
        path: '/app/n-',
        data: null,
        acl: OPEN_ACL,
        kind: 'persistent',
        sequential: true,
      })
      expect(next).toMatchObject({ kind: 'done', path: '/app/n-0000002003' })
    } finally {
      await proxy.stop()
    }
  })

  it('keeps to the cap of counters, and refuses one that is none', async () => {
    const archive = await backup()
    await tree.create('/app/gone')
    await tree.remove('/app/gone')
    const later = await backup()
    await tree.remove('/app')
    expect((await run(['restore', archive, zk, '--apply', '--quiet'])).status).toBe(0)
    const planned = await run(['restore', later, zk, '--counters', 'burn', '--counters-cap', '1', '--json', '--quiet'])
    expect(JSON.parse(planned.out).fidelity.counters).toMatchObject({
      operations: 0,
      left: { listed: expect.arrayContaining([{ path: '/app', next: 3, source: 4, reason: 'cap' }]) },
    })
    for (const args of [
      ['--counters-cap', '5'],
      ['--counters', 'burn', '--counters-cap', 'many'],
      ['--counters', 'up'],
    ])
      expect(await run(['restore', later, zk, ...args])).toMatchObject({ status: 2 })
  })

  it('refuses a plan whose steps were changed after it was made', async () => {
    const archive = await backup()
    await tree.set('/app/a', 'two')
    await run(['restore', archive, zk, '--journal', 'later'])
    const steps = join(dir, 'later', 'steps.jsonl')
    await writeFile(steps, (await readFile(steps, 'utf8')).replace(Buffer.from('one').toString('base64'), 'ZXZpbA=='))
    const refused = await run(['restore', '--resume', 'later'])
    expect(refused).toMatchObject({ status: 2 })
    expect(refused.err).toContain('PLAN_MISMATCH')
    expect(await tree.text('/app/a')).toBe('two')
  })
})
