import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import { addCataloguedBackup } from '../../testing/catalogued-backup.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { listKnownPlaces, markMissing } from './mark-missing.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

let services: TestServices
beforeEach(async () => {
  services = await createTestServices({ archives: createFileArchives() })
})
afterEach(() => services.close())

test('what came in or moved while the store was walked is not missing', async () => {
  const context = services.contextFor('admin')
  const { db } = context
  for (const id of ['stays', 'gone', 'moved']) await addCataloguedBackup(services, id, ['/a'])
  const dirOf = async (id: string) => (await db.backup.findUniqueOrThrow({ where: { id } })).dir
  const before = await listKnownPlaces(context, 'default')
  const found = new Set([await dirOf('stays')])
  await addCataloguedBackup(services, 'new', ['/a'])
  await db.backup.update({ where: { id: 'moved' }, data: { dir: 'orders/elsewhere' } })
  expect(await markMissing(context, 'default', found, before)).toBe(1)
  const missing = await db.backup.findMany({ where: { missingAt: { not: null } }, select: { id: true } })
  expect(missing).toEqual([{ id: 'gone' }])
})
