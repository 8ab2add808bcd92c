import { test as base, expect, type Page } from '@playwright/test'
import { connectOtherClient } from '../../lib/testing/other-client.ts'
import { startZooKeeper } from '../../lib/testing/zookeeper-server.ts'
import { fillGallery, type Gallery } from './gallery.ts'
import { type PackedValues, packValues } from './packed-values.ts'
import { type Product, startProduct } from './product.ts'
import { type Session, signIn } from './sign-in.ts'

type OtherClient = Awaited<ReturnType<typeof connectOtherClient>>

/** All of them are here: specs whose fixtures of this kind differ run in different workers, each with a demo of its own. They are made on demand. */
interface WorkerFixtures {
  /** `npm run demo`: web, worker and a ZooKeeper with sample data; one for all specs of a worker. */
  demo: Product
  /** One sign-in for all specs of a worker: the product lets one address sign in only so often. */
  session: Session
  gallery: Gallery
  values: PackedValues
}

interface TestFixtures {
  /** A colleague with a ZooKeeper client of their own. */
  otherClient: OtherClient
  /** Signed in on the overview. */
  signedIn: Page
}

export const test = base.extend<TestFixtures, WorkerFixtures>({
  demo: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures from this pattern
    async ({}, use) => {
      const product = await startProduct('demo')
      await use(product)
      await product.stop()
    },
    { scope: 'worker', timeout: 300_000 },
  ],
  session: [
    async ({ demo, browser }, use) => {
      const page = await browser.newPage()
      await signIn(page, demo)
      const session = await page.context().storageState()
      await page.close()
      await use(session)
    },
    { scope: 'worker', timeout: 300_000 },
  ],
  gallery: [
    async ({ demo, session, browser }, use) => {
      // Whose whole tree is small and may be read: a backup of it can go back as files.
      const small = await startZooKeeper()
      try {
        await use(await fillGallery(demo, session, browser, small.connectString))
      } finally {
        await small.stop()
      }
    },
    { scope: 'worker', timeout: 300_000 },
  ],
  values: [
    async ({ demo, session, browser }, use) => use(await packValues(demo, session, browser)),
    { scope: 'worker', timeout: 300_000 },
  ],
  otherClient: async ({ demo }, use) => {
    const client = await connectOtherClient(demo.clusterConnectString ?? '')
    await use(client)
    await client.close()
  },
  signedIn: async ({ demo, session, page }, use) => {
    await page.context().addCookies(session.cookies)
    await page.goto(demo.url)
    await expect(page.getByRole('heading', { name: 'Overview' })).toBeVisible()
    await use(page)
  },
})

export { expect, signIn }

/** Opens a page of the demo cluster by its link in the side navigation. */
export async function openClusterPage(
  page: Page,
  demo: Product,
  name: 'Tree' | 'Time travel' | 'Backups' | 'Diffs' | 'Restores' | 'On the servers' | 'Settings',
): Promise<void> {
  await page.goto(demo.url)
  const pages = page.getByRole('navigation', { name: 'Pages of demo' })
  // The overview fills up while its parts arrive: what is clicked in that moment may have moved away.
  await expect(async () => {
    await page.getByRole('link', { name: 'demo', exact: true }).first().click()
    await expect(pages).toBeVisible({ timeout: 10_000 })
  }).toPass({ timeout: 60_000 })
  await pages.getByRole('link', { name }).click()
  await expect(page.getByRole('navigation', { name: 'Pages of demo' }).getByRole('link', { name })).toHaveAttribute(
    'aria-current',
    'page',
  )
}

export async function armDemo(page: Page, demo: Product): Promise<void> {
  await openClusterPage(page, demo, 'Settings')
  await page.getByRole('textbox', { name: 'Reason' }).fill('put back what was deleted by mistake')
  // Another journey may have left it armed.
  await page.getByRole('button', { name: /^(Allow writes|Arm) for 15 minutes/ }).click()
  await expect(page.getByText('demo is armed.', { exact: true })).toBeVisible()
}

export async function disarmDemo(page: Page, demo: Product): Promise<void> {
  await openClusterPage(page, demo, 'Settings')
  const state = page.getByText(/^demo is (armed|read-only)\.$/)
  if ((await state.innerText()).includes('armed'))
    await page.getByRole('button', { name: 'Make read-only now' }).click()
  await expect(state).toHaveText('demo is read-only.')
}

/** Takes a backup of the whole tree on the backups page and waits until it is in the catalog. */
export async function takeBackup(page: Page, demo: Product, note: string): Promise<void> {
  await openClusterPage(page, demo, 'Backups')
  const rows = page.getByRole('region', { name: 'Backups' }).getByRole('row').filter({ hasText: note })
  await expect(page.getByRole('button', { name: 'Back up now' })).toBeVisible()
  // The list comes together with the button.
  const before = await rows.count()
  await page.getByRole('button', { name: 'Back up now' }).click()
  const dialog = page.getByRole('dialog', { name: 'Back up demo' })
  await dialog.getByRole('textbox', { name: 'Note' }).fill(note)
  await dialog.getByRole('button', { name: 'Back up the whole tree' }).click()
  await expect(rows).toHaveCount(before + 1, { timeout: 60_000 })
}

/** Pictures for the README; they are written only when asked for, so that a test run leaves the checkout clean. */
export async function takePicture(page: Page, name: string): Promise<void> {
  if (process.env.ARKEEPER_PICTURES !== '1') return
  // Not the network: the tree's event stream never falls silent.
  await page.evaluate(() => document.fonts.ready)
  await page.screenshot({ path: `public/docs/${name}.png`, animations: 'disabled' })
}
