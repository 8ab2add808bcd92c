import { OPEN_ACL } from '../../lib/domain/znode/acl.ts'
import { addCluster, arm, planRestore, takeFirstBackup } from '../support/clusters.ts'
import { expect, test } from '../support/fixtures.ts'

const CHROOT = '/x-approval'
const PASSWORD = 'a long enough password'

test('somebody is invited, makes an account, approves the plan of another, and only then it runs', async ({
  browser,
  demo,
  otherClient,
  signedIn: author,
}) => {
  test.setTimeout(180_000)
  const made = await otherClient.multi(
    ['', '/config'].map((path) => ({
      op: 'create' as const,
      path: `${CHROOT}${path}`,
      data: Buffer.from('good'),
      acl: OPEN_ACL,
      kind: 'persistent' as const,
      ttlMs: null,
    })),
  )
  expect(made.kind).toBe('done')
  const context = await browser.newContext()
  const second = await context.newPage()

  await test.step('the link of an invitation makes one account, once', async () => {
    await author.goto(`${demo.url}/people`)
    await author.getByRole('textbox', { name: 'E-mail' }).fill('bea@example.org')
    await author.getByLabel('Role', { exact: true }).selectOption('operator')
    await author.getByRole('button', { name: 'Make the link' }).click()
    const link = (await author.getByRole('status').locator('code').textContent()) ?? ''
    expect(link).toContain('/invitation#')
    await second.goto(link)
    await expect(second.getByText('bea@example.org')).toBeVisible()
    await second.getByRole('textbox', { name: 'Name' }).fill('Bea Second')
    await second.getByLabel('Password').fill(PASSWORD)
    await second.getByRole('button', { name: 'Create account' }).click()
    await expect(second.getByRole('heading', { name: 'Overview' })).toBeVisible()
    // Signed in, what needs an administrator is there, and says why it cannot be used.
    await second.goto(`${demo.url}/people`)
    await expect(second.getByRole('button', { name: 'Make the link' })).toHaveAccessibleDescription(/role admin/)
    const again = await context.newPage()
    await again.goto(link)
    await expect(again.getByText(/cannot be used/)).toBeVisible()
    await again.close()
  })

  const cluster = await addCluster(author, demo, {
    name: 'two-people',
    connectString: `${demo.clusterConnectString}${CHROOT}`,
  })
  const backupId = await takeFirstBackup(author, cluster, 'good')
  const broken = await otherClient.multi([
    { op: 'setData', path: `${CHROOT}/config`, data: Buffer.from('bad'), version: -1 },
  ])
  expect(broken.kind).toBe('done')
  await arm(author, cluster)
  await author.getByRole('button', { name: 'Ask for a second person' }).click()
  await expect(author.getByText(/^Restores to two-people need the approval/)).toBeVisible()

  const address = await planRestore(author, demo, cluster, backupId)
  const write = author.getByRole('button', { name: 'Write 1 znode to two-people', exact: true })

  await test.step('the author asks, and can neither approve nor run', async () => {
    await expect(write).toHaveAccessibleDescription(/second person must approve/)
    await author.getByRole('textbox', { name: 'Type two-people to confirm' }).fill('two-people')
    await author.getByRole('textbox', { name: 'Reason' }).fill('a bad deploy')
    await author.getByRole('button', { name: 'Ask to write 1 znode to two-people' }).click()
    await expect(author.getByText('Waits for the approval of a second person', { exact: true })).toBeVisible()
    await expect(author.getByRole('button', { name: /^Approve/ })).toHaveAccessibleDescription(/Nobody approves/)
    await expect(write).toHaveAccessibleDescription(/waits for the approval/)
  })

  await test.step('the second person is led to the same plan, and approves it', async () => {
    await second.goto(demo.url)
    const line = second.getByRole('listitem').filter({ hasText: 'asks for a second person: a restore to two-people' })
    await line.getByRole('link', { name: 'Read the plan' }).click()
    await expect(second).toHaveURL(address)
    await expect(second.getByRole('region', { name: 'Steps of the plan' })).toContainText('/config')
    await second.getByRole('button', { name: /^Approve: they may write 1 znode/ }).click()
    await expect(second.getByText(/^Approved by Bea Second/)).toBeVisible()
    await expect(
      second.getByRole('button', { name: 'Write 1 znode to two-people', exact: true }),
    ).toHaveAccessibleDescription(/You have approved it/)
  })

  await test.step('the author runs what was approved, and it is verified', async () => {
    await author.reload()
    await write.click()
    await expect(author.getByText('done and verified')).toBeVisible({ timeout: 60_000 })
    const reading = await otherClient.get(`${CHROOT}/config`)
    expect(reading.kind === 'found' && reading.znode.data?.toString()).toBe('good')
  })
  await context.close()
})
