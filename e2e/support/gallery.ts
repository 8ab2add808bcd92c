import { gzipSync } from 'node:zlib'
import { type Browser, expect, type Page, type Request } from '@playwright/test'
import { CLUSTER_PAGES } from '../../app/_nav/cluster-pages.ts'
import { OPEN_ACL } from '../../lib/domain/znode/acl.ts'
import { connectOtherClient } from '../../lib/testing/other-client.ts'
import { type AddedCluster, addCluster, arm, fillConfirmation, planRestore, takeFirstBackup } from './clusters.ts'
import { nameMember } from './members.ts'
import type { Product } from './product.ts'
import type { Session } from './sign-in.ts'
import { fillPattern, listPages } from './site-map.ts'

/** Chosen so that it is found wherever it should not be. */
export const PLANTED_PASSWORD = 'planted-Zq7-cluster-password'
/** A value that rules hide, and where it lies. */
export const PLANTED_VALUE = { path: '/config/api-token', value: 'planted-Zq7-value' } as const
const CHROOT = '/x-gallery'
const NAME = 'gallery'

export interface RecordedRequest {
  readonly url: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | null
}

/** A cluster with one of everything: what a page needs to have something to show. */
export interface Gallery {
  readonly cluster: AddedCluster
  /** Another cluster: the target of the migration, and what the runbook is of. */
  readonly smallId: string
  readonly backupId: string
  readonly diffId: string
  readonly searchId: string
  readonly plannedRestoreId: string
  readonly finishedRestoreId: string
  /** Of the gallery's own cluster, whose chroot stands in the way of it. */
  readonly physicalId: string
  /** From the gallery's cluster to the small server; waits for its confirmation. */
  readonly migrationId: string
  /** A runbook for the whole server, with one step ticked off. */
  readonly runbookId: string
  readonly jobId: string
  /** Once a year, so that no test meets a run of it. */
  readonly scheduleId: string
  /** A session, for contexts that need not sign in again. */
  readonly storageState: Session
  /** What the browser sent while all of it was made: server actions and the page loads of the client's router. */
  readonly requests: readonly RecordedRequest[]
  /** An address of the page, with something to see; throws for a page that it does not know. */
  addressOf(pagePattern: string): string
}

/** The pages behind a session, as patterns. */
export const CONSOLE_PAGES = listPages().filter((pattern) => !['/sign-in', '/setup', '/invitation'].includes(pattern))

export async function fillGallery(
  demo: Product,
  session: Session,
  browser: Browser,
  wholeConnectString: string,
): Promise<Gallery> {
  const other = await connectOtherClient(demo.clusterConnectString ?? '')
  const context = await browser.newContext({
    storageState: session,
    viewport: { width: 1440, height: 900 },
    locale: 'en-GB',
    timezoneId: 'UTC',
  })
  const page = await context.newPage()
  page.setDefaultTimeout(30_000)
  const requests: RecordedRequest[] = []
  page.on('request', (request) => {
    if (isNextRequest(request)) requests.push(record(request))
  })
  try {
    await seed(other)
    const cluster = await addCluster(page, demo, {
      name: NAME,
      connectString: `${demo.clusterConnectString}${CHROOT}`,
      digest: { username: 'keeper', password: PLANTED_PASSWORD },
    })
    await nameMember(demo, NAME)
    const backupId = await takeFirstBackup(page, cluster, 'before the change')
    await verify(page, demo, backupId)
    await breakThings(other)
    const diffId = await compare(page, demo, cluster, backupId)
    const searchId = await search(page, cluster)
    await arm(page, cluster)
    const finishedRestoreId = idOf(await planRestore(page, demo, cluster, backupId))
    await (await fillConfirmation(page, cluster, 'put back what was changed')).click()
    await expect(page.getByRole('button', { name: /^Undo/ })).toBeEnabled({ timeout: 60_000 })
    await breakThings(other)
    const plannedRestoreId = idOf(await planRestore(page, demo, cluster, backupId))
    // The client's router, so that what it asks for is recorded as well.
    for (const [section, name] of CLUSTER_PAGES) {
      await page
        .getByRole('navigation', { name: 'Main' })
        .getByRole('link', { name: new RegExp(`^${NAME}`) })
        .first()
        .click()
      await page
        .getByRole('navigation', { name: `Pages of ${NAME}` })
        .getByRole('link', { name })
        .click()
      await expect(page).toHaveURL(new RegExp(`/${section}$`))
    }
    const scheduleId = await addSchedule(page, cluster)
    const physicalId = await checkFiles(page, demo, backupId)
    const whole = await addCluster(page, demo, {
      name: 'small server',
      connectString: wholeConnectString,
    })
    const wholeBackupId = await takeFirstBackup(page, whole, 'all of it')
    const runbookId = await checkFiles(page, demo, wholeBackupId)
    await page.getByRole('checkbox', { name: /^1\. Stop/ }).check()
    await expect(page.getByText('Runbook: 1 of', { exact: false })).toBeVisible()
    const migrationId = await checkMigration(page, demo, { source: cluster, target: whole })
    const jobs: { id: string; clusterId: string; kind: string }[] = await (
      await page.request.get(`${demo.url}/api/jobs`)
    ).json()
    const values = {
      clusterId: cluster.id,
      backupId,
      diffId,
      searchId,
      restoreId: finishedRestoreId,
      physicalId,
      migrationId,
    }
    const queries: Record<string, string> = {
      '/clusters/[clusterId]/tree': '?path=/config/checkout.json',
      // Its last moment of all.
      '/clusters/[clusterId]/history': '?at=2999-01-01&path=/config/checkout.json',
      '/backups/[backupId]/tree': '?path=/config/checkout.json',
      '/diffs/[diffId]': '?path=/config/checkout.json',
      '/diffs/new': `?left=backup:${backupId}&right=live:${cluster.id}`,
      '/migrations/new': `?source=${cluster.id}&target=${whole.id}`,
      '/physical/new': `?backup=${backupId}&way=runbook`,
      '/restores/new': `?cluster=${cluster.id}&source=backup:${backupId}&path=/config`,
    }
    return {
      cluster,
      smallId: whole.id,
      backupId,
      diffId,
      searchId,
      plannedRestoreId,
      finishedRestoreId,
      physicalId,
      migrationId,
      runbookId,
      scheduleId,
      // Of this cluster alone.
      jobId: jobs.find((job) => job.clusterId === cluster.id && job.kind === 'verify')?.id ?? '',
      storageState: await context.storageState(),
      requests,
      addressOf: (pattern) => demo.url + fillPattern(pattern, values) + (queries[pattern] ?? ''),
    }
  } finally {
    await context.close()
    await other.close()
  }
}

/** The check of a restore of files, along a runbook; gives its id. */
async function checkFiles(page: Page, demo: Product, backupId: string): Promise<string> {
  await page.goto(`${demo.url}/physical/new?backup=${backupId}&way=runbook`)
  await page.getByRole('button', { name: 'Check everything' }).click()
  await expect(page).toHaveURL(/\/physical\/(?!new)/)
  await expect(page.getByRole('list', { name: 'Findings' })).toBeVisible({ timeout: 60_000 })
  return idOf(page.url())
}

/** A schedule of the page, which draws what it means while one types; gives its id. */
async function addSchedule(page: Page, cluster: AddedCluster): Promise<string> {
  await page.goto(cluster.at('schedules'))
  await page.getByRole('button', { name: 'New schedule' }).click()
  const dialog = page.getByRole('dialog', { name: `New schedule of ${cluster.name}` })
  await dialog.getByRole('textbox', { name: 'Name' }).fill('yearly')
  await dialog.getByRole('combobox', { name: 'Time zone' }).fill('Europe/Berlin')
  await dialog.getByRole('textbox', { name: 'Cron' }).fill('30 3 1 JAN *')
  const next = dialog.getByRole('region', { name: 'Next runs' })
  await expect(next.getByText('At 03:30, on day 1 of the month, only in January, Europe/Berlin')).toBeVisible()
  await expect(next.getByRole('listitem')).toHaveText(Array(5).fill(/-01-01 03:30 .*-01-01 02:30:00 UTC/))
  await dialog.getByRole('button', { name: 'Back up by this schedule' }).click()
  await expect(dialog).toBeHidden()
  const name = page.getByRole('article', { name: 'yearly' }).getByRole('heading', { name: 'yearly' })
  return (await name.getAttribute('id'))?.replace('schedule-', '') ?? ''
}

async function checkMigration(
  page: Page,
  demo: Product,
  { source, target }: { source: AddedCluster; target: AddedCluster },
): Promise<string> {
  await page.goto(`${demo.url}/migrations/new?source=${source.id}&target=${target.id}`)
  await page.getByRole('button', { name: 'Check both clusters' }).click()
  await expect(page).toHaveURL(/\/migrations\/(?!new)/)
  await expect(page.getByRole('heading', { name: 'What the first round would write' })).toBeVisible({ timeout: 60_000 })
  return idOf(page.url())
}

type OtherClient = Awaited<ReturnType<typeof connectOtherClient>>

async function seed(other: OtherClient): Promise<void> {
  const create = (path: string, data: string | Buffer | null) => ({
    op: 'create' as const,
    path: `${CHROOT}${path}`,
    data: typeof data === 'string' ? Buffer.from(data) : data,
    acl: OPEN_ACL,
    kind: 'persistent' as const,
    ttlMs: null,
  })
  const outcome = await other.multi([
    create('', null),
    create('/config', ''),
    create('/config/checkout.json', '{"pool":32,"retries":5}'),
    create('/config/search.properties', 'pool.size=32\nretry.max=5\n'),
    create('/config/hosts.json.gz', gzipSync('{"hosts":["one:2181","two:2181"]}')),
    create('/config/message', Buffer.from('089601120774657374696e67', 'hex')),
    create(PLANTED_VALUE.path, PLANTED_VALUE.value),
    create('/config/page.html', '<script>document.title="run"</script>'),
    create('/flags', null),
    create('/flags/new-basket', 'on'),
    create('/flags/dark-mode', 'off'),
  ])
  expect(outcome.kind).toBe('done')
}

/** One znode changed, one deleted, one added: everything that a diff can show. */
async function breakThings(other: OtherClient): Promise<void> {
  const path = `${CHROOT}/config/checkout.json`
  const reading = await other.get(path)
  const version = reading.kind === 'found' ? reading.znode.stat.version : -1
  const flag = await other.get(`${CHROOT}/flags/new-basket`)
  const added = `${CHROOT}/flags/left-behind-${version}`
  const outcome = await other.multi([
    { op: 'setData', path, data: Buffer.from('{"pool":64,"retries":5}'), version },
    { op: 'delete', path: `${CHROOT}/flags/new-basket`, version: flag.kind === 'found' ? flag.znode.stat.version : 0 },
    { op: 'create', path: added, data: Buffer.from('on'), acl: OPEN_ACL, kind: 'persistent', ttlMs: null },
  ])
  expect(outcome.kind).toBe('done')
}

async function verify(page: Page, demo: Product, backupId: string): Promise<void> {
  await page.goto(`${demo.url}/backups/${backupId}`)
  await page.getByRole('button', { name: 'Verify' }).click()
  await expect(page.getByText('Verified: every checksum, the structure and the digest are right')).toBeVisible({
    timeout: 60_000,
  })
}

async function compare(page: Page, demo: Product, cluster: AddedCluster, backupId: string): Promise<string> {
  await page.goto(`${demo.url}/diffs/new?left=backup:${backupId}&right=live:${cluster.id}`)
  await page.getByRole('button', { name: 'Compare', exact: true }).click()
  await expect(page.getByRole('region', { name: 'Summary' })).toContainText('1 changed', { timeout: 60_000 })
  return idOf(page.url())
}

/** In values, so that the page has pieces of them to show. */
async function search(page: Page, cluster: AddedCluster): Promise<string> {
  await page.goto(cluster.at('tree'))
  await page.getByLabel('Search in', { exact: true }).selectOption('Values')
  await page.getByRole('textbox', { name: 'Search for' }).fill('RETRIES')
  await page.getByRole('button', { name: 'Search', exact: true }).click()
  await expect(page.getByRole('list', { name: 'Hits' })).toContainText('/config/checkout.json', { timeout: 60_000 })
  return idOf(page.url())
}

const idOf = (address: string) => new URL(address).pathname.split('/').at(-1) ?? ''

const isNextRequest = (request: Request) => {
  const headers = request.headers()
  return 'next-action' in headers || 'rsc' in headers
}

function record(request: Request): RecordedRequest {
  return { url: request.url(), method: request.method(), headers: request.headers(), body: request.postDataBuffer() }
}
