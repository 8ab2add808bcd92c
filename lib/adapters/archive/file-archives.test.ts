import { mkdir, readdir, readFile, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { buildTree } from '../../testing/znode-builder.ts'
import { TempStore } from './archive-builder.ts'
import type { ListedArchive } from './store.ts'

let store: TempStore
beforeEach(async () => {
  store = await TempStore.create()
})
afterEach(() => store.remove())

async function list(): Promise<ListedArchive[]> {
  const all: ListedArchive[] = []
  for await (const archive of store.archives.list(store.dir)) all.push(archive)
  return all
}

const HOST = hostname().replaceAll(/[^A-Za-z0-9.]/g, '_')
/** Larger than any process id of Linux. */
const DEAD_PID = 4_194_305

describe('list', () => {
  test('gives the archives of all clusters with their sizes, and leaves out temporaries, logs and foreign folders', async () => {
    const first = await store.write(buildTree(['/a']))
    const other = await store.write(buildTree(['/b']), { zxid: 0x2bn }, { parentDir: join(store.dir, 'aa') })
    await mkdir(join(store.clusterDir, '.tmp-1-x-abc'))
    await mkdir(join(store.clusterDir, 'logs'))
    await mkdir(join(store.dir, '.git', '20261123T165341Z-1a'), { recursive: true })
    await writeFile(join(store.dir, 'notes.txt'), 'mine')
    expect(await list()).toEqual([
      { kind: 'archive', dir: other.dir, manifest: other.manifest, archiveBytes: other.archiveBytes },
      { kind: 'archive', dir: first.dir, manifest: first.manifest, archiveBytes: first.archiveBytes },
    ])
  })

  test('gives damaged ones as such', async () => {
    const names = ['manifest gone', 'manifest bad', 'file gone', 'file cut', 'fine without index']
    const dirs: string[] = []
    for (const _ of names) dirs.push((await store.write(buildTree(['/a']))).dir)
    await rm(join(dirs[0]!, 'manifest.json'))
    await writeFile(join(dirs[1]!, 'manifest.json'), 'x')
    await rm(join(dirs[2]!, 'snapshot.1a.gz'))
    await truncate(join(dirs[3]!, 'snapshot.1a.gz'), 10)
    await rm(join(dirs[4]!, 'index'))
    expect((await list()).map((archive) => archive.kind)).toEqual([
      'damaged',
      'damaged',
      'damaged',
      'damaged',
      'archive',
    ])
  })

  test.each(['../secret.key', '/etc/passwd', '..', '.', '', 'a/b', 'a\\b', '.hidden', 'a\0b', 'a\nb', 'x'.repeat(300)])(
    'a manifest that names %j as one of its files is damaged, and nothing reads it',
    async (name) => {
      const { dir } = await store.write(buildTree(['/a']))
      const file = join(dir, 'manifest.json')
      const manifest = JSON.parse(await readFile(file, 'utf8'))
      manifest.files.push({ name, bytes: 1, sha256: '0'.repeat(64) })
      await writeFile(file, JSON.stringify(manifest))
      expect(await list()).toMatchObject([
        { kind: 'damaged', message: expect.stringContaining('not the name of a file') },
      ])
      await expect(store.archives.open(dir)).rejects.toMatchObject({ code: 'MANIFEST_INVALID' })
    },
  )

  test('a folder that is a link is not of the store', async () => {
    const { dir } = await store.write(buildTree(['/a']))
    await symlink(dir, join(store.clusterDir, '20260101T000000Z-1b'))
    await symlink(store.clusterDir, join(store.dir, 'linked'))
    expect((await list()).map((archive) => archive.dir)).toEqual([dir])
  })

  test('a store that does not exist yet is empty', async () => {
    const none = []
    for await (const archive of store.archives.list(join(store.dir, 'nope'))) none.push(archive)
    expect(none).toEqual([])
  })
})

describe('remove', () => {
  test('deletes an archive and leaves its neighbours', async () => {
    const first = await store.write(buildTree(['/a']))
    const second = await store.write(buildTree(['/a']))
    await store.archives.remove(first.dir)
    expect(await readdir(store.clusterDir)).toEqual([basename(second.dir)])
  })

  test('deletes a damaged one too', async () => {
    const { dir } = await store.write(buildTree(['/a']))
    await rm(join(dir, 'manifest.json'))
    await store.archives.remove(dir)
    expect(await readdir(store.clusterDir)).toEqual([])
  })

  test('refuses what is not the folder of an archive, and touches nothing', async () => {
    const { dir } = await store.write(buildTree(['/a']))
    await symlink(dir, join(store.dir, '20261123T165341Z-1a'))
    for (const path of [store.dir, store.clusterDir, join(dir, 'index'), join(store.dir, '20261123T165341Z-1a')]) {
      await expect(store.archives.remove(path)).rejects.toMatchObject({ code: 'NOT_AN_ARCHIVE' })
    }
    await expect(store.archives.remove(join(store.dir, 'nope'))).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect((await store.archives.verify(dir)).ok).toBe(true)
  })
})

describe('sweepUnfinished', () => {
  const make = async (name: string, ageMs = 0) => {
    const dir = join(store.clusterDir, name)
    await mkdir(dir, { recursive: true })
    await writeFile(join(dir, 'body'), 'x')
    const time = new Date(Date.now() - ageMs)
    await utimes(join(dir, 'body'), time, time)
    await utimes(dir, time, time)
  }

  test('deletes what dead writers left and what is older than a day; leaves what may be at work', async () => {
    await make(`.tmp-${DEAD_PID}-${HOST}-dead`)
    await make(`.tmp-${process.pid}-${HOST}-mine`)
    await make(`.tmp-${DEAD_PID}-elsewhere-young`)
    await make(`.tmp-${DEAD_PID}-elsewhere-old`, 25 * 3_600_000)
    await make(`.tmp-${process.pid}-${HOST}-hung`, 25 * 3_600_000)
    await make('.tmp-of-somebody-else', 25 * 3_600_000)
    const { dir } = await store.write(buildTree(['/a']))
    expect(await store.archives.sweepUnfinished(store.dir)).toBe(3)
    expect((await readdir(store.clusterDir)).sort()).toEqual(
      [
        basename(dir),
        '.tmp-of-somebody-else',
        `.tmp-${process.pid}-${HOST}-mine`,
        `.tmp-${DEAD_PID}-elsewhere-young`,
      ].sort(),
    )
  })

  test('has nothing to do where there is no store', async () => {
    expect(await store.archives.sweepUnfinished(join(store.dir, 'nope'))).toBe(0)
  })
})
