import { copyFile, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { TreeReader } from '../../domain/znode/ports.ts'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { buildTree, collectZnodes } from '../../testing/znode-builder.ts'
import { keysOf } from '../age/age-keys.ts'
import { parseIdentities } from '../age/identities.ts'
import { TempStore } from './archive-builder.ts'
import { createFileArchives } from './file-archives.ts'
import type { ArchivePort } from './store.ts'
import { sha256Of } from './write-file.ts'

let store: TempStore
let secret: string
let recipient: string
/** Opens what is encrypted, and writes plainly. */
let reading: ArchivePort
/** Encrypts, and has no private key. */
let writing: ArchivePort

const SECRET_PATH = '/very-secret-path'

async function dataAt(reader: TreeReader, path: string): Promise<string | undefined> {
  const found = await reader.get(path)
  return found.kind === 'found' && found.znode.data ? Buffer.from(found.znode.data).toString() : undefined
}

beforeEach(async () => {
  store = await TempStore.create()
  secret = await generateIdentity()
  recipient = await identityToRecipient(secret)
  reading = createFileArchives({ keys: keysOf({ list: () => parseIdentities(secret) }) })
  writing = createFileArchives().withRecipients([recipient])
})
afterEach(() => store.remove())

const TREE = buildTree([
  { path: SECRET_PATH, data: 'needle', stat: { cversion: 3 } },
  { path: `${SECRET_PATH}/child`, data: 'more' },
])
const describeFuzzy = {
  consistency: { class: 'fuzzy', from: '0x10', to: '0x1a', moved: [SECRET_PATH] },
  unreadable: [`${SECRET_PATH}/closed`],
} as const
const write = async (port = writing, note?: string) =>
  port.write(
    store.input(TREE, { ...describeFuzzy, consistency: { ...describeFuzzy.consistency, moved: [SECRET_PATH] }, note }),
  )
const codes = ({ problems }: { problems: readonly { code: string }[] }) => problems.map(({ code }) => code)

async function edit(
  dir: string,
  change: (manifest: Record<string, unknown> & { files: Record<string, unknown>[] }) => void,
) {
  const path = join(dir, 'manifest.json')
  const manifest = JSON.parse(await readFile(path, 'utf8'))
  change(manifest)
  await writeFile(path, JSON.stringify(manifest))
}

test('nothing that lies in the store tells data, paths or what could not be read', async () => {
  const { dir, manifest } = await write()
  expect((await readdir(dir)).sort()).toEqual(['index.age', 'manifest.json', 'manifest.json.age', 'snapshot.1a.gz.age'])
  for (const name of await readdir(dir)) {
    const bytes = await readFile(join(dir, name))
    expect(bytes.includes('needle'), name).toBe(false)
    expect(bytes.includes('secret-path'), name).toBe(false)
  }
  const open = JSON.parse(await readFile(join(dir, 'manifest.json'), 'utf8'))
  expect(open).toMatchObject({
    schema: 2,
    znodes: TREE.length + 3,
    encryption: { format: 'age', recipients: [recipient], hidden: { moved: 1, unreadable: 1 } },
  })
  // Whoever has written it knows all, and the sums are of what lies there.
  expect(manifest.consistency.moved).toEqual([SECRET_PATH])
  for (const { name, bytes, sha256 } of manifest.files) {
    const lying = await readFile(join(dir, name))
    expect({ bytes: lying.length, sha256: sha256Of(lying) }).toEqual({ bytes, sha256 })
  }
})

test('with the key it is the same archive as a plain one', async () => {
  const sealed = await write()
  const plain = await write(createFileArchives())
  const [a, b] = [await reading.open(sealed.dir), await reading.open(plain.dir)]
  const znodes = async (reader: typeof a) =>
    (await collectZnodes(reader.readSubtree('/', { includeSystem: true }))).map((znode) => ({ ...znode }))
  expect(await znodes(a)).toEqual(await znodes(b))
  expect(a.manifest.consistency).toEqual(b.manifest.consistency)
  expect(a.manifest.fidelity).toEqual(b.manifest.fidelity)
  await Promise.all([a.close(), b.close()])
  expect(await reading.measureUnpacked(sealed.dir)).toMatchObject({
    sha256: (await reading.measureUnpacked(plain.dir)).sha256,
  })
  expect(await reading.archiveBase(sealed.dir)).toMatchObject({ zxid: 0x1an })
  const moment = await reading.openMoment({
    name: 'demo',
    bases: [await reading.archiveBase(sealed.dir)],
    logs: [],
    to: 0x1an,
  })
  expect(await dataAt(moment, SECRET_PATH)).toBe('needle')
  await moment.close()
})

test('a large one, whose tables are put in front of what is sealed already, reads back whole', async () => {
  const random = new SeededRandom(7)
  const names = Array.from({ length: 100 }, (_, i) => `/large-${String(i).padStart(3, '0')}`)
  const tree = buildTree(names.map((path) => ({ path, data: random.bytes(65_000) })))
  const { dir } = await writing.write(store.input(tree))
  expect(await reading.verify(dir)).toMatchObject({ ok: true, checksumOk: true, encryption: { opened: true } })
  const reader = await reading.open(dir)
  expect((await collectZnodes(reader.readSubtree('/'))).length).toBe(tree.length)
  await reader.close()
})

test('without the key the sums are checked and said to be no more; everything else says what is missing', async () => {
  const { dir } = await write()
  const blind = createFileArchives()
  expect(await blind.verify(dir)).toMatchObject({
    ok: true,
    znodes: 0,
    digest: null,
    encryption: { recipients: [recipient], opened: false },
  })
  const other = createFileArchives({ keys: keysOf({ list: async () => parseIdentities(await generateIdentity()) }) })
  for (const port of [blind, other]) {
    await expect(port.open(dir)).rejects.toMatchObject({
      code: 'KEY_MISSING',
      message: expect.stringContaining(recipient),
    })
    await expect(port.openPath(dir)).rejects.toMatchObject({ code: 'KEY_MISSING' })
    await expect(port.measureUnpacked(dir)).rejects.toMatchObject({ code: 'KEY_MISSING' })
    await expect(port.assertReadable(dir)).rejects.toMatchObject({ code: 'KEY_MISSING' })
    const moment = { name: 'demo', bases: [await port.archiveBase(dir)], logs: [], to: 0x1an }
    await expect(port.openMoment(moment)).rejects.toMatchObject({ code: 'KEY_MISSING' })
  }
  expect((await other.verify(dir)).encryption).toMatchObject({ opened: false })
  // The port that has written it can: what is written in one piece of work is read in it.
  await (await writing.open(dir)).close()
})

test('a flipped bit and a cut are found by the sums alone, and with the key by the encryption as well', async () => {
  const { dir } = await write()
  const path = join(dir, 'snapshot.1a.gz.age')
  const whole = await readFile(path)
  const flipped = Buffer.from(whole)
  flipped[whole.length - 40] = flipped[whole.length - 40]! ^ 4
  for (const [damaged, expected] of [
    [flipped, ['SHA256_MISMATCH']],
    [whole.subarray(0, -1), ['SIZE_MISMATCH', 'SHA256_MISMATCH']],
  ] as const) {
    await writeFile(path, damaged)
    expect(codes(await createFileArchives().verify(dir))).toEqual(expected)
    expect(codes(await reading.verify(dir))).toEqual(expect.arrayContaining([...expected, 'CIPHERTEXT_DAMAGED']))
    // Whoever makes the sums fit is found by whoever has the key.
    await edit(dir, ({ files }) => Object.assign(files[0]!, { bytes: damaged.length, sha256: sha256Of(damaged) }))
    expect(codes(await createFileArchives().verify(dir))).toEqual([])
    expect(codes(await reading.verify(dir))).toContain('CIPHERTEXT_DAMAGED')
    await expect(reading.open(dir)).rejects.toMatchObject({ code: 'CIPHERTEXT_DAMAGED' })
    await edit(dir, ({ files }) => Object.assign(files[0]!, { bytes: whole.length, sha256: sha256Of(whole) }))
  }
})

test('a file of another archive, with its sums put right, is found with the key', async () => {
  const one = await write()
  const other = await writing.write(store.input(buildTree([{ path: '/other', data: 'x' }]), { zxid: 0x1an }))
  const name = 'snapshot.1a.gz.age'
  await copyFile(join(other.dir, name), join(one.dir, name))
  expect(codes(await createFileArchives().verify(one.dir))).toContain('SHA256_MISMATCH')
  const entry = other.manifest.files.find((file) => file.name === name)
  await edit(one.dir, ({ files }) => Object.assign(files[0]!, entry))
  expect(codes(await createFileArchives().verify(one.dir))).toEqual([])
  expect(codes(await reading.verify(one.dir))).toContain('MANIFEST_INVALID')
  await expect(reading.open(one.dir)).rejects.toMatchObject({ code: 'MANIFEST_INVALID' })
  await copyFile(join(other.dir, 'manifest.json.age'), join(one.dir, 'manifest.json.age'))
  await expect(reading.open(one.dir)).rejects.toThrow(/one is of the archive/)
})

test('a lost or damaged index is made anew, and not put back', async () => {
  const { dir } = await write()
  await writeFile(join(dir, 'index.age'), 'nonsense')
  const reader = await reading.open(dir)
  expect(await dataAt(reader, SECRET_PATH)).toBe('needle')
  await reader.close()
  await rm(join(dir, 'index.age'))
  await (await reading.open(dir)).close()
  expect(await readdir(dir)).not.toContain('index.age')
  expect(await reading.verify(dir)).toMatchObject({ ok: true, encryption: { opened: true } })
})

test('a manifest that mixes plain and encrypted files, or has the schema of the other, is refused', async () => {
  const { dir } = await write()
  for (const change of [{ schema: 1 }, { encryption: undefined }, { schema: 3 }]) {
    const before = await readFile(join(dir, 'manifest.json'))
    await edit(dir, (manifest) => Object.assign(manifest, change))
    await expect(reading.open(dir)).rejects.toMatchObject({ code: 'MANIFEST_INVALID' })
    await writeFile(join(dir, 'manifest.json'), before)
  }
})

test('a failure leaves nothing behind', async () => {
  async function* broken() {
    yield { znodes: TREE, unreadable: [] }
    throw new Error('the source broke off')
  }
  await expect(writing.write(store.input(broken()))).rejects.toThrow('broke off')
  expect(await readdir(store.clusterDir)).toEqual([])
})
