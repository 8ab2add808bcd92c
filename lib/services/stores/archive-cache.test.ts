import { mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ArchiveCache } from './archive-cache.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'arkeeper-cache-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

const fillWith = (bytes: number) => (dir: string) => writeFile(join(dir, 'file'), Buffer.alloc(bytes))
const entries = async () => (await readdir(root)).filter((name) => /^[0-9a-f]{32}$/.test(name)).length
const isThere = (dir: string) =>
  stat(dir).then(
    () => true,
    () => false,
  )

it('fetches an archive once, for all who ask at the same time and later, of this process or another', async () => {
  // Two caches of one folder know nothing of each other, as two processes.
  const [one, other] = [new ArchiveCache(root, 1000), new ArchiveCache(root, 1000)]
  let fetched = 0
  const fill = async (dir: string) => {
    fetched++
    await fillWith(10)(dir)
  }
  const borrowed = await Promise.all([one.borrow('a', fill), one.borrow('a', fill), one.borrow('a', fill)])
  expect(fetched).toBe(1)
  const again = await other.borrow('a', fill)
  expect(fetched).toBe(1)
  expect(again.dir).toBe(borrowed[0]?.dir)
  for (const each of [...borrowed, again]) await each.release()
  expect((await readdir(root)).filter((name) => name.includes('.use-'))).toEqual([])
})

it('drops what was not used for longest when the room is needed, and nothing that is read', async () => {
  const [cache, other] = [new ArchiveCache(root, 100), new ArchiveCache(root, 100)]
  const old = await cache.borrow('old', fillWith(40))
  await old.release()
  const held = await other.borrow('held', fillWith(40))
  // Both were used before the next one, and in this order.
  await utimes(old.dir, 2, 2)
  await utimes(held.dir, 1, 1)
  const next = await cache.borrow('next', fillWith(40))
  expect([await isThere(old.dir), await isThere(held.dir), await isThere(next.dir)]).toEqual([false, true, true])
  await cache.drop('held')
  expect(await isThere(held.dir)).toBe(true)
  await held.release()
  await cache.drop('held')
  expect(await isThere(held.dir)).toBe(false)
  await next.release()
})

it('keeps nothing of a fetch that failed, and tries again', async () => {
  const cache = new ArchiveCache(root, 100)
  const fail = async (dir: string) => {
    await fillWith(1)(dir)
    throw new Error('the store did not answer')
  }
  await expect(cache.borrow('a', fail)).rejects.toThrow('did not answer')
  expect(await readdir(root)).toEqual([])
  const { release } = await cache.borrow('a', fillWith(1))
  expect(await entries()).toBe(1)
  await release()
})

it('goes on behind a lock whose holder is gone, and removes what such processes have left', async () => {
  const cache = new ArchiveCache(root, 100)
  await writeFile(join(root, 'lock'), '')
  await utimes(join(root, 'lock'), 1, 1)
  const { release } = await cache.borrow('a', fillWith(1))
  await release()
  const [entry = ''] = await readdir(root)
  // No process has such an id.
  const mark = await cache.borrow('a', fillWith(1)).then(() => readdir(root))
  const host = /\.use-\d+-([^-]*)-/.exec(mark.join(' '))?.[1] ?? ''
  await writeFile(join(root, `${entry}.use-4194999-${host}-abcd`), '')
  await writeFile(join(root, `.tmp-4194999-${host}-abcd`), '')
  await cache.sweep()
  expect((await readdir(root)).filter((name) => name.includes('4194999'))).toEqual([])
})
