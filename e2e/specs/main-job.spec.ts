import { OPEN_ACL } from '../../lib/domain/znode/acl.ts'
import {
  armDemo,
  disarmDemo,
  expect,
  openClusterPage,
  signIn,
  takeBackup,
  takePicture,
  test,
} from '../support/fixtures.ts'
import { choose } from '../support/pages.ts'

const CHECKOUT = '/shop/config/checkout.properties'
const FLAG = '/shop/flags/stock-flag-1'

// The whole reason of Arkeeper, once through, as a person does it.
test('back up, break something, see what differs, put it back, verify, undo, read the audit', async ({
  demo,
  page,
  otherClient,
}) => {
  test.setTimeout(300_000)
  await signIn(page, demo)
  await disarmDemo(page, demo)
  await page.goto(demo.url)
  const original = await otherClient.get(CHECKOUT)
  const originalData = original.kind === 'found' ? Buffer.from(original.znode.data ?? []) : null
  expect(originalData?.toString()).toContain('pool.size=32')

  await expect(
    page.getByRole('listitem').filter({ hasText: 'demo' }).or(page.getByText('demo has no good backup')).first(),
  ).toBeVisible()
  await takePicture(page, 'overview')

  await test.step('a backup lands in the catalog, exact and complete', async () => {
    await takeBackup(page, demo, 'before the change')
    const row = page.getByRole('region', { name: 'Backups' }).getByRole('row').filter({ hasText: 'before the change' })
    await expect(row).toContainText('whole tree')
    await expect(row).toContainText('complete')
    await takePicture(page, 'backups')
    await row.getByRole('link').first().click()
    await expect(page.getByRole('heading', { name: 'Backup of demo' })).toBeVisible()
    await expect(page.getByText('Every znode and every ACL could be read')).toBeVisible()
    await page.getByRole('button', { name: 'Verify' }).click()
    await expect(page.getByText('Verified: every checksum, the structure and the digest are right')).toBeVisible({
      timeout: 60_000,
    })
    await page.getByRole('button', { name: 'Prove by drill' }).click()
    await expect(page.getByText(/^Proved restorable on ZooKeeper 3\.\S+: no difference in [\d,]+ znodes$/)).toBeVisible(
      {
        timeout: 90_000,
      },
    )
    await takePicture(page, 'backup')
  })
  const backupUrl = page.url()

  await test.step('another client breaks something', async () => {
    const outcome = await otherClient.multi([
      { op: 'setData', path: CHECKOUT, data: Buffer.from('service.name=checkout\npool.size=64\n'), version: 0 },
      { op: 'delete', path: FLAG, version: 0 },
      {
        op: 'create',
        path: '/shop/flags/left-behind',
        data: Buffer.from('on'),
        acl: OPEN_ACL,
        kind: 'persistent',
        ttlMs: null,
      },
    ])
    expect(outcome.kind).toBe('done')
  })

  await test.step('the diff shows exactly that', async () => {
    await page.getByRole('link', { name: 'Compare…' }).click()
    await page.getByRole('button', { name: 'Compare', exact: true }).click()
    const summary = page.getByRole('region', { name: 'Summary' })
    await expect(summary).toContainText('1 added', { timeout: 60_000 })
    await expect(summary).toContainText('1 removed')
    await expect(summary).toContainText('1 changed')
    for (const path of ['/shop', '/shop/config', '/shop/flags']) {
      await page.getByRole('button', { name: `Open ${path}`, exact: true }).click()
    }
    await page.getByRole('treeitem', { name: /^checkout\.properties/ }).click()
    const values = page.getByRole('region', { name: 'Values side by side' })
    await expect(values).toContainText('pool.size=64')
    await expect(values).toContainText('pool.size=32')
    await takePicture(page, 'diff')
  })

  await test.step('a change that is meant to be is ignored from now on: hidden, counted, and shown when asked', async () => {
    const leftBehind = page.getByRole('treeitem', { name: /^left-behind/ })
    await leftBehind.click()
    await page.getByRole('button', { name: 'Ignore changes here' }).click()
    const dialog = page.getByRole('dialog', { name: 'Ignore changes here' })
    await expect(dialog.getByRole('textbox', { name: 'Paths' })).toHaveValue('/shop/flags/left-behind')
    await dialog.getByRole('textbox', { name: 'Why' }).fill('made by hand on purpose')
    await dialog.getByRole('button', { name: 'Ignore these changes' }).click()
    const bar = page.getByRole('region', { name: 'Ignored changes' })
    await expect(bar).toContainText('1 change hidden by 1 rule')
    await expect(bar).toContainText('made by hand on purpose')
    await expect(page.getByRole('region', { name: 'Summary' })).toContainText('0 added')
    await expect(leftBehind).toBeHidden()
    await bar.getByRole('button', { name: 'Show it' }).click()
    await expect(page).toHaveURL(/ignored=show/)
    await expect(page.getByRole('region', { name: 'Summary' })).toContainText('1 added')
    await bar.getByRole('button', { name: 'Hide it' }).click()
    await expect(page).not.toHaveURL(/ignored=/)
  })

  await test.step('what is picked survives a reload, and a link to what is no difference says so', async () => {
    const picks = [CHECKOUT, FLAG].map((path) => page.getByRole('checkbox', { name: `Pick ${path}` }))
    // The tree may still be the one of before, open, and be drawn anew, closed, under the click.
    await expect(async () => {
      for (const path of ['/shop', '/shop/config', '/shop/flags']) {
        const open = page.getByRole('button', { name: `Open ${path}`, exact: true })
        if (await open.isVisible()) await open.click({ timeout: 2_000 })
      }
      for (const pick of picks) await expect(pick).toBeVisible({ timeout: 2_000 })
    }).toPass({ timeout: 60_000 })
    const bar = page.getByRole('region', { name: 'Picked differences' })
    for (const pick of picks) await choose(pick)
    await expect(bar).toContainText('2 differences picked')
    await page.reload()
    await expect(bar).toContainText('2 differences picked')
    const link = page.url()
    await page.goto(`${link}&pick=/shop/no-such-change`)
    await expect(page.getByText('1 pick of this link dropped')).toBeVisible()
    await expect(bar).toContainText('2 differences picked')
    await page.goto(link)
    await expect(bar).toContainText('2 differences picked')
  })

  await test.step('the picked changes become a plan, which a read-only cluster refuses to run', async () => {
    await page.getByRole('button', { name: /^Restore selected/ }).click()
    await page.getByRole('button', { name: 'Make the plan' }).click()
    await expect(page.getByRole('heading', { name: 'Restore to demo' })).toBeVisible()
    const steps = page.getByRole('region', { name: 'Steps of the plan' })
    await expect(steps).toContainText(FLAG, { timeout: 60_000 })
    await expect(steps.getByRole('row')).toHaveCount(3)
    await expect(page.getByText('demo is read-only')).toBeVisible()
  })
  const restoreUrl = page.url()

  await test.step('armed and confirmed by name, it runs, and nothing differs afterwards', async () => {
    await armDemo(page, demo)
    await page.goto(restoreUrl)
    const write = page.getByRole('button', { name: 'Write 2 znodes to demo' })
    await page.getByRole('textbox', { name: 'Reason' }).fill('the pool size was changed by mistake')
    await page.getByRole('textbox', { name: 'Type demo to confirm' }).fill('dem')
    await expect(write).toBeDisabled()
    await page.getByRole('textbox', { name: 'Type demo to confirm' }).fill('demo')
    await takePicture(page, 'plan')
    await write.click()
    await expect(page.getByRole('button', { name: /^Undo/ })).toBeEnabled({ timeout: 60_000 })
    await takePicture(page, 'restore')
    const restored = await otherClient.get(CHECKOUT)
    expect(restored.kind === 'found' && Buffer.from(restored.znode.data ?? [])).toEqual(originalData)
    expect((await otherClient.get(FLAG)).kind).toBe('found')
    // Not picked: left as it is.
    expect((await otherClient.get('/shop/flags/left-behind')).kind).toBe('found')
  })

  await test.step('undo is a plan of its own and takes it back', async () => {
    await page.getByRole('button', { name: /^Undo/ }).click()
    await page.getByRole('button', { name: 'Plan the undo' }).click()
    await expect(page).not.toHaveURL(restoreUrl)
    await expect(page.getByRole('region', { name: 'Steps of the plan' })).toContainText(FLAG, { timeout: 60_000 })
    await page.getByRole('textbox', { name: 'Reason' }).fill('only a rehearsal')
    await page.getByRole('textbox', { name: 'Type demo to confirm' }).fill('demo')
    await page.getByRole('button', { name: /to demo$|from demo$/ }).click()
    await expect.poll(async () => (await otherClient.get(FLAG)).kind, { timeout: 60_000 }).toBe('missing')
    await expect
      .poll(async () => {
        const undone = await otherClient.get(CHECKOUT)
        return undone.kind === 'found' && Buffer.from(undone.znode.data ?? []).toString()
      })
      .toContain('pool.size=64')
  })

  await test.step('the rule is on the settings page, and goes from there', async () => {
    await openClusterPage(page, demo, 'Settings')
    const rules = page.getByRole('region', { name: 'Ignore rules' })
    await expect(rules).toContainText('/shop/flags/left-behind')
    await rules.getByRole('button', { name: 'Remove the rule /shop/flags/left-behind' }).click()
    await expect(rules).toBeHidden()
  })

  await test.step('the audit tells the story, with reasons and without values', async () => {
    await page.getByRole('link', { name: 'Audit' }).click()
    const entries = page.getByRole('main')
    for (const action of [
      'session.sign-in',
      'backup.start',
      'backup.verify',
      'diff.start',
      'cluster.ignore',
      'cluster.unignore',
      'restore.plan',
      'cluster.arm',
      'restore.confirm',
      'restore.run',
      'restore.undo',
    ]) {
      await expect(entries).toContainText(action)
    }
    await expect(entries).toContainText('the pool size was changed by mistake')
    await expect(entries).not.toContainText('pool.size=')
    await expect(page.getByText(/^Chain verified up to entry \d/)).toBeVisible()
    await takePicture(page, 'audit')
  })

  await test.step('the backup that it all came from is still there', async () => {
    await page.goto(backupUrl)
    await expect(page.getByText('before the change')).toBeVisible()
    await openClusterPage(page, demo, 'Restores')
    await expect(page.getByRole('region', { name: 'Restores', exact: true }).getByRole('row')).toHaveCount(3)
  })
})
