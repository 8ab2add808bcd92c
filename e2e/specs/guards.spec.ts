import { OPEN_ACL } from '../../lib/domain/znode/acl.ts'
import { addCluster, arm, fillConfirmation, planRestore, takeFirstBackup } from '../support/clusters.ts'
import { expect, test } from '../support/fixtures.ts'

const JOBS_MS = 60_000

test('a plan that sets a Kafka’s epoch back says so, shows who watches, and runs only when it was read', async ({
  demo,
  signedIn: page,
  otherClient,
}) => {
  test.setTimeout(180_000)
  const root = '/x-guarded'
  const epoch = `${root}/kafka/controller_epoch`
  const znode = (path: string, text = '') =>
    ({ op: 'create', path, data: Buffer.from(text), acl: OPEN_ACL, kind: 'persistent', ttlMs: null }) as const
  const made = await otherClient.multi([
    ...[root, `${root}/kafka`, `${root}/kafka/brokers`, `${root}/kafka/brokers/ids`].map((path) => znode(path)),
    znode(epoch, '5'),
  ])
  expect(made.kind).toBe('done')
  const cluster = await addCluster(page, demo, {
    name: 'guarded',
    connectString: `${demo.clusterConnectString}${root}`,
  })
  const backupId = await takeFirstBackup(page, cluster, 'epoch 5')
  expect((await otherClient.multi([{ op: 'setData', path: epoch, data: Buffer.from('9'), version: 0 }])).kind).toBe(
    'done',
  )
  await arm(page, cluster)
  await planRestore(page, demo, cluster, backupId)

  await test.step('who watches is asked anew', async () => {
    const stop = await otherClient.watch({ dirs: [], znodes: [epoch] }, () => undefined)
    await page.getByRole('button', { name: 'Look again' }).click()
    await expect(page.getByText(/1 znode that it writes is watched, by 1 watch of session 0x/)).toBeVisible()
    await stop()
  })

  await test.step('the danger is ticked off before anything is written', async () => {
    await expect(page.getByRole('region', { name: 'Dangers of the plan' })).toContainText('must not count back')
    const write = await fillConfirmation(page, cluster, 'I know what I do')
    await expect(write).toBeDisabled()
    await page.getByRole('checkbox', { name: 'I have read this' }).check()
    await write.click()
    await expect(page.getByText('Verified: nothing that was to be written differs')).toBeVisible({ timeout: JOBS_MS })
  })

  await test.step('the tree page gives the same advice', async () => {
    await page.goto(`${cluster.at('tree')}?path=${encodeURIComponent('/kafka/controller_epoch')}`)
    await page.getByRole('button', { name: 'Edit value' }).click()
    await expect(page.getByRole('dialog')).toContainText('Brokers refuse orders of a controller with a lower epoch')
    await page.keyboard.press('Escape')
    await page.goto(`${cluster.at('tree')}?path=${encodeURIComponent('/kafka')}`)
    await page.getByRole('button', { name: 'Delete…' }).click()
    await expect(page.getByRole('dialog')).toContainText('Kafka lives at /kafka, and all of it goes')
  })
})
