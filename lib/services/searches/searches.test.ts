import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addTestPeople, workOffJobs } from '../../testing/work-off-jobs.ts'
import { buildTree, streamOf, unreadablePlace, type ZnodeSketch } from '../../testing/znode-builder.ts'
import { startDiff } from '../diffs/start-diff.ts'
import { UNPACKED_BYTES_MAX } from '../tree/unpack-value.ts'
import { addValueRule } from '../values/edit-value-rules.ts'
import { getSearch } from './get-search.ts'
import { listHits } from './list-hits.ts'
import { listSearches } from './list-searches.ts'
import { SEARCHES_KEPT } from './run-search.ts'
import { type StartSearchInput, startSearchSchema } from './schemas.ts'
import { startSearch } from './start-search.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const SECRET = 'hunter2-planted'

let services: TestServices
beforeEach(async () => {
  services = await createTestServices({ archives: createFileArchives() })
  await addTestPeople(services)
})
afterEach(() => services.close())

const viewer = () => services.contextFor('viewer')

async function addBackup(
  sketches: readonly (ZnodeSketch | string)[],
  options: { paths?: readonly string[]; unreadable?: readonly string[] } = {},
): Promise<string> {
  const context = services.contextFor('operator')
  const unreadable = options.unreadable ?? []
  const paths = [...(options.paths ?? ['/'])]
  const { dir } = await context.archives.write({
    parentDir: join(context.paths.storeDir, 'orders'),
    stream: streamOf(buildTree(sketches), { unreadable: unreadable.map(unreadablePlace) }),
    startedAtMs: context.clock.now(),
    now: () => context.clock.now(),
    describe: () => ({
      cluster: { name: 'orders', connectString: null, chroot: '/' },
      source: 'files',
      zookeeperVersion: '3.8.0',
      scope: { paths, kind: 'subtrees' },
      zxid: 0x1an,
      consistency: { class: 'exact', proof: 'quiet', from: '0x1a', to: '0x1a', moved: [] },
      unreadable: [...unreadable],
    }),
  })
  const id = context.newId()
  await context.db.backup.create({
    data: {
      id,
      clusterId: 'c1',
      clusterName: 'orders',
      source: 'files',
      purpose: 'manual',
      status: 'complete',
      zxid: 0x1an,
      zxidFrom: 0x1an,
      zxidTo: 0x1an,
      consistency: 'exact',
      scopePaths: paths,
      znodes: sketches.length,
      dataBytes: 0n,
      archiveBytes: 1n,
      dir: dir.slice(context.paths.storeDir.length + 1),
      manifest: {},
      takenAt: new Date(context.clock.now()),
      durationMs: 1,
    },
  })
  return `backup:${id}`
}

async function search(input: StartSearchInput) {
  const { searchId } = await startSearch(viewer(), input)
  expect(await workOffJobs(services)).toBe(1)
  return { view: await getSearch(viewer(), searchId), ...(await listHits(viewer(), { searchId, limit: 1000 })) }
}

describe('a search', () => {
  test('by path keeps to its subtree and to the size and kind asked for', async () => {
    const tree = await addBackup([
      { path: '/app/a.json', data: '{}' },
      { path: '/app/b.json', data: '{"a":1}' },
      { path: '/app/c.json', data: 'xx', kind: 'ephemeral' },
      { path: '/apple/d.json', data: '{}' },
      '/app/e.xml',
    ])
    const { view, hits, total } = await search({ tree, path: '/app', pathPattern: '*.JSON' })
    expect(hits.map((hit) => hit.path)).toEqual(['/app/a.json', '/app/b.json', '/app/c.json'])
    expect(hits[1]).toEqual({
      path: '/app/b.json',
      where: 'path',
      kind: 'persistent',
      bytes: 7,
      mzxid: '0x1',
      match: null,
    })
    expect(total).toBe(3)
    expect(view).toMatchObject({ state: 'ready', summary: { hits: 3, cut: null, looked: 5, unreadableCount: 0 } })
    const narrow = await search({ tree, pathPattern: '.json', maxBytes: 2, kind: 'lasting' })
    expect(narrow.hits.map((hit) => hit.path)).toEqual(['/app/a.json', '/apple/d.json'])
    const cased = await search({ tree, pathPattern: '*.JSON', matchCase: true })
    expect(cased.hits).toEqual([])
  })

  test('by value gives the place and what stands around it', async () => {
    const tree = await addBackup([
      { path: '/a', data: 'url=jdbc:Oracle\nuser=x' },
      { path: '/b', data: Uint8Array.of(0xff, 0x00, 0xca, 0xfe) },
      { path: '/c', data: null },
      { path: '/oracle', data: 'nothing' },
    ])
    const text = await search({ tree, valueForm: 'text', value: 'ORACLE' })
    expect(text.hits).toMatchObject([
      {
        path: '/a',
        where: 'value',
        match: {
          offset: 9,
          times: 1,
          packing: null,
          preview: { before: 'url=jdbc:', match: 'Oracle', after: '⏎user=x' },
        },
      },
    ])
    const both = await search({ tree, pathPattern: '/b*', valueForm: 'text', value: 'oracle' })
    expect(both.hits).toEqual([])
    const hex = await search({ tree, valueForm: 'hex', value: 'CA fe' })
    expect(hex.hits).toMatchObject([{ path: '/b', match: { offset: 2, preview: { form: 'hex', match: 'ca fe' } } }])
  })

  test('looks into gzip and zstd values too, and says where it could not', async () => {
    // Long and varied enough that the needle does not stand in the packed bytes as it is.
    const random = new SeededRandom(1)
    const hay = Array.from({ length: 600 }, () => random.pick(['a', 'b', 'c', 'd'])).join('')
    const bomb = gzipSync(Buffer.alloc(UNPACKED_BYTES_MAX + 1))
    const broken = Buffer.from(gzipSync('needle in a broken stack of hay'))
    broken.fill(0xff, 12, 20)
    const tree = await addBackup([
      { path: '/packed', data: gzipSync('hay hay needle hay') },
      { path: '/zstd', data: zstdCompressSync(`${hay}needle`) },
      { path: '/bomb', data: bomb },
      { path: '/broken', data: broken },
    ])
    const { view, hits } = await search({ tree, valueForm: 'text', value: 'needle' })
    expect(hits).toMatchObject([
      { path: '/packed', match: { offset: 8, packing: 'gzip' } },
      { path: '/zstd', match: { offset: 600, packing: 'zstd' } },
    ])
    expect(view.summary).toMatchObject({ unpacked: 2, notUnpacked: 2 })
  })

  test('says what it could not look at', async () => {
    const tree = await addBackup(['/app/x', '/open/x'], { unreadable: ['/closed'] })
    const { view, hits } = await search({ tree, pathPattern: '/**/x' })
    expect(hits).toHaveLength(2)
    expect(view.summary).toMatchObject({ unreadable: ['/closed'], unreadableCount: 1 })
  })

  test('of a backup of parts looks at those parts and names them', async () => {
    const tree = await addBackup(['/app/one/x', '/app/two/x'], { paths: ['/app/one', '/app/two'] })
    const { view, hits } = await search({ tree, path: '/', pathPattern: 'app' })
    // /app itself is there only to hold the parts.
    expect(hits.map((hit) => hit.path)).toEqual(['/app/one', '/app/one/x', '/app/two', '/app/two/x'])
    expect(view.summary?.roots).toEqual(['/app/one', '/app/two'])
    const outside = await search({ tree, path: '/other', pathPattern: 'x' })
    expect(outside.view).toMatchObject({ state: 'failed', error: { code: 'BAD_SOURCE' }, summary: null })
  })

  test('of a path that is not there fails, and says so', async () => {
    const tree = await addBackup(['/app'])
    const { view } = await search({ tree, path: '/nowhere', pathPattern: 'x' })
    expect(view).toMatchObject({ state: 'failed', error: { code: 'NO_NODE' } })
    const [, failed] = (await services.readAudit()).filter((entry) => entry.action === 'search.start')
    expect(failed).toMatchObject({ outcome: 'failed' })
  })

  test('keeps ten thousand hits and says that there are more', async () => {
    const tree = await addBackup(Array.from({ length: 10_001 }, (_, i) => `/n${String(i).padStart(5, '0')}`))
    const { view, total } = await search({ tree, pathPattern: '/n*' })
    expect(total).toBe(10_000)
    expect(view.summary).toMatchObject({ hits: 10_000, cut: 'hits' })
    const exact = await search({ tree, pathPattern: '/n0*' })
    expect(exact.view.summary).toMatchObject({ hits: 10_000, cut: null })
    const page = await listHits(viewer(), { searchId: exact.view.id, from: 9_999, limit: 100 })
    expect(page).toMatchObject({ hits: [{ path: '/n09999' }], total: 10_000 })
  })
})

describe('what was looked for in values', () => {
  test('is in no job, no audit and no log, and not in the database as it is', async () => {
    const tree = await addBackup([{ path: '/a', data: 'nothing' }])
    const { view } = await search({ tree, pathPattern: '/a', valueForm: 'text', value: SECRET })
    expect(view).toMatchObject({ value: SECRET, valueLength: SECRET.length })
    expect((await listSearches(viewer()))[0]).toMatchObject({ id: view.id, value: null, valueLength: SECRET.length })
    const audit = await services.readAudit()
    expect(audit).toMatchObject([
      {
        action: 'search.start',
        outcome: 'ok',
        actorName: 'viewer one',
        path: '/',
        after: { where: 'value', pathPattern: '/a', valueCharacters: SECRET.length, matchCase: false },
      },
    ])
    const db = services.database.client
    const everything = JSON.stringify([audit, await db.job.findMany(), await db.jobLog.findMany(), services.logLines])
    expect(everything).not.toContain(SECRET)
    const { dir } = services.database
    const files = (await readdir(dir, { recursive: true, withFileTypes: true })).filter((file) => file.isFile())
    expect(files.length).toBeGreaterThan(2)
    for (const file of files) {
      expect((await readFile(join(file.parentPath, file.name))).includes(SECRET), file.name).toBe(false)
    }
  })
})

describe('the results', () => {
  test('of old searches are taken away with what they hold', async () => {
    const tree = await addBackup(['/a'])
    const first = await search({ tree, pathPattern: 'a' })
    const db = services.database.client
    const row = await db.search.findUniqueOrThrow({ where: { id: first.view.id } })
    const { id: _id, options, summary, ...rest } = row
    for (let i = 0; i < SEARCHES_KEPT; i++) {
      await db.search.create({
        data: {
          ...rest,
          id: `later-${i}`,
          options: options ?? {},
          createdAt: new Date(row.createdAt.getTime() + 1 + i),
        },
      })
    }
    services.clock.advance(1000)
    await search({ tree, pathPattern: 'a' })
    await expect(getSearch(viewer(), first.view.id)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await readdir(join(viewer().paths.workDir, 'searches'))).not.toContain(first.view.id)
    expect(summary).not.toBeNull()
  })

  test('are on record where a rule has reads of the value recorded, for whoever looks at them', async () => {
    const tree = await addBackup([
      { path: '/app/plain', data: 'findme' },
      { path: '/app/other', data: 'findme' },
    ])
    const rule = { clusterId: null, pattern: '/app/plain', effect: 'record', note: 'who reads it' } as const
    await addValueRule(services.contextFor('admin'), rule)
    const { view, total } = await search({ tree, valueForm: 'text', value: 'findme' })
    expect(total).toBe(2)
    await listHits(services.contextFor('operator'), { searchId: view.id })
    const reads = (await services.readAudit()).filter(({ action }) => action === 'value.read')
    expect(reads.map(({ actorId, path }) => [actorId, path])).toEqual([
      ['viewer-1', '/app/plain'],
      ['operator-1', '/app/plain'],
    ])
    expect((await search({ tree, pathPattern: '/app/plain' })).total).toBe(1)
    expect((await services.readAudit()).filter(({ action }) => action === 'value.read')).toHaveLength(2)
  })

  test('of one person wait twenty at most; another one can still ask', async () => {
    const tree = await addBackup(['/a'])
    for (let i = 0; i < 20; i++) await startSearch(viewer(), { tree, pathPattern: 'a' })
    await expect(startSearch(viewer(), { tree, pathPattern: 'a' })).rejects.toMatchObject({ code: 'TOO_MANY' })
    await expect(startDiff(viewer(), { left: tree, right: tree })).rejects.toMatchObject({ code: 'TOO_MANY' })
    await startSearch(services.contextFor('operator'), { tree, pathPattern: 'a' })
    await workOffJobs(services)
    await startSearch(viewer(), { tree, pathPattern: 'a' })
  })

  test('that were removed from the disk are missed, with a remedy', async () => {
    const tree = await addBackup(['/a'])
    const { view } = await search({ tree, pathPattern: 'a' })
    await services.database.client.search.updateMany({ where: { id: view.id }, data: { file: 'gone.jsonl' } })
    await expect(listHits(viewer(), { searchId: view.id })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      remedy: 'search again',
    })
  })
})

describe('startSearchSchema', () => {
  test.each([
    [{}, 'pathPattern'],
    [{ pathPattern: '  ' }, 'pathPattern'],
    [{ valueForm: 'text' }, 'value'],
    [{ valueForm: 'hex', value: 'abc' }, 'value'],
    [{ valueForm: 'hex', value: 'xy' }, 'value'],
    [{ valueForm: 'hex', value: ' ' }, 'value'],
    [{ pathPattern: 'x', path: 'no/path' }, 'path'],
    [{ pathPattern: 'x', minBytes: 5, maxBytes: 4 }, 'maxBytes'],
    [{ pathPattern: 'x', minBytes: -1 }, 'minBytes'],
  ])('refuses %j at %s', (input, field) => {
    const result = startSearchSchema.safeParse({ tree: 'live:c1', ...input })
    expect(result.error?.issues.map((issue) => issue.path.join('.'))).toEqual([field])
  })

  test('takes a size or a kind alone: every znode of that size is a search too', () => {
    expect(startSearchSchema.safeParse({ tree: 'live:c1', minBytes: 500_000 }).success).toBe(true)
    expect(startSearchSchema.safeParse({ tree: 'live:c1', kind: 'ephemeral' }).success).toBe(true)
  })
})

test('a tree that does not exist is refused, and nothing is queued', async () => {
  for (const tree of ['live:nowhere', 'backup:nowhere', 'nonsense']) {
    await expect(startSearch(viewer(), { tree, pathPattern: 'x' })).rejects.toMatchObject({
      code: tree === 'nonsense' ? 'INVALID_INPUT' : 'NOT_FOUND',
    })
  }
  expect(await services.database.client.job.count()).toBe(0)
})
