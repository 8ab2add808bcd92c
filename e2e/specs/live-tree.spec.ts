import { OPEN_ACL } from '../../lib/domain/znode/acl.ts'
import { connectOtherClient } from '../../lib/testing/other-client.ts'
import { startEnsemble } from '../../lib/testing/zookeeper-server.ts'
import { expectNoFindingsInOne, expectNoSidewaysScroll } from '../support/axe.ts'
import { addCluster, arm, fillConfirmation } from '../support/clusters.ts'
import { armDemo, expect, openClusterPage, takePicture, test } from '../support/fixtures.ts'
import { choose, expectLive } from '../support/pages.ts'
import { expectActiveRow } from '../support/tree.ts'

test('a znode that another client creates appears without reload', async ({ demo, signedIn: page, otherClient }) => {
  await openClusterPage(page, demo, 'Tree')
  await page.getByRole('button', { name: 'Open /shop', exact: true }).click()
  await page.getByRole('button', { name: 'Open /shop/blobs', exact: true }).click()
  await expect(page.getByRole('treeitem', { name: /^model\.bin/ })).toBeVisible()
  await expectLive(page)
  const path = '/shop/blobs/arrived'
  const done = async (outcome: Promise<{ kind: string }>) => expect((await outcome).kind).toBe('done')
  await done(otherClient.multi([{ op: 'create', path, data: null, acl: OPEN_ACL, kind: 'persistent', ttlMs: null }]))
  await expect(page.getByRole('treeitem', { name: /^arrived/ })).toBeVisible()
  await page.getByRole('treeitem', { name: /^arrived/ }).click()
  await expect(page.getByRole('region', { name: 'Value', exact: true })).toContainText(/null/i)
  await done(otherClient.multi([{ op: 'delete', path, version: -1 }]))
  await expect(page.getByRole('treeitem', { name: /^arrived/ })).toBeHidden()
})

test('the tree is worked by keyboard alone, and a parent of 20,000 children opens', async ({
  demo,
  signedIn: page,
}) => {
  await openClusterPage(page, demo, 'Tree')
  const tree = page.getByRole('tree', { name: 'Znodes of demo' })
  const shop = tree.getByRole('treeitem', { name: /^shop/ })
  await expect(shop).toBeVisible()
  await tree.focus()
  await expectActiveRow(tree, '/')
  await page.keyboard.press('ArrowDown')
  await expectActiveRow(tree, '/kafka')
  await page.keyboard.press('ArrowDown')
  await expectActiveRow(tree, '/shop')
  await page.keyboard.press('ArrowRight')
  await expect(shop).toHaveAttribute('aria-expanded', 'true')
  await expectActiveRow(tree, '/shop')
  await page.getByRole('button', { name: 'Open /shop/catalog', exact: true }).click()
  await page.getByRole('button', { name: 'Open /shop/catalog/items', exact: true }).click()
  await expect(page.getByRole('treeitem', { name: /^item-00000/ })).toBeVisible()
  // Virtual: a screenful of rows, not twenty thousand.
  expect(await tree.getByRole('treeitem').count()).toBeLessThan(200)
  await page.getByRole('treeitem', { name: /^item-00000/ }).click()
  await expect(page.getByRole('region', { name: 'Value', exact: true })).toContainText('A-0')
  await takePicture(page, 'tree')

  await test.step('a value that looks like a secret is shown when it is revealed, and not before', async () => {
    const value = page.getByRole('region', { name: 'Value', exact: true })
    await page.goto(`${page.url().replace(/\?.*/, '')}?path=/shop/secrets/database-password`)
    await expect(value).toContainText('This value is hidden')
    await expect(page.getByText('correct horse')).toHaveCount(0)
    await value.getByRole('button', { name: 'Reveal value' }).click()
    await expect(value).toContainText('correct horse battery staple')
  })
})

test('a value changed meanwhile is not overwritten: theirs and yours are shown', async ({
  demo,
  signedIn: page,
  otherClient,
}) => {
  await armDemo(page, demo)
  const path = '/shop/config/mail.properties'
  await page.goto(`${page.url().replace(/settings.*/, 'tree')}?path=${encodeURIComponent(path)}`)
  await page.getByRole('button', { name: 'Edit value' }).click()
  const dialog = page.getByRole('dialog')
  await expect(dialog.getByRole('textbox').first()).not.toHaveValue('')
  await dialog.getByRole('textbox').first().fill('mine')
  expect((await otherClient.multi([{ op: 'setData', path, data: Buffer.from('theirs'), version: -1 }])).kind).toBe(
    'done',
  )
  await dialog.getByRole('button', { name: /write|save/i }).click()
  await expect(dialog).toContainText('theirs')
  const reading = await otherClient.get(path)
  expect(reading.kind === 'found' && Buffer.from(reading.znode.data ?? []).toString()).toBe('theirs')
})

test('the archived log shows who wrote what to a znode, and puts a version back unless somebody was faster', async ({
  demo,
  signedIn: page,
  otherClient,
}) => {
  // A znode of its own each time: its log is counted.
  const path = `/shop/config/written-often${test.info().repeatEachIndex || ''}`
  const done = async (outcome: Promise<{ kind: string }>) => expect((await outcome).kind).toBe('done')
  const set = (text: string) => otherClient.multi([{ op: 'setData', path, data: Buffer.from(text), version: -1 }])
  await done(otherClient.create({ path, data: Buffer.from('limit=1'), acl: OPEN_ACL, kind: 'persistent' }))
  await done(set('limit=20'))
  await done(set('limit=300'))
  await armDemo(page, demo)
  await page.goto(`${page.url().replace(/settings.*/, 'tree')}?path=${encodeURIComponent(path)}`)
  await page.getByRole('tab', { name: 'Transactions' }).click()
  await expect(page).toHaveURL(/show=log/)
  const rows = page.getByRole('region', { name: 'Transactions that touched the znode' }).getByRole('row')
  // The demo's log is archived every ten seconds.
  const readUntil = (count: number) =>
    expect(async () => {
      await page.getByRole('button', { name: 'Read again' }).click()
      await expect(rows).toHaveCount(count, { timeout: 1500 })
    }).toPass({ timeout: 90_000 })
  await readUntil(4)
  await expect(rows.nth(1)).toContainText(/value written.*8 B → 9 B/)
  await expect(rows.nth(3)).toContainText(/created.*absent → 7 B/)
  await choose(rows.nth(2).getByRole('radio'))
  await expect(page).toHaveURL(/txn=0x/)
  await page.reload()
  await expect(rows.nth(2).getByRole('radio')).toBeChecked()
  const values = page.getByRole('region', { name: 'Values side by side' })
  await expect(values).toContainText('limit=20')
  await expect(values).toContainText('limit=1')

  await page.getByRole('button', { name: 'Restore this value…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Restore this value' })
  await expect(dialog).toContainText('limit=300')
  await done(set('limit=theirs'))
  await dialog.getByRole('button', { name: 'Write 8 B to 1 znode on demo' }).click()
  await expect(dialog).toContainText('was changed meanwhile')
  await expect(dialog).toContainText('limit=theirs')
  await dialog.getByRole('button', { name: 'Write 8 B over theirs in 1 znode on demo' }).click()
  await expect(page.getByRole('status').filter({ hasText: 'Written as transaction' })).toBeVisible()
  const reading = await otherClient.get(path)
  expect(reading.kind === 'found' && Buffer.from(reading.znode.data ?? []).toString()).toBe('limit=20')

  // A znode that is gone comes back.
  await done(otherClient.multi([{ op: 'delete', path, version: -1 }]))
  await readUntil(7)
  await expect(rows.nth(1)).toContainText(/deleted.*8 B → absent/)
  await choose(rows.nth(2).getByRole('radio'))
  await page.getByRole('button', { name: 'Restore this value…' }).click()
  await expect(dialog).toContainText('created again, as a persistent znode')
  await dialog.getByRole('button', { name: 'Create 1 znode with 8 B on demo' }).click()
  await expect(dialog).toBeHidden()
  await expect.poll(async () => (await otherClient.get(path)).kind).toBe('found')

  await expectNoSidewaysScroll(page, 'a log of a znode')
  await expectNoFindingsInOne(page, 'a log of a znode, narrow', 'light')
})

test('a transaction of a real ensemble is seen as it is made, and taken back', async ({ demo, signedIn: page }) => {
  // A standalone server has no quorum port.
  const ensemble = await startEnsemble(2, { config: { tickTime: '500' }, heapMegabytes: 96 })
  try {
    const other = await connectOtherClient(ensemble.connectString)
    const done = async (outcome: Promise<{ kind: string }>) => expect((await outcome).kind).toBe('done')
    const path = '/limits'
    await done(other.create({ path, data: Buffer.from('limit=1'), acl: OPEN_ACL, kind: 'persistent' }))
    const cluster = await addCluster(page, demo, { name: 'streamed', connectString: ensemble.connectString })
    await page.goto(cluster.at('live'))
    await page.getByRole('link', { name: 'See what following takes' }).click()
    const quorum = ensemble.quorumPorts.map((port) => `127.0.0.1:${port}`).join('\n')
    await page.getByRole('textbox', { name: 'Quorum ports, one a line' }).fill(quorum)
    await page.getByRole('checkbox', { name: /^I have read/ }).check()
    await page.getByRole('button', { name: 'Follow this cluster' }).click()
    // The page says by itself how it goes.
    await expect(page.getByText('following', { exact: true })).toBeVisible()
    await arm(page, cluster)

    await page.goto(cluster.at('live'))
    await expect(page.getByRole('status').filter({ hasText: /^following$/ })).toBeVisible()
    await done(other.multi([{ op: 'setData', path, data: Buffer.from('limit=300'), version: 0 }]))
    await page
      .getByRole('region', { name: 'Transactions' })
      .getByRole('button', { name: `multi ${path}` })
      .click()
    const values = page.getByRole('region', { name: 'Values side by side' })
    await expect(values).toContainText('limit=1')
    await expect(values).toContainText('limit=300')
    await takePicture(page, 'live')
    await page.getByRole('button', { name: 'Undo this transaction…' }).click()
    await expect(page.getByRole('region', { name: 'Steps of the plan' })).toContainText(path, { timeout: 60_000 })
    await (await fillConfirmation(page, cluster, 'nobody asked for it')).click()
    await expect(page.getByText('Verified: nothing that was to be written differs')).toBeVisible({ timeout: 60_000 })
    const reading = await other.get(path)
    expect(reading.kind === 'found' && Buffer.from(reading.znode.data ?? []).toString()).toBe('limit=1')
    await other.close()

    // Gone while it is heard: nobody listens on.
    await page.goto(cluster.at('settings'))
    await page.getByRole('button', { name: 'Remove cluster…' }).click()
    const dialog = page.getByRole('dialog', { name: 'Remove streamed' })
    await dialog.getByRole('textbox', { name: 'Type streamed to confirm' }).fill('streamed')
    await dialog.getByRole('button', { name: 'Remove streamed from Arkeeper' }).click()
    await expect(page.getByRole('heading', { name: 'Overview' })).toBeVisible()
    await expect(page.getByRole('link', { name: 'streamed', exact: true })).toHaveCount(0)
  } finally {
    await ensemble.stop()
  }
})
