import { createHash } from 'node:crypto'
import { open, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Acl } from '../../domain/znode/acl.ts'
import type { Znode, ZnodeBatch } from '../../domain/znode/znode.ts'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { buildTree, collectZnodes } from '../../testing/znode-builder.ts'
import { TempStore } from './archive-builder.ts'
import { compressMember, decompressMember, STRETCH_BYTES_MAX, stretchMember } from './gzip-member.ts'
import { HEAD_ROOM_BYTES } from './write-body.ts'

let store: TempStore
beforeEach(async () => {
  store = await TempStore.create()
})
afterEach(() => store.remove())

const random = new SeededRandom(7)
const NOISE = random.bytes(1 << 20)
const name = (i: number) => `/n${String(i).padStart(6, '0')}`
/** Hardly to be compressed, so that the file grows as the stream does. */
const noise = (i: number) => NOISE.subarray(i % 1000, 400_000 + (i % 1000))

function manyBlocks(count: number, sketch: (i: number) => { acl?: Acl } = () => ({})): Znode[] {
  return buildTree(Array.from({ length: count }, (_, i) => ({ path: name(i), data: noise(i), ...sketch(i) })))
}

async function indexOf(dir: string) {
  return JSON.parse(await readFile(join(dir, 'index'), 'utf8'))
}

async function expectSame(dir: string, tree: readonly Znode[]) {
  const reader = await store.archives.open(dir)
  const read = await collectZnodes(reader.readSubtree('/'))
  await reader.close()
  const plain = ({ path, data, acl }: Znode) => ({
    path,
    acl,
    sha: data && createHash('sha256').update(data).digest('hex'),
  })
  expect(read.map(plain)).toEqual(tree.map(plain))
  expect(await store.archives.verify(dir)).toMatchObject({ ok: true, problems: [] })
}

describe('the head', () => {
  test('of a large tree lies in the room that was left in front of the body, in one valid gzip file', async () => {
    const tree = manyBlocks(20)
    const { dir, manifest } = await store.write(tree)
    const { head } = await indexOf(dir)
    expect(head.slice(0, 2)).toEqual([0, HEAD_ROOM_BYTES])
    const file = await readFile(join(dir, 'snapshot.1a.gz'))
    expect(gunzipSync(file).toString('latin1', 0, 4)).toBe('ZKSN')
    expect(manifest.files[0]).toMatchObject({
      bytes: file.length,
      sha256: createHash('sha256').update(file).digest('hex'),
    })
    await expectSame(dir, tree)
    // Without its archive, the file is entered through an index made anew.
    const alone = await store.archives.openPath(join(dir, 'snapshot.1a.gz'))
    expect((await alone.get(name(7))).kind).toBe('found')
    await alone.close()
  })

  test('that outgrows the room is put in front of a body that moves', async () => {
    const tree = manyBlocks(20, (i) => ({
      acl: Array.from({ length: 200 }, (_, k) => ({
        perms: 31,
        scheme: 'digest',
        id: `u${i}-${k}:${Buffer.from(random.bytes(20)).toString('base64')}`,
      })),
    }))
    const { dir } = await store.write(tree)
    const { head } = await indexOf(dir)
    expect(head[1]).toBeGreaterThan(HEAD_ROOM_BYTES)
    await expectSame(dir, tree)
    expect((await readdir(dir)).sort()).toEqual(['index', 'manifest.json', 'snapshot.1a.gz'])
  })

  test('of a small tree takes no more than it needs', async () => {
    const { dir, archiveBytes } = await store.write(buildTree(['/a']))
    expect((await indexOf(dir)).head[1]).toBeLessThan(200)
    expect(archiveBytes).toBeLessThan(3000)
  })

  test('a member of gzip can be made longer by whatever fits a header, and reads the same', async () => {
    const raw = Buffer.from('tables')
    const { member } = await compressMember(raw)
    for (const more of [6, 7, 1000, STRETCH_BYTES_MAX]) {
      const stretched = stretchMember(member, member.length + more)!
      expect(stretched.length).toBe(member.length + more)
      expect(gunzipSync(stretched)).toEqual(raw)
      expect(await decompressMember(stretched, 0)).toEqual({ raw, bytes: stretched.length })
    }
    expect(stretchMember(member, member.length)).toEqual(member)
    for (const more of [-1, 1, 5, STRETCH_BYTES_MAX + 1]) expect(stretchMember(member, member.length + more)).toBeNull()
  })
})

describe('a disk that does not keep what it was given', () => {
  /** Turns one byte of the unfinished body around. */
  async function damage(offset: (fileBytes: number) => number): Promise<void> {
    const [temporary] = await readdir(store.clusterDir)
    const handle = await open(join(store.clusterDir, temporary!, 'body'), 'r+')
    try {
      const at = offset((await handle.stat()).size)
      const byte = Buffer.alloc(1)
      await handle.read(byte, 0, 1, at)
      byte[0]! ^= 0x10
      await handle.write(byte, 0, 1, at)
    } finally {
      await handle.close()
    }
  }

  test('is found while the tree is still being read: the stream is ended and no archive is left', async () => {
    const ended = Promise.withResolvers<void>()
    async function* endless(): AsyncGenerator<ZnodeBatch> {
      try {
        yield { znodes: buildTree([]), unreadable: [] }
        for (let i = 0; ; i++) {
          yield {
            znodes: manyBlocks(1)
              .slice(1)
              .map((znode) => ({ ...znode, path: name(i), data: noise(i) })),
            unreadable: [],
          }
          // In the middle of what was written last: sooner or later one that has not been looked at yet.
          if (i > 40) await damage((bytes) => bytes - 100_000)
        }
      } finally {
        ended.resolve()
      }
    }
    await expect(store.write(endless())).rejects.toMatchObject({
      code: 'READ_BACK_FAILED',
      unaffected: 'no archive was made; the cluster was only read',
    })
    await ended.promise
    expect(await readdir(store.clusterDir)).toEqual([])
  })

  test('is found when a block is damaged after it was looked at', async () => {
    const input = store.input(manyBlocks(60))
    const damaging = {
      ...input,
      describe: async () => {
        await damage(() => HEAD_ROOM_BYTES + 1000)
        return input.describe()
      },
    }
    await expect(store.archives.write(damaging)).rejects.toMatchObject({ code: 'READ_BACK_FAILED' })
    expect(await readdir(store.clusterDir)).toEqual([])
  })

  test('is found in a small tree, too, whose body moves in the end', async () => {
    const input = store.input(manyBlocks(3))
    const damaging = {
      ...input,
      describe: async () => {
        await damage((bytes) => bytes - 1000)
        return input.describe()
      },
    }
    await expect(store.archives.write(damaging)).rejects.toMatchObject({ code: 'READ_BACK_FAILED' })
    expect(await readdir(store.clusterDir)).toEqual([])
  })
})
