import { readFile } from 'node:fs/promises'
import { startZooKeeper } from '../../lib/testing/zookeeper-server.ts'
import { addCluster, takeFirstBackup } from '../support/clusters.ts'
import { expect, signIn, test } from '../support/fixtures.ts'

test('a backup goes back as files along a runbook that is ticked off, survives a reload and is compared at the end', async ({
  demo,
  browser,
}) => {
  const page = await browser.newPage()
  await signIn(page, demo)
  await using server = disposable(await startZooKeeper())
  const { connectString } = server
  const cluster = await addCluster(page, demo, { name: 'by hand', connectString })
  const backupId = await takeFirstBackup(page, cluster, 'the whole tree')
  await page.goto(`${demo.url}/backups/${backupId}`)
  await page.getByRole('link', { name: 'Put back as files…' }).click()
  await expect(page.getByRole('radio', { name: 'Arkeeper' })).toBeDisabled()
  await page.getByRole('textbox', { name: 'dataDir' }).fill('/srv/zoo keeper')
  await page.getByRole('textbox', { name: 'Servers, one a line' }).fill('not a server')
  await page.getByRole('button', { name: 'Check everything' }).click()
  await expect(page.getByText('Line 1: give host:port, then folders if you like')).toBeVisible()
  await page.getByRole('textbox', { name: 'Servers, one a line' }).fill(connectString)
  await page.getByRole('button', { name: 'Check everything' }).click()
  await expect(page.getByRole('list', { name: 'Findings' })).toContainText('The backup holds the whole tree', {
    timeout: 60_000,
  })
  const steps = page.getByRole('list', { name: 'Steps of the runbook' })
  await expect(steps).toContainText("mkdir -p '/srv/zoo keeper/arkeeper-moved-aside-")
  const first = page.getByRole('checkbox', { name: `1. Stop ${connectString}` })
  await first.check()
  await expect(steps).toContainText('Done by')
  await page.reload()
  await expect(first).toBeChecked()
  await first.uncheck()
  await expect(page.getByText(/^Runbook: 0 of/)).toBeVisible()

  const downloading = page.waitForEvent('download')
  await page.getByRole('link', { name: 'Download the bundle' }).click()
  const bundle = await readFile(await (await downloading).path())
  expect(bundle.subarray(0, 10).toString()).toBe('RUNBOOK.md')
  expect(bundle.includes('ZKSN')).toBe(true)
  expect(bundle.length % 512).toBe(0)

  await page.getByRole('button', { name: 'Compare with the backup' }).click()
  await expect(page.getByText(/^Verified: /)).toBeVisible({ timeout: 60_000 })
  await page.goto(cluster.at('restores'))
  await expect(page.getByRole('region', { name: 'Put back as files' })).toContainText('done and verified')
  await page.close()
})

function disposable<T extends { stop(): Promise<void> }>(server: T): T & AsyncDisposable {
  return { ...server, [Symbol.asyncDispose]: () => server.stop() }
}
