import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { stringifyJson } from '../../base/json.ts'
import { ADLER_START, adler32 } from '../../domain/snapshot/adler32.ts'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { collectZnodes, randomTree } from '../../testing/znode-builder.ts'
import { TempStore } from './archive-builder.ts'

const random = new SeededRandom(7)
const tree = randomTree(random, { size: 300 }).map((znode, i) =>
  i % 5 === 0 ? { ...znode, data: random.bytes(30_000) } : znode,
)

let store: TempStore
beforeEach(async () => {
  store = await TempStore.create()
})
afterEach(() => store.remove())

test.each([
  ['deleted', async (index: string) => rm(index)],
  ['damaged', async (index: string) => writeFile(index, (await readFile(index)).subarray(0, 300))],
  [
    'of another archive',
    async (index: string) => writeFile(index, (await readFile(index, 'utf8')).replace(/\d+/g, '7')),
  ],
] as const)('an index that was %s is rebuilt, and put back as it was', async (_what, spoil) => {
  const { dir, manifest } = await store.write(tree)
  const index = join(dir, 'index')
  const before = await readFile(index, 'utf8')
  await spoil(index)
  const reader = await store.archives.open(dir)
  expect(await collectZnodes(reader.readSubtree('/'))).toHaveLength(tree.length)
  await reader.close()
  expect(await readFile(index, 'utf8')).toBe(before)
  expect((await readdir(dir)).sort()).toEqual(['manifest.json', ...manifest.files.map(({ name }) => name)].sort())
  expect((await store.archives.verify(dir)).problems).toEqual([])
})

test('an index that cannot be built as the manifest names it is used, but not written', async () => {
  const { dir, manifest } = await store.write(tree)
  const files = manifest.files.map((file) => (file.name === 'index' ? { ...file, sha256: '0'.repeat(64) } : file))
  await writeFile(join(dir, 'manifest.json'), stringifyJson({ ...manifest, files }))
  await writeFile(join(dir, 'index'), 'not ours')
  const reader = await store.archives.open(dir)
  expect(await collectZnodes(reader.readSubtree('/'))).toHaveLength(tree.length)
  await reader.close()
  expect(await readFile(join(dir, 'index'), 'utf8')).toBe('not ours')
})

test('an ACL id that the table lacks is told with its place in the file', async () => {
  const { dir } = await store.write(tree)
  const raw = gunzipSync(await readFile(join(dir, 'snapshot.1a.gz')))
  const path = tree.at(-1)!.path
  const data = tree.at(-1)!.data?.length ?? 0
  const offset = raw.lastIndexOf(Buffer.from(path)) + Buffer.byteLength(path) + 4 + data
  raw.writeBigInt64BE(99n, offset)
  const seal = raw.length - 13
  raw.writeBigInt64BE(BigInt(adler32(ADLER_START, raw, 0, seal)), seal)
  const file = join(store.dir, 'snapshot.1a')
  await writeFile(file, raw)
  const reader = await store.archives.openPath(file)
  await expect(collectZnodes(reader.readSubtree('/'))).rejects.toMatchObject({
    code: 'UNKNOWN_ACL',
    details: { offset },
  })
  await reader.close()
})
