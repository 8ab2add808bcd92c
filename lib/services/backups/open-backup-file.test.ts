import { execFileSync } from 'node:child_process'
import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import { addCataloguedBackup } from '../../testing/catalogued-backup.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { openBackupFile } from './open-backup-file.ts'

// A database on disk for each test: slow where many test files run at once.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

const PLANTED = 'planted: what nobody may have'
let services: TestServices
let dir: string
beforeEach(async () => {
  services = await createTestServices({ archives: createFileArchives() })
  dir = await addCataloguedBackup(services, 'b1', ['/a'])
  await catalogue(JSON.parse(await readFile(join(dir, 'manifest.json'), 'utf8')))
  await writeFile(join(services.database.dir, 'secret.txt'), PLANTED)
})
afterEach(() => services.close())

const catalogue = (manifest: object) =>
  services.database.client.backup.update({ where: { id: 'b1' }, data: { manifest } })
const download = (name: string) => openBackupFile(services.contextFor('operator'), { backupId: 'b1', name })
const secret = () => join(services.database.dir, 'secret.txt')

describe('a file of a backup', () => {
  test('is given as it lies in the store', async () => {
    const { stream, bytes } = await download('manifest.json')
    const content = await text(stream)
    expect(JSON.parse(content)).toMatchObject({ schema: 1 })
    expect(Buffer.byteLength(content)).toBe(bytes)
    const index = await download('index')
    expect(index.bytes).toBeGreaterThan(0)
    index.stream.destroy()
  })

  test.each([
    '../manifest.json',
    './manifest.json',
    '/etc/passwd',
    '..\\manifest.json',
    'manifest.json\0',
    'MANIFEST.JSON',
    '',
    '.',
    '..',
    '../../../secret.txt',
    `${'../'.repeat(20)}etc/passwd`,
  ])('is not found as %j', async (name) => {
    await expect(download(name)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('is not given when it is a link, a folder or a pipe by now', async () => {
    for (const replace of [
      (file: string) => symlink(secret(), file),
      (file: string) => mkdir(file),
      async (file: string) => void execFileSync('mkfifo', [file]),
    ]) {
      await rm(join(dir, 'index'), { recursive: true })
      await replace(join(dir, 'index'))
      await expect(download('index')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    }
  })

  test('is not given when its folder is a link that leads out of the store', async () => {
    const outside = join(services.database.dir, 'outside')
    await rename(dir, outside)
    await symlink(outside, dir)
    await expect(download('manifest.json')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('is not given from elsewhere, whatever the catalog says', async () => {
    const { client } = services.database
    for (const dirInStore of ['../', '..', '/etc', '.', 'orders/../..']) {
      await client.backup.update({ where: { id: 'b1' }, data: { dir: dirInStore } })
      await expect(download('manifest.json'), dirInStore).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    }
  })
})
