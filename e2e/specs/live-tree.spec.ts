import { OPEN_ACL } from '../../lib/domain/znode/acl.ts'
import { armDemo, expect, openClusterPage, takePicture, test } from '../support/fixtures.ts'

test('a znode that another client creates appears without reload', async ({ demo, signedIn: page, otherClient }) => {
  await openClusterPage(page, demo, 'Tree')
  await page.getByRole('button', { name: 'Open /shop', exact: true }).click()
  await page.getByRole('button', { name: 'Open /shop/blobs', exact: true }).click()
  await expect(page.getByRole('treeitem', { name: /^model\.bin/ })).toBeVisible()
  await expect(page.getByRole('status').filter({ hasText: 'live' })).toBeVisible()
  const outcome = await otherClient.multi([
    { op: 'create', path: '/shop/blobs/arrived', data: null, acl: OPEN_ACL, kind: 'persistent', ttlMs: null },
  ])
  expect(outcome.kind).toBe('done')
  await expect(page.getByRole('treeitem', { name: /^arrived/ })).toBeVisible()
  await page.getByRole('treeitem', { name: /^arrived/ }).click()
  await expect(page.getByRole('region', { name: 'Value', exact: true })).toContainText(/null/i)
})

test('the tree is worked by keyboard alone, and a parent of 20,000 children opens', async ({
  demo,
  signedIn: page,
}) => {
  await openClusterPage(page, demo, 'Tree')
  const tree = page.getByRole('tree', { name: 'Znodes of demo' })
  await tree.focus()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowRight')
  await expect(page.getByRole('treeitem', { name: /^shop/ })).toHaveAttribute('aria-expanded', 'true')
  await page.getByRole('button', { name: 'Open /shop/catalog', exact: true }).click()
  await page.getByRole('button', { name: 'Open /shop/catalog/items', exact: true }).click()
  await expect(page.getByRole('treeitem', { name: /^item-00000/ })).toBeVisible()
  // Virtual: a screenful of rows, not twenty thousand.
  expect(await tree.getByRole('treeitem').count()).toBeLessThan(200)
  await page.getByRole('treeitem', { name: /^item-00000/ }).click()
  await expect(page.getByRole('region', { name: 'Value', exact: true })).toContainText('A-0')
  await takePicture(page, 'tree')
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
  await dialog.getByRole('textbox').first().fill('mine')
  expect((await otherClient.multi([{ op: 'setData', path, data: Buffer.from('theirs'), version: 0 }])).kind).toBe(
    'done',
  )
  await dialog.getByRole('button', { name: /write|save/i }).click()
  await expect(dialog).toContainText('theirs')
  const reading = await otherClient.get(path)
  expect(reading.kind === 'found' && Buffer.from(reading.znode.data ?? []).toString()).toBe('theirs')
})
