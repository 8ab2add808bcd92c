import { fileURLToPath } from 'node:url'
import AxeBuilder from '@axe-core/playwright'
import { addCluster, backupRows } from '../support/clusters.ts'
import { expect, test } from '../support/fixtures.ts'

const sample = fileURLToPath(new URL('../../lib/adapters/archive/imports/fixtures/zoocreeper.json', import.meta.url))

test("another tool's file becomes a backup that says what it does not know; a broken one says where", async ({
  demo,
  signedIn: page,
}) => {
  const cluster = await addCluster(page, demo, {
    name: 'import shelf',
    connectString: demo.clusterConnectString ?? '',
  })
  await page.goto(cluster.at('backups'))
  await page.getByRole('button', { name: 'Import…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Import a file for import shelf' })
  await expect(dialog.getByRole('button', { name: 'Import the file' })).toBeDisabled()
  await dialog
    .getByLabel('File')
    .setInputFiles({ name: 'cut.json', mimeType: 'application/json', buffer: Buffer.from('{"/a":{') })
  await dialog.getByRole('button', { name: 'Import the file' }).click()
  await expect(dialog).toBeHidden()
  const work = page.getByRole('list', { name: 'Backups at work' })
  await expect(work).toContainText('Nothing in the file tells what it is', { timeout: 60_000 })
  await expect(work).toContainText('Nothing was imported')

  await page.getByRole('button', { name: 'Import…' }).click()
  await dialog.getByLabel('File').setInputFiles(sample)
  await dialog.getByLabel('Form').selectOption('zoocreeper JSON')
  await dialog.getByRole('textbox', { name: 'Note' }).fill('the old cluster')
  expect((await new AxeBuilder({ page }).include('[role=dialog]').analyze()).violations).toEqual([])
  await dialog.getByRole('button', { name: 'Import the file' }).click()
  await expect(dialog).toBeHidden()
  await expect(backupRows(page)).toHaveCount(1, { timeout: 60_000 })
  await expect(backupRows(page)).toContainText('import')
  await expect(backupRows(page)).not.toContainText('last good')
  await backupRows(page).getByRole('link').first().click()
  const report = page.getByRole('region', { name: 'What the imported file could not say' })
  await expect(report).toContainText('Made of zoocreeper.json')
  await expect(report).toContainText('Containers and TTL znodes look like persistent ones.')
  await expect(page.getByText('Not known.', { exact: true })).toBeVisible()
})
