import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type CuttingProxy,
  hasS3Server,
  type S3Server,
  startCuttingProxy,
  startS3Server,
} from '../../testing/s3-server.ts'
import { createObjectStores } from './create-object-stores.ts'
import type { ObjectStore, StoreTestStep, UnfinishedUpload, UploadBook } from './object-store.ts'
import { PARTS_AT_ONCE } from './upload-file.ts'

const MIB = 1 << 20
/** The least that S3 takes for a part that is not the last. */
const PART_BYTES = 5 * MIB
const stores = createObjectStores({ partBytesMin: PART_BYTES })

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-s3-test-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

async function fileOf(bytes: number) {
  const content = randomBytes(bytes)
  const path = join(dir, `file-${randomBytes(4).toString('hex')}`)
  await writeFile(path, content)
  return { path, bytes, sha256: createHash('sha256').update(content).digest('hex'), content }
}

class MemoryBook implements UploadBook {
  readonly rows = new Map<string, UnfinishedUpload>()
  find = async (key: string) => this.rows.get(key) ?? null
  keep = async (key: string, upload: UnfinishedUpload) => void this.rows.set(key, upload)
  forget = async (key: string) => void this.rows.delete(key)
}

async function listKeys(store: ObjectStore, prefix = ''): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of store.list(prefix)) keys.push(key)
  return keys
}

async function stepsOf(store: ObjectStore): Promise<StoreTestStep[]> {
  const steps: StoreTestStep[] = []
  for await (const step of store.test()) steps.push(step)
  return steps
}

describe.skipIf(!hasS3Server('s3proxy'))('a store on a server that knows only the least', () => {
  let server: S3Server
  let wire: CuttingProxy
  let store: ObjectStore
  beforeAll(async () => {
    server = await startS3Server('s3proxy')
    wire = await startCuttingProxy(server.port)
    store = await stores.open(server.settings(), server.keys)
  })
  afterAll(async () => {
    store?.close()
    await wire?.stop()
    await server?.stop()
  })

  it('gives back what it was given, small or in parts, and proves it by reading it back', async () => {
    for (const bytes of [0, 1000, PART_BYTES + 7]) {
      const file = await fileOf(bytes)
      const key = `orders/a-${bytes}/snapshot.1.gz`
      const put = await store.putFile(key, file.path, { ...file, book: new MemoryBook() })
      expect(put).toMatchObject({ bytes, proof: 'read-back', resumedParts: 0 })
      const copy = join(dir, `copy-${bytes}`)
      await store.getFile(key, copy, file)
      expect((await readFile(copy)).equals(file.content)).toBe(true)
    }
    expect(await listKeys(store, 'orders/')).toHaveLength(3)
    const folders: string[] = []
    for await (const name of store.listFolders('orders/')) folders.push(name)
    expect(folders).toContain('a-1000')
  })

  it('goes on with the parts that are there when the connection broke, and never holds more than it may', async () => {
    const file = await fileOf(4 * PART_BYTES + 1)
    let most = 0
    const onProgress = ({ inFlight }: { readonly inFlight: number }) => {
      most = Math.max(most, inFlight)
    }
    const book = new MemoryBook()
    const broken = await stores.open(server.settings({ endpoint: wire.endpoint }), server.keys)
    await broken.putText('what it can is known', '')
    wire.cutAfter({ up: 3 * PART_BYTES + MIB })
    await expect(broken.putFile('resumed', file.path, { ...file, book, onProgress })).rejects.toMatchObject({
      code: 'STORE_UNREACHABLE',
    })
    expect(book.rows.has('resumed')).toBe(true)
    expect(await broken.head('resumed').catch(() => null)).toBeNull()
    wire.mend()
    const put = await broken.putFile('resumed', file.path, { ...file, book })
    expect(put.resumedParts).toBeGreaterThan(0)
    expect([most > 1, most <= PARTS_AT_ONCE]).toEqual([true, true])
    expect(wire.sent).toBeLessThan(file.bytes)
    expect(book.rows.size).toBe(0)
    broken.close()
    await store.getFile('resumed', join(dir, 'resumed'), file)
  })

  it('sends parts again that do not fit the file, and begins anew when the upload is gone', async () => {
    const file = await fileOf(PART_BYTES + 1)
    const book = new MemoryBook()
    await book.keep('anew', {
      uploadId: 'not-known-there',
      partBytes: PART_BYTES,
      bytes: file.bytes,
      sha256: file.sha256,
    })
    expect(await store.putFile('anew', file.path, { ...file, book })).toMatchObject({ resumedParts: 0 })
  })

  it('takes the same file for an earlier try, and overwrites no other one', async () => {
    const [file, other] = [await fileOf(100), await fileOf(100)]
    const book = new MemoryBook()
    await store.putFile('once', file.path, { ...file, book })
    await expect(store.putFile('once', file.path, { ...file, book })).resolves.toMatchObject({ bytes: 100 })
    await expect(store.putFile('once', other.path, { ...other, book })).rejects.toMatchObject({ code: 'OBJECT_EXISTS' })
    await expect(store.putText('once', 'x')).rejects.toMatchObject({ code: 'OBJECT_EXISTS' })
    await store.getFile('once', join(dir, 'once'), file)
  })

  it('sends no file that is not the one that was meant', async () => {
    const small = await fileOf(100)
    const large = await fileOf(PART_BYTES + 1)
    for (const file of [small, large]) {
      const meant = { ...file, sha256: '0'.repeat(64), book: new MemoryBook() }
      await expect(store.putFile('never', file.path, meant)).rejects.toMatchObject({ code: 'FILE_CHANGED' })
    }
    expect(await store.head('never')).toBeNull()
    for await (const { key } of store.listUploads()) expect(key).not.toBe('never')
  })

  it('goes on reading where the connection breaks, and takes nothing that is not what the manifest names', async () => {
    const file = await fileOf(3 * MIB)
    await store.putFile('read', file.path, { ...file, book: new MemoryBook() })
    const broken = await stores.open(server.settings({ endpoint: wire.endpoint }), server.keys)
    wire.cutAfter({ down: MIB })
    const reading = broken.getFile('read', join(dir, 'read'), {
      ...file,
      onProgress: () => wire.mend(),
    })
    await reading
    expect((await readFile(join(dir, 'read'))).equals(file.content)).toBe(true)
    broken.close()
    await server.client.send(
      new PutObjectCommand({ Bucket: server.bucket, Key: 'arkeeper/read', Body: randomBytes(file.bytes) }),
    )
    await expect(store.getFile('read', join(dir, 'damaged'), file)).rejects.toMatchObject({ code: 'OBJECT_DAMAGED' })
    await expect(store.getFile('nothing', join(dir, 'nothing'), file)).rejects.toMatchObject({ code: 'OBJECT_MISSING' })
  })

  it('is tested step by step, and leaves nothing of the test', async () => {
    const before = await listKeys(store)
    const steps = await stepsOf(store)
    expect(steps.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([
      'resolve ok',
      'connect advice',
      'sign ok',
      'write ok',
      'read-back ok',
      'no-overwrite advice',
      'unfinished-uploads ok',
      'delete ok',
      'object-lock ok',
      'lifecycle advice',
    ])
    expect(await listKeys(store)).toEqual(before)
  })

  it.each([
    ['a wrong secret', {}, { secretAccessKey: 'wrong' }, 'sign', /access key/],
    ['an unknown key', {}, { accessKeyId: 'NOBODY' }, 'sign', /access key/],
    ['no such bucket', { bucket: 'nobody-has-it' }, {}, 'sign', /no such bucket/],
    ['nobody listening', { endpoint: 'http://127.0.0.1:1' }, {}, 'connect', /does not answer/],
    ['a server without TLS', { tls: true }, {}, 'connect', /TLS/],
    ['a metadata address', { endpoint: 'http://169.254.169.254' }, {}, 'refused', /metadata/],
  ])(
    'says in one sentence what is wrong: %s',
    async (_what, { tls, ...settings }: Record<string, unknown>, keys, at, message) => {
      const endpoint = tls ? server.endpoint.replace('http:', 'https:') : server.endpoint
      const opening = stores.open(server.settings({ endpoint, ...settings }), { ...server.keys, ...keys })
      if (at === 'refused') return expect(opening).rejects.toMatchObject({ code: 'STORE_REFUSED' })
      const bad = await opening
      const last = (await stepsOf(bad)).at(-1)
      bad.close()
      expect(last).toMatchObject({ name: at, outcome: 'failed' })
      expect(last?.message).toMatch(message)
      expect(last?.remedy).not.toBeNull()
    },
  )

  it('gives up an upload that nobody will finish', async () => {
    const file = await fileOf(PART_BYTES + 1)
    const book = new MemoryBook()
    const broken = await stores.open(server.settings({ endpoint: wire.endpoint }), server.keys)
    await broken.putText('what it can is known now', '')
    wire.cutAfter({ up: 4 * MIB })
    await expect(broken.putFile('left', file.path, { ...file, book })).rejects.toThrow()
    broken.close()
    wire.mend()
    const left: { key: string; uploadId: string }[] = []
    for await (const upload of store.listUploads()) left.push(upload)
    const mine = left.find(({ key }) => key === 'left')
    expect(mine?.uploadId).toBe(book.rows.get('left')?.uploadId)
    await store.abortUpload('left', mine?.uploadId ?? '')
    for await (const { key } of store.listUploads()) expect(key).not.toBe('left')
  })
})

describe.skipIf(!hasS3Server('moto'))('a store on a server with conditions, sums and object lock', () => {
  let server: S3Server
  beforeAll(async () => {
    server = await startS3Server('moto', { lock: true })
  })
  afterAll(() => server?.stop())

  it('keeps what is locked, and says until when', async () => {
    const store = await createObjectStores({ partBytesMin: 5 * MIB }).open(
      server.settings({ lock: 'governance', lockDays: 2 }),
      server.keys,
    )
    for (const bytes of [1000, 6 * MIB]) {
      const file = await fileOf(bytes)
      const put = await store.putFile(`locked-${bytes}`, file.path, { ...file, book: new MemoryBook() })
      expect(put.lockedUntil?.getTime()).toBeGreaterThan(Date.now() + 86_400_000)
    }
    const steps = await stepsOf(store)
    expect(steps.filter(({ outcome }) => outcome === 'failed')).toEqual([])
    expect(steps.find(({ name }) => name === 'no-overwrite')?.outcome).toBe('ok')
    expect(steps.find(({ name }) => name === 'object-lock')?.message).toContain('2 days')
    store.close()
  })
})
