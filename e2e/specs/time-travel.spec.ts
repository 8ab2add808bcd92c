import { formatHex64 } from '../../lib/base/hex64.ts'
import { OPEN_ACL } from '../../lib/domain/znode/acl.ts'
import { addCluster, arm, backupRows, fillConfirmation } from '../support/clusters.ts'
import { expect, takePicture, test } from '../support/fixtures.ts'
import { nameMember } from '../support/members.ts'

test('what was deleted is seen as it was, and put back from there', async ({ signedIn: page, demo, otherClient }) => {
  const create = (path: string, text: string) => ({
    op: 'create' as const,
    path,
    data: Buffer.from(text),
    acl: OPEN_ACL,
    kind: 'persistent' as const,
    ttlMs: null,
  })
  expect((await otherClient.multi([create('/travel', ''), create('/travel/config', 'as it was')])).kind).toBe('done')
  const reading = await otherClient.get('/travel/config')
  const zxid = formatHex64(reading.kind === 'found' ? reading.znode.stat.mzxid : 0n)
  const cluster = await addCluster(page, demo, { name: 'traveller', connectString: demo.clusterConnectString ?? '' })

  await test.step('without a member the page says how to come to a past', async () => {
    await page
      .getByRole('navigation', { name: `Pages of ${cluster.name}` })
      .getByRole('link', { name: 'Time travel' })
      .click()
    await expect(page.getByRole('heading', { name: 'Nothing of the past is kept yet' })).toBeVisible()
    await expect(page.getByRole('main')).toContainText('arkeeper.json')
  })

  await test.step('the znode is deleted; the slider ends behind that', async () => {
    const gone = await otherClient.multi([
      { op: 'delete', path: '/travel/config', version: -1 },
      { op: 'delete', path: '/travel', version: -1 },
    ])
    expect(gone.kind).toBe('done')
    await nameMember(demo, cluster.name)
    await page.reload()
    const slider = page.getByRole('slider', { name: 'Moment' })
    await expect(slider).toHaveAttribute('aria-valuetext', /UTC, zxid 0x/)
    await expect(slider).toBeEnabled()
    const end = await slider.getAttribute('aria-valuetext')
    await slider.focus()
    await expect(slider).toBeFocused()
    await page.keyboard.press('ArrowLeft')
    await expect(slider).not.toHaveAttribute('aria-valuetext', end ?? '')
    await expect(page).toHaveURL(/\/history\?zxid=0x/)
    await expect(page.getByRole('heading', { name: /^traveller as of 20/ })).toBeVisible()
  })

  await test.step('its zxid leads to the tree that had it, proved', async () => {
    await page.getByRole('textbox', { name: 'Zxid' }).fill(zxid)
    await page.getByRole('button', { name: 'Go to this zxid' }).click()
    await expect(page).toHaveURL(new RegExp(`zxid=${zxid}`))
    await expect(page.getByText('proved by digest')).toBeVisible()
    await page.getByRole('treeitem', { name: /^travel/ }).click()
    await expect(page.getByRole('region', { name: 'Znode /travel' })).toBeVisible()
    await takePicture(page, 'time-travel')
  })

  await test.step('a moment that is none is refused with the range', async () => {
    const moment = page.url()
    await page.getByRole('textbox', { name: 'Time (UTC)' }).fill('1999-12-31 23:59')
    await page.getByRole('button', { name: 'Go to this time' }).click()
    await expect(page.getByRole('alert').filter({ hasText: 'is out of reach' })).toContainText('UTC')
    await page.goto(moment)
  })

  await test.step('it is kept as a backup', async () => {
    await page.getByRole('button', { name: 'Save as a backup' }).click()
    await expect(page).toHaveURL(/\/backups$/)
    await expect(backupRows(page)).toHaveCount(1, { timeout: 60_000 })
    await page.goBack()
  })

  await test.step('and put back into the live tree', async () => {
    await arm(page, cluster)
    await page.goto(`${demo.url}/clusters/${cluster.id}/history?zxid=${zxid}&path=/travel`)
    await page.getByRole('link', { name: 'Restore this subtree…' }).click()
    await expect(page.getByLabel('Restore from')).toHaveValue(`moment:${cluster.id}.${zxid}`)
    await page.getByRole('button', { name: 'Make the plan' }).click()
    await expect(page.getByRole('region', { name: 'Steps of the plan' })).toBeVisible({ timeout: 60_000 })
    await (await fillConfirmation(page, cluster, 'deleted by mistake')).click()
    await expect(page.getByRole('button', { name: /^Undo/ })).toBeEnabled({ timeout: 60_000 })
    const back = await otherClient.get('/travel/config')
    expect(back.kind === 'found' && Buffer.from(back.znode.data ?? []).toString()).toBe('as it was')
  })
})
