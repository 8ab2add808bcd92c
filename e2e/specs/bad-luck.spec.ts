import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { OPEN_ACL } from '../../lib/domain/znode/acl.ts'
import { connectOtherClient } from '../../lib/testing/other-client.ts'
import { isBatch, startZooKeeperProxy } from '../../lib/testing/zookeeper-proxy.ts'
import { startZooKeeper, type ZooKeeperServer } from '../../lib/testing/zookeeper-server.ts'
import {
  type AddedCluster,
  addCluster,
  arm,
  backupRows,
  fillConfirmation,
  planRestore,
  startBackup,
  takeFirstBackup,
} from '../support/clusters.ts'
import { test as base, expect } from '../support/fixtures.ts'
import { expectLive, openJobs } from '../support/pages.ts'
import { findDescendants } from '../support/processes.ts'

/** A server of a test's own that can be stopped and started again with what it held. */
interface MortalServer {
  readonly connectString: string
  readonly port: number
  stop(): Promise<void>
  start(): Promise<void>
}

const test = base.extend<{ mortal: MortalServer }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures from this pattern
  mortal: async ({}, use) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'arkeeper-mortal-'))
    let server: ZooKeeperServer = await startZooKeeper({ dataDir })
    const { port, connectString } = server
    await use({
      connectString,
      port,
      stop: () => server.stop(),
      start: async () => {
        server = await startZooKeeper({ dataDir, clientPort: port })
      },
    })
    await server.stop()
    await rm(dataDir, { recursive: true, force: true })
  },
})

const JOBS_MS = 60_000
/** For a session to be lost or found again. */
const LINK_MS = 60_000
const znode = (path: string, data = 'on') => ({
  op: 'create' as const,
  path,
  data: Buffer.from(data),
  acl: OPEN_ACL,
  kind: 'persistent' as const,
  ttlMs: null,
})

test('a server that stops is shown as down with the cause, never as empty, and is live again without reload', async ({
  demo,
  mortal,
  signedIn: page,
}) => {
  test.setTimeout(180_000)
  await write(mortal.connectString, [znode('/app'), znode('/app/one'), znode('/app/two')])
  const cluster = await addCluster(page, demo, { name: 'mortal', connectString: mortal.connectString })
  await page.getByRole('button', { name: 'Open /app', exact: true }).click()
  await expect(page.getByRole('treeitem', { name: /^two/ })).toBeVisible()
  await expectLive(page)
  const overview = await page.context().newPage()
  await overview.goto(demo.url)
  const card = overview.getByRole('article', { name: 'mortal' })
  await expect(card.getByText('up', { exact: true })).toBeVisible()

  await mortal.stop()

  await test.step('the pages that are open say so, and keep what they know', async () => {
    await expect(page.getByText('not live, trying again')).toBeVisible({ timeout: LINK_MS })
    const notice = page.getByRole('main').getByRole('status').filter({ hasText: 'This is how it was' })
    await expect(notice).toContainText(/refused/i, { timeout: LINK_MS })
    await expect(page.getByRole('treeitem', { name: /^two/ })).toBeVisible()
    await expect(card.getByText('down', { exact: true })).toBeVisible({ timeout: LINK_MS })
    await expect(card).toContainText(/refused/i)
    await expect(overview.getByRole('region', { name: 'Needs attention' })).toContainText('mortal is down')
  })

  await test.step('a page opened now says why there is nothing to see', async () => {
    const late = await page.context().newPage()
    await late.goto(cluster.at('tree'))
    await expect(late.getByRole('main').getByRole('alert').first()).toContainText(/refused/i, { timeout: LINK_MS })
    await expect(late.getByRole('main')).not.toContainText(/no children|is empty|there is no znode/i)
    await late.close()
  })

  await test.step('a backup fails with its cause and leaves nothing in the catalog', async () => {
    await startBackup(overview, cluster)
    await openJobs(overview)
    const failed = overview
      .getByRole('region', { name: 'Failed jobs' })
      .getByRole('listitem')
      .filter({ hasText: 'mortal' })
    await expect(failed.getByRole('alert')).toContainText(/refused|did not answer|no session/i, { timeout: JOBS_MS })
    await overview.keyboard.press('Escape')
    await expect(overview.getByRole('dialog')).toBeHidden()
    await expect(backupRows(overview)).toHaveCount(0)
  })

  await mortal.start()

  await test.step('the open page is live again and shows what happens', async () => {
    await expect(page.getByText('not live, trying again')).toBeHidden({ timeout: LINK_MS })
    await expectLive(page)
    await write(mortal.connectString, [znode('/app/three')])
    await expect(page.getByRole('treeitem', { name: /^three/ })).toBeVisible()
    await expect(page.getByText('This is how it was')).toHaveCount(0)
    await expect(page.getByRole('main').getByRole('alert')).toHaveCount(0)
  })

  await test.step('the failed backup is tried again and lands in the catalog', async () => {
    await openJobs(overview)
    const failed = overview
      .getByRole('region', { name: 'Failed jobs' })
      .getByRole('listitem')
      .filter({ hasText: 'mortal' })
    await failed.getByRole('button', { name: 'Retry job' }).click()
    const ended = overview
      .getByRole('region', { name: 'Ended jobs' })
      .getByRole('listitem')
      .filter({ hasText: 'mortal' })
    await expect(ended).toContainText('done', { timeout: JOBS_MS })
    await overview.keyboard.press('Escape')
    await expect(backupRows(overview)).toHaveCount(1)
    await overview.goto(demo.url)
    await expect(card.getByText('up', { exact: true })).toBeVisible()
  })
})

test('a backup of a path that does not exist is an error, not an empty backup', async ({
  demo,
  signedIn: page,
  otherClient,
}) => {
  const cluster = await addChroot(page, demo, otherClient, 'wrong-path')
  await startBackup(page, cluster, { paths: '/no/such/path' })
  const work = page.getByRole('list', { name: 'Backups at work' }).getByRole('listitem')
  await expect(work.getByRole('alert')).toContainText('/no/such/path', { timeout: JOBS_MS })
  await expect(work.getByRole('alert')).toContainText(/does not exist|no znode/i)
  await page.reload()
  await expect(page.getByRole('heading', { name: cluster.name, exact: true })).toBeVisible()
  await expect(backupRows(page)).toHaveCount(0)
})

test('an archive in which one byte has changed does not pass verification', async ({
  demo,
  signedIn: page,
  otherClient,
}) => {
  const cluster = await addChroot(page, demo, otherClient, 'tampered')
  const backupId = await takeFirstBackup(page, cluster, 'sound')
  const snapshot = await findSnapshot(demo.dataDir, 'tampered')
  const bytes = await readFile(snapshot)
  const middle = Math.floor(bytes.length / 2)
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 0x01, middle)
  await writeFile(snapshot, bytes)
  await page.goto(`${demo.url}/backups/${backupId}`)
  await page.getByRole('button', { name: 'Verify' }).click()
  await expect(page.getByText('This backup is damaged: do not rely on it')).toBeVisible({ timeout: JOBS_MS })
  await expect(page.getByRole('main')).toContainText(/snapshot\.\w+/)
  await expect(page.getByRole('main')).not.toContainText('Verified: every checksum')
  await page.goto(demo.url)
  await expect(page.getByRole('region', { name: 'Needs attention' })).toContainText(
    /tampered did not pass verification|tampered has no good backup/,
  )
})

test('a plan that others have overtaken overwrites nothing, and can be made again', async ({
  demo,
  signedIn: page,
  otherClient,
}) => {
  test.setTimeout(180_000)
  const cluster = await addChroot(page, demo, otherClient, 'overtaken')
  const path = '/x-overtaken/app/one'
  const set = async (data: string) => {
    const reading = await otherClient.get(path)
    const version = reading.kind === 'found' ? reading.znode.stat.version : -1
    expect((await otherClient.multi([{ op: 'setData', path, data: Buffer.from(data), version }])).kind).toBe('done')
  }
  const value = async () => {
    const reading = await otherClient.get(path)
    return reading.kind === 'found' ? Buffer.from(reading.znode.data ?? []).toString() : reading.kind
  }
  const backupId = await takeFirstBackup(page, cluster, 'as it should be')
  await set('broken')
  await arm(page, cluster)
  await planRestore(page, demo, cluster, backupId)

  await test.step('a wrong name, or no reason, keeps the button from writing', async () => {
    const write = page.getByRole('button', { name: 'Write 1 znode to overtaken' })
    await expect(write).toBeDisabled()
    await page.getByRole('textbox', { name: 'Reason' }).fill('put it back')
    for (const wrong of ['overtake', 'Overtaken', 'demo']) {
      await page.getByRole('textbox', { name: 'Type overtaken to confirm' }).fill(wrong)
      await expect(write, wrong).toBeDisabled()
      await write.click({ force: true })
    }
    await page.getByRole('textbox', { name: 'Reason' }).fill('')
    await page.getByRole('textbox', { name: 'Type overtaken to confirm' }).fill('overtaken')
    await expect(write).toBeDisabled()
    expect(await value()).toBe('broken')
  })

  await test.step('what somebody wrote after the plan is a conflict and stays', async () => {
    await set('theirs')
    await (await fillConfirmation(page, cluster, 'put it back')).click()
    await expect(page.getByText('Stopped at a conflict', { exact: true })).toBeVisible({ timeout: JOBS_MS })
    await expect(page.getByRole('main').getByRole('region', { name: /conflict/ })).toContainText('/app/one')
    expect(await value()).toBe('theirs')
  })

  await test.step('a new plan that is overtaken says so before it is confirmed, and is made again in place', async () => {
    const stopped = page.url()
    await page.getByRole('button', { name: 'Make a new plan' }).click()
    await expect(page).not.toHaveURL(stopped)
    await expect(page.getByRole('region', { name: 'Steps of the plan' })).toBeVisible({ timeout: JOBS_MS })
    await set('theirs again')
    await expect(page.getByText(/no longer fit/)).toContainText('/app/one', { timeout: LINK_MS })
    await page.getByRole('button', { name: 'Plan again' }).first().click()
    await expect(page.getByText(/no longer fit/)).toBeHidden({ timeout: JOBS_MS })
    const write = await fillConfirmation(page, cluster, 'put it back')
    await write.click()
    await expect(page.getByText('Verified: nothing that was to be written differs')).toBeVisible({ timeout: JOBS_MS })
    expect(await value()).toBe('one')
  })
})

test('a worker that is killed in the middle of a backup costs time, not the backup', async ({
  demo,
  mortal,
  signedIn: page,
}) => {
  test.setTimeout(180_000)
  const count = 400
  await write(mortal.connectString, [
    znode('/many'),
    ...Array.from({ length: count }, (_, i) => znode(`/many/znode-${i}`, 'x'.repeat(2000))),
  ])
  const proxy = await startZooKeeperProxy(mortal.port)
  try {
    const cluster = await addCluster(page, demo, { name: 'killed', connectString: proxy.connectString })
    await page.goto(cluster.at('backups'))
    // The walk has begun when children were asked for: from then on no answer comes.
    let walking = false
    proxy.onRequest((frame) => {
      if (walking || !isWalk(frame)) return
      walking = true
      proxy.holdAnswers()
    })
    await startBackup(page, cluster)
    await expect.poll(() => walking, { timeout: JOBS_MS }).toBe(true)
    const work = page.getByRole('list', { name: 'Backups at work' }).getByRole('listitem')
    await expect(work.getByText('running', { exact: true })).toBeVisible()
    const [worker] = await findDescendants(demo.pid, 'worker.mjs')
    if (worker === undefined) throw new Error(`no worker process was found below ${demo.pid}:\n${demo.output()}`)
    process.kill(worker, 'SIGKILL')
    proxy.onRequest(null)
    proxy.cut()
    proxy.resume()

    await expect(backupRows(page)).toHaveCount(1, { timeout: 90_000 })
    await expect(backupRows(page)).toContainText('complete')
    // Besides the many: their parent, the root, and the three of /zookeeper.
    await expect(backupRows(page)).toContainText(String(count + 5))
    await expect(work).toHaveCount(0)
    await openJobs(page)
    const job = page.getByRole('region', { name: 'Ended jobs' }).getByRole('listitem').filter({ hasText: 'killed' })
    await expect(job).toContainText('attempt 2')
    expect(await findDescendants(demo.pid, 'worker.mjs')).not.toContain(worker)
    expect(demo.output()).toContain('the worker process ended (signal SIGKILL)')
  } finally {
    await proxy.stop()
  }
})

test('a restore is paused in the middle, others write meanwhile, and it goes on to the exact target', async ({
  demo,
  mortal,
  signedIn: page,
}) => {
  test.setTimeout(180_000)
  // Each fills a batch by itself, and four batches are on their way at once.
  const values = Array.from({ length: 8 }, (_, i) => znode(`/app/value-${i}`, String(i).repeat(300_000)))
  await write(mortal.connectString, [znode('/app')])
  for (const value of values) await write(mortal.connectString, [value])
  const proxy = await startZooKeeperProxy(mortal.port)
  try {
    const cluster = await addCluster(page, demo, { name: 'held', connectString: proxy.connectString })
    const backupId = await takeFirstBackup(page, cluster, 'before')
    await write(
      mortal.connectString,
      values.map(({ path }) => ({ op: 'delete' as const, path, version: -1 })),
    )
    await arm(page, cluster)
    await planRestore(page, demo, cluster, backupId)
    let writing = false
    proxy.onRequest((frame) => {
      if (writing || !isBatch(frame)) return
      writing = true
      proxy.holdAnswers()
    })
    await (await fillConfirmation(page, cluster, 'put it back')).click()
    await expect.poll(() => writing, { timeout: JOBS_MS }).toBe(true)
    await page.getByRole('button', { name: 'Pause' }).click()
    await expect(page.getByText('Pauses before its next batch.', { exact: true })).toBeVisible()
    proxy.onRequest(null)
    proxy.resume()

    await expect(page.getByText(/of 8 steps settled/)).toBeVisible({ timeout: JOBS_MS })
    const stays = values.at(-1)?.path ?? ''
    expect(await readText(mortal.connectString, stays)).toBeNull()
    await page.reload()
    await expect(page.getByText('paused', { exact: true })).toBeVisible()
    await write(mortal.connectString, [znode('/app/by-somebody-else')])

    await page.getByRole('button', { name: 'Resume', exact: true }).click()
    await expect(page.getByText('Verified: nothing that was to be written differs')).toBeVisible({ timeout: JOBS_MS })
    for (const { path, data } of values) expect(await readText(mortal.connectString, path)).toBe(data.toString())
    expect(await readText(mortal.connectString, '/app/by-somebody-else')).toBe('on')
  } finally {
    await proxy.stop()
  }
})

async function readText(connectString: string, path: string): Promise<string | null> {
  const client = await connectOtherClient(connectString)
  try {
    const reading = await client.get(path)
    return reading.kind === 'found' ? Buffer.from(reading.znode.data ?? []).toString() : null
  } finally {
    await client.close()
  }
}

/** getChildren, getChildren2 and multiRead: what a walk asks and a status check does not. */
function isWalk(frame: Buffer): boolean {
  return frame.length >= 8 && [8, 12, 22].includes(frame.readInt32BE(4))
}

async function write(connectString: string, ops: Parameters<OtherClient['multi']>[0]): Promise<void> {
  const client = await connectOtherClient(connectString)
  try {
    expect((await client.multi(ops)).kind).toBe('done')
  } finally {
    await client.close()
  }
}

type OtherClient = Awaited<ReturnType<typeof connectOtherClient>>

/** A cluster of a test's own without a server of its own: a subtree of the demo's, as its root. Sorts behind what the demo holds. */
async function addChroot(
  page: Page,
  demo: Parameters<typeof addCluster>[1],
  other: OtherClient,
  name: string,
): Promise<AddedCluster> {
  const root = `/x-${name}`
  const outcome = await other.multi([
    znode(root),
    znode(`${root}/app`),
    znode(`${root}/app/one`, 'one'),
    znode(`${root}/app/two`, 'two'),
  ])
  expect(outcome.kind).toBe('done')
  return addCluster(page, demo, { name, connectString: `${demo.clusterConnectString}${root}` })
}

async function findSnapshot(dataDir: string, clusterName: string): Promise<string> {
  const entries = await readdir(dataDir, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile() && entry.name.startsWith('snapshot.'))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => file.includes(clusterName))
  expect(files).toHaveLength(1)
  return files[0] ?? ''
}
