import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { keysOf } from '../../adapters/age/age-keys.ts'
import { parseIdentities } from '../../adapters/age/identities.ts'
import { TempStore } from '../../adapters/archive/archive-builder.ts'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import { createScratch } from '../../adapters/scratch/create-scratch.ts'
import type { ScratchSettings } from '../../adapters/scratch/scratch-server.ts'
import { ADLER_START, adler32 } from '../../domain/snapshot/adler32.ts'
import { createEngineContext, scratchSettings } from '../../testing/engine-context.ts'
import { buildTree, type ZnodeSketch } from '../../testing/znode-builder.ts'
import type { EngineContext } from '../context.ts'
import { drillArchive } from './drill-archive.ts'

const LIMIT_MS = 120_000
const NOBODY = [{ perms: 0, scheme: 'world', id: 'anyone' }]
const SECRET_DIGEST = [{ perms: 31, scheme: 'digest', id: 'ops:c2VjcmV0' }]

let store: TempStore
let scratchDir: string
let context: EngineContext

beforeEach(async () => {
  store = await TempStore.create()
  scratchDir = join(await mkdtemp(join(tmpdir(), 'arkeeper-drill-')), 'scratch')
  context = createEngineContext()
})
afterEach(async () => {
  expect(await readdir(scratchDir).catch(() => [])).toEqual([])
  await store.remove()
  await rm(join(scratchDir, '..'), { recursive: true, force: true })
})

const drill = (dir: string, limitMs = LIMIT_MS) => drillArchive(context, { dir, scratchDir, limitMs })

const ALL_SORTS: readonly ZnodeSketch[] = [
  { path: '/null', data: null },
  { path: '/empty', data: '' },
  { path: '/ünïcode/漢字 with spaces', data: 'naïve – ☃' },
  { path: '/session', kind: 'ephemeral', stat: { ephemeralOwner: 0x0100_0000_0000_1234n } },
  { path: '/container', kind: 'container', stat: { cversion: 7 } },
  { path: '/ttl', kind: 'ttl', ttlMs: 1 },
  { path: '/secret', data: 'for few', acl: SECRET_DIGEST },
  { path: '/sealed', data: 'for nobody', acl: NOBODY },
  { path: '/sealed/below', data: 'neither', acl: NOBODY },
  { path: '/large', data: Buffer.alloc(1_500_000, 7) },
  { path: '/counted', stat: { cversion: 41, version: 5, aversion: 3, mzxid: 0x19n, pzxid: 0x18n } },
]

describe('a drill', () => {
  it('loads an archive of znodes of every sort into a stock server and finds it the same, to the last stat', async () => {
    const { dir, manifest } = await store.write(buildTree(ALL_SORTS))
    const stages: string[] = []
    const report = await drillArchive(context, {
      dir,
      scratchDir,
      limitMs: LIMIT_MS,
      onProgress: ({ stage }) => stages.push(stage),
    })
    expect(report).toMatchObject({ ok: true, way: 'native', differences: 0, listed: [], problems: [] })
    expect(report.znodes).toBe(manifest.znodes)
    expect(report.serverVersion).toMatch(/^3\./)
    expect(report.digest).toEqual({
      expected: manifest.digest?.computed,
      loaded: manifest.digest?.computed,
      match: true,
    })
    expect(report.notes.join('\n')).toMatch(/\/large has 1500000 bytes.*jute\.maxbuffer.*\n1 ephemeral znode/)
    expect([...new Set(stages)]).toEqual([
      'Verifying the archive',
      'Unpacking the archive',
      'Starting ZooKeeper on it',
      'Reading back and comparing',
    ])
  })

  it('proves an encrypted archive with its key, and without it says nothing of it', async () => {
    const secret = await generateIdentity()
    const sealed = store.archives.withRecipients([await identityToRecipient(secret)])
    const { dir } = await sealed.write(store.input(buildTree(ALL_SORTS)))
    await expect(drill(dir)).rejects.toMatchObject({
      code: 'DRILL_NOT_POSSIBLE',
      message: expect.stringContaining('age1'),
    })
    const archives = createFileArchives({ keys: keysOf({ list: () => parseIdentities(secret) }) })
    const report = await drillArchive({ ...context, archives }, { dir, scratchDir, limitMs: LIMIT_MS })
    expect(report).toMatchObject({ ok: true, differences: 0, problems: [], digest: { match: true } })
  })

  it('proves a backup of a part, of which a server needs the ancestors too', async () => {
    const { dir } = await store.write(buildTree(['/a/b', '/a/b/c']), { scope: { paths: ['/a/b'], kind: 'subtrees' } })
    expect(await drill(dir)).toMatchObject({ ok: true, differences: 0 })
  })

  it('names the znode that a server does not give back, in an archive that every sum calls whole', async () => {
    const { dir } = await store.write(buildTree(ALL_SORTS.slice(0, 5)))
    // The session that owns /session is another one in the table of sessions: a server drops the znode when it starts.
    await reseal(dir, (bytes) => bytes.writeUInt8(0x35, bytes.indexOf(Buffer.from('0100000000001234', 'hex')) + 7))
    expect(await context.archives.verify(dir)).toMatchObject({ ok: true })
    const report = await drill(dir)
    expect(report).toMatchObject({ ok: false, problems: [] })
    expect(report.listed).toContainEqual({ path: '/session', kind: 'missing', fields: [] })
    expect(report.differences).toBe(report.listed.length)
  })

  it('fails an archive of which one value was changed, although all seals are right again', async () => {
    const { dir } = await store.write(buildTree([{ path: '/a', data: 'paid: 100' }]))
    await reseal(dir, (bytes) => bytes.write('paid: 900', bytes.indexOf('paid: 100')))
    const report = await drill(dir)
    expect(report).toMatchObject({ ok: false, differences: 0, digest: { match: false } })
    expect(report.problems.map(({ code }) => code)).toContain('DIGEST_MISMATCH')
  })

  it('tells a snapshot that no server starts on from a host on which none starts', async () => {
    const { dir } = await store.write(buildTree([{ path: '/a', data: 'value' }]))
    const { start } = context.scratch
    // What arrives at the server is not what the archive holds: one byte is another one.
    async function* damaged(body: AsyncIterable<Uint8Array>) {
      for await (const chunk of body) {
        const at = Buffer.from(chunk).indexOf('value')
        yield at < 0 ? chunk : Buffer.concat([chunk.subarray(0, at), Buffer.from('V'), chunk.subarray(at + 1)])
      }
    }
    context = {
      ...context,
      scratch: {
        ...context.scratch,
        start: (input) => {
          const { snapshot } = input
          return start({ ...input, snapshot: snapshot && { ...snapshot, body: () => damaged(snapshot.body()) } })
        },
      },
    }
    const report = await drill(dir)
    expect(report).toMatchObject({ ok: false, problems: [{ code: 'SERVER_REFUSED' }] })
  })

  it('says what is missing where there is no Java or no ZooKeeper', async () => {
    const { dir } = await store.write(buildTree(['/a']))
    const withSettings = (settings: Partial<ScratchSettings>) => ({
      ...context,
      scratch: createScratch({ ...scratchSettings(), ...settings }),
    })
    const input = { dir, scratchDir, limitMs: LIMIT_MS }
    await expect(drillArchive(withSettings({ searchPath: store.dir }), input)).rejects.toMatchObject({
      code: 'DRILL_NOT_POSSIBLE',
      message: expect.stringContaining('there is no Java in PATH'),
    })
    const zookeeperHome = store.dir
    await expect(drillArchive(withSettings({ classpath: null, zookeeperHome }), input)).rejects.toMatchObject({
      code: 'DRILL_NOT_POSSIBLE',
      message: expect.stringContaining(`(${zookeeperHome}) holds no zookeeper`),
    })
  })

  it('neither proves nor refutes when its server is killed in the middle', async () => {
    const { dir } = await store.write(buildTree(['/a']))
    const { start } = context.scratch
    const startAndKill: EngineContext['scratch']['start'] = async (input) => {
      const server = await start(input)
      const ended = once(server.ended, 'abort')
      process.kill(server.pid, 'SIGKILL')
      await ended
      return server
    }
    context = { ...context, scratch: { ...context.scratch, start: startAndKill } }
    await expect(drill(dir)).rejects.toMatchObject({
      code: 'DRILL_CUT_SHORT',
      unaffected: 'the backup is as it was, neither proved nor refuted',
    })
  })

  it('is ended by its limit, by its caller and by a full disk, each with its own words, and leaves nothing', async () => {
    const { dir } = await store.write(buildTree(['/a']))
    await expect(drill(dir, 1)).rejects.toMatchObject({ code: 'DRILL_TIMEOUT' })

    const caller = new AbortController()
    const cancelled = drillArchive(
      { ...context, signal: caller.signal },
      {
        dir,
        scratchDir,
        limitMs: LIMIT_MS,
        onProgress: ({ stage }) => {
          if (stage === 'Starting ZooKeeper on it') caller.abort('enough')
        },
      },
    )
    await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' })

    const full = { ...context, scratch: { ...context.scratch, freeBytes: async () => 1024 } }
    await expect(drillArchive(full, { dir, scratchDir, limitMs: LIMIT_MS })).rejects.toMatchObject({
      code: 'DRILL_NO_SPACE',
      message: expect.stringContaining('1.0 KiB are free'),
    })
  })
})

/** Changes the snapshot of an archive and makes its seal and its sums in the manifest right again. */
async function reseal(dir: string, change: (bytes: Buffer) => void): Promise<void> {
  const file = join(dir, 'snapshot.1a.gz')
  const members = splitMembers(await readFile(file))
  const lengths = members.map((member) => gunzipSync(member).length)
  const bytes = Buffer.concat(members.map((member) => gunzipSync(member)))
  change(bytes)
  const seal = bytes.length - 13
  bytes.writeUInt32BE(adler32(ADLER_START, bytes, 0, seal), seal + 4)
  const packed = Buffer.concat(
    lengths.map((length, i) => {
      const start = lengths.slice(0, i).reduce((sum, before) => sum + before, 0)
      return gzipSync(bytes.subarray(start, start + length))
    }),
  )
  await writeFile(file, packed)
  await rm(join(dir, 'index'), { force: true })
  const manifest = JSON.parse(await readFile(join(dir, 'manifest.json'), 'utf8'))
  const entry = manifest.files.find(({ name }: { name: string }) => name === 'snapshot.1a.gz')
  entry.bytes = packed.length
  entry.sha256 = createHash('sha256').update(packed).digest('hex')
  await writeFile(join(dir, 'manifest.json'), JSON.stringify(manifest))
}

function splitMembers(file: Buffer): Buffer[] {
  const starts: number[] = []
  for (let at = 0; at >= 0; at = file.indexOf(Buffer.from('1f8b08', 'hex'), at + 1)) starts.push(at)
  return starts.map((start, i) => file.subarray(start, starts[i + 1]))
}
