import { appendFile, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { buildTree } from '../../testing/znode-builder.ts'
import { TempStore } from './archive-builder.ts'

let store: TempStore
let dir: string
const tree = buildTree([
  ...Array.from({ length: 30 }, (_, i) => ({ path: `/n${i + 10}`, data: new SeededRandom(i).bytes(50_000) })),
  { path: '/e', kind: 'ephemeral' as const },
  { path: '/t', kind: 'ttl' as const },
])

beforeEach(async () => {
  store = await TempStore.create()
  ;({ dir } = await store.write(tree))
})
afterEach(() => store.remove())

const snapshot = () => join(dir, 'snapshot.1a.gz')
const codes = async () => (await store.archives.verify(dir)).problems.map((problem) => problem.code)

interface ManifestJson {
  schema: number
  zxid?: string
  znodes: number
  files: { name: string; bytes: number; sha256: string }[]
}

async function editManifest(edit: (manifest: ManifestJson) => void): Promise<void> {
  const path = join(dir, 'manifest.json')
  const manifest = JSON.parse(await readFile(path, 'utf8'))
  edit(manifest)
  await writeFile(path, JSON.stringify(manifest))
}

test('a sound archive is proven: files, checksum, structure, counts, digest', async () => {
  const seen: number[] = []
  const report = await store.archives.verify(dir, { onProgress: (znodes) => seen.push(znodes) })
  expect(report).toMatchObject({ ok: true, checksumOk: true, znodes: tree.length + 3, problems: [] })
  expect(report.files.map((file) => [file.name, file.ok])).toEqual([
    ['snapshot.1a.gz', true],
    ['index', true],
  ])
  expect(report.digest).toMatchObject({ version: 2, zxid: '0x1a', match: true })
  expect(seen.at(-1)).toBe(tree.length + 3)
})

test('one changed byte anywhere in the snapshot is found', async () => {
  const whole = await readFile(snapshot())
  const random = new SeededRandom(99)
  for (let round = 0; round < 25; round++) {
    const at = random.below(whole.length)
    const bytes = Buffer.from(whole)
    bytes[at]! ^= 1 + random.below(255)
    await writeFile(snapshot(), bytes)
    const report = await store.archives.verify(dir)
    expect(report.ok, `byte ${at}`).toBe(false)
    expect(
      report.problems.map((problem) => problem.code),
      `byte ${at}`,
    ).toContain('SHA256_MISMATCH')
    expect(report.files[0]).toMatchObject({ name: 'snapshot.1a.gz', ok: false })
  }
})

test('a damaged compressed block is told with its place', async () => {
  const bytes = await readFile(snapshot())
  bytes.fill(0, bytes.length >> 1, (bytes.length >> 1) + 100)
  await writeFile(snapshot(), bytes)
  const report = await store.archives.verify(dir)
  expect(report.checksumOk).toBe(false)
  expect(report.problems).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ code: 'BAD_COMPRESSION', file: 'snapshot.1a.gz', offset: expect.any(Number) }),
    ]),
  )
})

test('a cut file is TRUNCATED and has the wrong size', async () => {
  await truncate(snapshot(), 100_000)
  expect(await codes()).toEqual(expect.arrayContaining(['SIZE_MISMATCH', 'SHA256_MISMATCH', 'TRUNCATED']))
  await expect(store.archives.open(dir)).rejects.toMatchObject({ code: 'SIZE_MISMATCH' })
})

test('bytes behind the end are found', async () => {
  await appendFile(snapshot(), Buffer.alloc(10))
  expect(await codes()).toEqual(expect.arrayContaining(['SIZE_MISMATCH', 'SHA256_MISMATCH']))
})

test('another snapshot under a manifest is found by its counts and digest, even if the sums were made to match', async () => {
  const other = await store.write(buildTree([{ path: '/other', data: 'x' }]))
  await writeFile(snapshot(), await readFile(join(other.dir, 'snapshot.1a.gz')))
  await editManifest((manifest) => {
    manifest.files[0] = other.manifest.files[0]!
  })
  const found = await codes()
  expect(found).toContain('COUNT_MISMATCH')
  expect(found).toContain('DIGEST_MISMATCH')
  expect(found).not.toContain('SHA256_MISMATCH')
})

test('a snapshot under a name that a server would start at another zxid is told', async () => {
  await rename(snapshot(), join(dir, 'snapshot.1b.gz'))
  await editManifest(({ files }) => {
    for (const file of files) file.name = file.name.replace('.1a.', '.1b.')
  })
  expect(await codes()).toEqual(['ZXID_MISMATCH'])
})

test('not a snapshot at all is BAD_MAGIC', async () => {
  await writeFile(snapshot(), 'these are no bytes of a snapshot')
  expect(await codes()).toContain('BAD_MAGIC')
})

test('missing files are named', async () => {
  await rm(snapshot())
  expect(await codes()).toEqual(['FILE_MISSING'])
  await expect(store.archives.open(dir)).rejects.toMatchObject({ code: 'FILE_MISSING' })
})

test('an index that was deleted is no problem; one that was changed is, though the data is not affected', async () => {
  await writeFile(join(dir, 'index'), '{}')
  const report = await store.archives.verify(dir)
  expect(report.problems.map(({ code, file }) => [code, file])).toEqual([
    ['SIZE_MISMATCH', 'index'],
    ['SHA256_MISMATCH', 'index'],
  ])
  expect(report).toMatchObject({ ok: false, checksumOk: true, digest: { match: true } })
  expect(report.problems[0]?.message).toMatch(/not affected/)
  await rm(join(dir, 'index'))
  expect(await store.archives.verify(dir)).toMatchObject({
    ok: true,
    problems: [],
    files: [{ name: 'snapshot.1a.gz' }],
  })
})

describe('the manifest', () => {
  test('missing', async () => {
    await rm(join(dir, 'manifest.json'))
    expect(await codes()).toEqual(['MANIFEST_MISSING'])
    await expect(store.archives.open(dir)).rejects.toMatchObject({ code: 'MANIFEST_MISSING' })
  })

  test.each<[string, (manifest: ManifestJson) => void]>([
    [
      'of a newer schema',
      (manifest) => {
        manifest.schema = 2
      },
    ],
    [
      'without a zxid',
      (manifest) => {
        manifest.zxid = undefined
      },
    ],
    [
      'with a negative count',
      (manifest) => {
        manifest.znodes = -1
      },
    ],
    [
      'without a snapshot file',
      (manifest) => {
        manifest.files = []
      },
    ],
    [
      'that points outside its folder',
      (manifest) => {
        manifest.files[0]!.name = 'snapshot.1/../../x'
      },
    ],
  ])('%s is MANIFEST_INVALID', async (_what, edit) => {
    await editManifest(edit)
    expect(await codes()).toEqual(['MANIFEST_INVALID'])
    await expect(store.archives.open(dir)).rejects.toMatchObject({ code: 'MANIFEST_INVALID' })
  })

  test('that is not JSON is MANIFEST_INVALID', async () => {
    await writeFile(join(dir, 'manifest.json'), '{"schema": 1,')
    expect(await codes()).toEqual(['MANIFEST_INVALID'])
  })
})

test('a folder that is not there is an error of its own', async () => {
  await expect(store.archives.verify(join(store.dir, 'nope'))).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('verification can be cancelled', async () => {
  await expect(store.archives.verify(dir, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' })
})
