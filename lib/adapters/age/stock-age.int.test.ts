import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { TreeReader } from '../../domain/znode/ports.ts'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { buildTree, collectZnodes } from '../../testing/znode-builder.ts'
import { TempStore } from '../archive/archive-builder.ts'
import { SealedBytes } from '../archive/sealed-bytes.ts'
import { SealedFile } from '../archive/sealed-file.ts'
import { keysOf } from './age-keys.ts'
import { parseIdentities } from './identities.ts'

let dir: string
let secret: string
let recipient: string

async function dataAt(reader: TreeReader, path: string): Promise<string | undefined> {
  const found = await reader.get(path)
  return found.kind === 'found' && found.znode.data ? Buffer.from(found.znode.data).toString() : undefined
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-age-test-'))
  secret = await generateIdentity()
  recipient = await identityToRecipient(secret)
  await writeFile(join(dir, 'key.txt'), `# made for a test\n${secret}\n`)
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const age = (...args: string[]) => execFileSync('age', args, { maxBuffer: 64 << 20 })
const random = new SeededRandom(20261126)
const bytesOf = (length: number) => Buffer.from(Array.from({ length }, () => random.below(256)))
const keys = () => keysOf({ list: () => parseIdentities(secret) })

/** Written in pieces, with a room in front that is filled in the end. */
async function writeSealed(path: string, content: Buffer, room: number): Promise<void> {
  const file = await SealedFile.create(path, [recipient])
  if (room > 0) file.skip(room)
  for (let at = room; at < content.length; at += 50_000) await file.write(content.subarray(at, at + 50_000))
  if (room > 0) await file.fill(0, content.subarray(0, room))
  await file.finish()
}

const LENGTHS = [0, 1, 65_535, 65_536, 65_537, 131_072, 300_000]

test.each(LENGTHS)('age reads what is sealed here: %i bytes', async (length) => {
  const content = bytesOf(length)
  const path = join(dir, 'sealed.age')
  await writeSealed(path, content, Math.min(length, 32 << 10))
  expect(age('-d', '-i', join(dir, 'key.txt'), path).equals(content)).toBe(true)
})

test.each(LENGTHS)('what age has encrypted is read here, from any place: %i bytes', async (length) => {
  const content = bytesOf(length)
  await writeFile(join(dir, 'plain'), content)
  const path = join(dir, 'plain.age')
  age('-r', recipient, '-o', path, join(dir, 'plain'))
  const source = await SealedBytes.open(path, keys())
  expect(source.bytes).toBe(length)
  for (const [from, to] of [
    [0, length],
    [Math.floor(length / 3), length],
    [Math.min(65_530, length), Math.min(65_540, length)],
  ] as const) {
    expect((await source.read(from, to - from)).equals(content.subarray(from, to))).toBe(true)
  }
  const streamed: Buffer[] = []
  for await (const chunk of source.stream()) streamed.push(chunk)
  expect(Buffer.concat(streamed).equals(content)).toBe(true)
  await expect(source.read(length, 1)).rejects.toMatchObject({ code: 'TRUNCATED' })
  await source.close()
})

test('an encrypted archive, decrypted file by file with age alone, is a plain archive', async () => {
  const store = await TempStore.create()
  try {
    const tree = buildTree([
      { path: '/a', data: 'secret' },
      { path: '/a/b', data: 'more' },
    ])
    const port = store.archives.withRecipients([recipient])
    const { dir: sealed } = await port.write(store.input(tree))
    const out = join(dir, 'plain')
    await mkdir(out)
    for (const name of await readdir(sealed)) {
      if (!name.endsWith('.age')) continue
      age('-d', '-i', join(dir, 'key.txt'), '-o', join(out, name.slice(0, -4)), join(sealed, name))
    }
    expect((await readdir(out)).sort()).toEqual(['index', 'manifest.json', 'snapshot.1a.gz'])
    expect(await store.archives.verify(out)).toMatchObject({ ok: true, problems: [], checksumOk: true })
    const reader = await store.archives.open(out)
    expect(await dataAt(reader, '/a')).toBe('secret')
    expect((await collectZnodes(reader.readSubtree('/a'))).map(({ path }) => path)).toEqual(['/a', '/a/b'])
    await reader.close()
  } finally {
    await store.remove()
  }
})
