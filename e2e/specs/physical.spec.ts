import { readFile } from 'node:fs/promises'
import { OPEN_ACL } from '../../lib/domain/znode/acl.ts'
import { createControlledServers } from '../../lib/testing/controlled-servers.ts'
import { connectOtherClient } from '../../lib/testing/other-client.ts'
import { startZooKeeper } from '../../lib/testing/zookeeper-server.ts'
import { expectNoFindingsInOne } from '../support/axe.ts'
import { addCluster, arm, takeFirstBackup } from '../support/clusters.ts'
import { expect, signIn, takePicture, test } from '../support/fixtures.ts'
import { nameMembers } from '../support/members.ts'

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
  await expect(page.getByRole('radio', { name: 'Arkeeper', exact: true })).toBeDisabled()
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
  await takePicture(page, 'runbook')
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

test('Arkeeper replaces the files of a server that its configuration file names, and puts the old ones back', async ({
  demo,
  signedIn: page,
}) => {
  const rig = await createControlledServers({ cluster: 'by machine', size: 1 })
  try {
    await rig.startAll()
    const members = rig.members.map(({ adminUrl: _none, owner: _self, ...member }) => member)
    await nameMembers(demo, 'by machine', members)
    const create = async (path: string) => {
      const other = await connectOtherClient(rig.connectString)
      await other.multi([
        { op: 'create', path, data: Buffer.from('x'), acl: OPEN_ACL, kind: 'persistent', ttlMs: null },
      ])
      return other.close()
    }
    await create('/kept')
    const cluster = await addCluster(page, demo, { name: 'by machine', connectString: rig.connectString })
    const backupId = await takeFirstBackup(page, cluster, 'before')
    await create('/too-new')
    await arm(page, cluster)
    await page.goto(`${demo.url}/physical/new?backup=${backupId}`)
    await expect(page.getByRole('radio', { name: 'Arkeeper', exact: true })).toBeChecked()
    await page.getByRole('button', { name: 'Check everything' }).click()
    const replace = page.getByRole('button', { name: 'Stop 1 server and replace the files of by machine' })
    await expect(replace).toBeVisible({ timeout: 60_000 })
    await expectNoFindingsInOne(page, 'a check of files', 'light')
    await page.getByRole('textbox', { name: 'Type by machine to confirm' }).fill('by machine')
    await page.getByRole('textbox', { name: 'Reason' }).fill('a rehearsal')
    const pid = rig.servers[0]?.pid()
    await replace.click()
    await expect(page.getByText('Verified: what zk1 serves')).toBeVisible({ timeout: 90_000 })
    await expect(page.getByRole('region', { name: 'Servers' })).toContainText('has the files of the backup, serving')
    expect(rig.servers[0]?.pid()).not.toBe(pid)
    await page.getByRole('button', { name: 'Put the old files back…' }).click()
    const dialog = page.getByRole('dialog', { name: 'Put the old files back' })
    await expectNoFindingsInOne(page, 'the way back of files', 'light')
    await dialog.getByRole('textbox', { name: 'Type by machine to confirm' }).fill('by machine')
    await dialog.getByRole('textbox', { name: 'Reason' }).fill('it was a rehearsal')
    await dialog.getByRole('button', { name: 'Stop 1 server and put the old files back' }).click()
    await expect(page.getByRole('region', { name: 'Servers' })).toContainText('has its old files again, serving', {
      timeout: 90_000,
    })
    const other = await connectOtherClient(rig.connectString)
    expect((await other.get('/too-new')).kind).toBe('found')
    await other.close()
  } finally {
    await nameMembers(demo, 'by machine', [])
    await rig.remove()
  }
})

function disposable<T extends { stop(): Promise<void> }>(server: T): T & AsyncDisposable {
  return { ...server, [Symbol.asyncDispose]: () => server.stop() }
}
