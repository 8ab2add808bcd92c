import { addCluster } from '../support/clusters.ts'
import { expect, takePicture, test } from '../support/fixtures.ts'
import { nameMember } from '../support/members.ts'

test('what the servers keep, and what an interval between backups would lose', async ({ signedIn: page, demo }) => {
  const cluster = await addCluster(page, demo, {
    name: 'on-the-servers',
    connectString: demo.clusterConnectString ?? '',
  })

  await test.step('without a member the page says how to name one', async () => {
    await page
      .getByRole('navigation', { name: `Pages of ${cluster.name}` })
      .getByRole('link', { name: 'On the servers' })
      .click()
    await expect(page.getByRole('heading', { name: 'No member is known yet' })).toBeVisible()
    await expect(page.getByRole('main')).toContainText('arkeeper.json')
  })

  await test.step('a member named on the host shows its files and what a purge would do with them', async () => {
    await nameMember(demo, cluster.name)
    await page.reload()
    const snapshots = page.getByRole('region', { name: 'Snapshots of zk1' }).getByRole('row')
    await expect(snapshots.filter({ hasText: 'snapshot.0' })).toContainText('kept')
    const logs = page.getByRole('region', { name: 'Logs of zk1' }).getByRole('row')
    await expect(logs.filter({ hasText: 'log.1' }).first()).toContainText('kept')
    await expect(page.getByRole('main')).toContainText('There is no hourly snapshot')
    await expect(page.getByRole('main')).toContainText('100,000 (default assumed)')
  })

  await test.step('an interval is part of the address and tells what it loses', async () => {
    await page.getByRole('spinbutton', { name: /A backup every/ }).fill('15')
    await page.getByRole('button', { name: 'Show what it would lose' }).click()
    await expect(page).toHaveURL(/\/retention\?every=15$/)
    const losses = page.getByRole('region', { name: 'Worst loss by kind of backup' })
    await expect(losses.getByRole('row').filter({ hasText: 'Walks over the client port' })).toContainText('15 min')
    await expect(losses.getByRole('row').filter({ hasText: 'Members’ files' })).toContainText('nothing')
    await takePicture(page, 'servers')
    await page.getByRole('link', { name: '1 d', exact: true }).click()
    await expect(page).toHaveURL(/every=1440$/)
    await expect(losses.getByRole('row').nth(1)).toContainText('1 d 0 h')
  })

  await test.step('a member whose directory is gone is told beside the rest', async () => {
    await nameMember(demo, cluster.name, 'zk2', '/no/such/directory')
    await page.reload()
    await expect(page.getByRole('alert').filter({ hasText: 'There is no directory /no/such/directory' })).toBeVisible()
  })
})
