import type { Locator, Page } from '@playwright/test'
import { expectNoFindings, expectNoFindingsInOne, expectNoSidewaysScroll } from '../support/axe.ts'
import { expect, test } from '../support/fixtures.ts'
import { CONSOLE_PAGES, type Gallery, PLANTED_VALUE } from '../support/gallery.ts'
import { settle } from '../support/pages.ts'
import { watchPolicy } from '../support/policy.ts'
import { isAddressOf } from '../support/site-map.ts'
import { expectActiveRow } from '../support/tree.ts'

const WIDE = { width: 1440, height: 900 }
const NARROW = { width: 390, height: 844 }

/** What one comes to a page for: the keyboard must get there. */
const MAIN_ACTIONS: Readonly<Record<string, (page: Page, gallery: Gallery) => Locator>> = {
  '/': (page, { cluster }) => page.getByRole('link', { name: `Tree of ${cluster.name}` }),
  '/alerts': (page) => page.getByRole('link', { name: 'Notifications and rules' }),
  '/notifications': (page) => page.getByRole('button', { name: 'Add a channel…' }),
  '/audit': (page) => page.getByRole('link', { name: /JSON/i }),
  '/backups/[backupId]': (page) => page.getByRole('button', { name: 'Verify' }),
  '/backups/[backupId]/tree': (page) => page.getByRole('link', { name: /^Restore/ }),
  '/clusters/[clusterId]/backups': (page) => page.getByRole('button', { name: 'Back up now' }),
  '/clusters/[clusterId]/diffs': (page) => page.getByRole('main').getByRole('link', { name: /compare|new diff/i }),
  '/clusters/[clusterId]/restores': (page) => page.getByRole('main').getByRole('link', { name: /new restore/i }),
  '/clusters/[clusterId]/schedules': (page) => page.getByRole('button', { name: 'New schedule' }),
  '/clusters/[clusterId]/health': (page) => page.getByRole('link', { name: '30 days' }),
  '/clusters/[clusterId]/retention': (page) => page.getByRole('button', { name: 'Show what it would lose' }),
  '/clusters/[clusterId]/settings': (page) => page.getByRole('button', { name: 'Save changes' }),
  '/clusters/[clusterId]/history': (page) => page.getByRole('link', { name: 'Restore from this moment…' }),
  '/clusters/[clusterId]/live': (page) => page.getByRole('button', { name: 'Watch this path' }),
  '/clusters/[clusterId]/tree': (page) => page.getByRole('button', { name: 'Edit value' }),
  '/account': (page) => page.getByRole('button', { name: /^Change password/ }),
  '/stores': (page) => page.getByRole('button', { name: 'Rescan all stores' }),
  '/schedules': (page, { cluster }) => page.getByRole('main').getByRole('link', { name: cluster.name, exact: true }),
  '/values': (page) => page.getByRole('button', { name: 'Add the rule' }),
  '/api-docs': (page) => page.getByRole('link', { name: 'OpenAPI document' }),
  '/help': (page) => page.getByRole('main').getByRole('link', { name: 'One server is lost' }),
  '/people': (page) => page.getByRole('button', { name: 'Make the link' }),
  '/clusters/new': (page) => page.getByRole('button', { name: 'Add cluster' }),
  '/diffs': (page) => page.getByRole('main').getByRole('link', { name: /compare|new diff/i }),
  '/diffs/[diffId]': (page) => page.getByRole('button', { name: /^Restore selected/ }),
  '/diffs/new': (page) => page.getByRole('button', { name: 'Compare', exact: true }),
  '/migrations': (page) => page.getByRole('main').getByRole('link', { name: 'Migrate a cluster…' }),
  '/migrations/[migrationId]': (page) => page.getByRole('button', { name: 'Stop the migration' }),
  '/migrations/new': (page) => page.getByRole('button', { name: 'Check both clusters' }),
  '/searches': (page) => page.getByRole('region', { name: 'Searches' }).getByRole('link'),
  '/searches/[searchId]': (page) => page.getByRole('list', { name: 'Hits' }).getByRole('link'),
  '/physical/[physicalId]': (page) => page.getByRole('button', { name: 'Check again' }),
  '/physical/new': (page) => page.getByRole('button', { name: 'Check everything' }),
  '/restores/[restoreId]': (page) => page.getByRole('button', { name: /^Undo/ }),
  '/restores/new': (page) => page.getByRole('button', { name: 'Make the plan' }),
}

/** Leads on to another page and shows nothing itself; people link to it from elsewhere. */
const SIGNPOST = '/clusters/[clusterId]'
const PAGES = CONSOLE_PAGES.filter((pattern) => pattern !== SIGNPOST)

const states = PAGES.map((pattern) => ({
  name: pattern,
  open: (gallery: Gallery) => gallery.addressOf(pattern),
})).concat([
  {
    name: '/clusters/[clusterId]/tree with the history of a znode',
    open: (gallery) => `${gallery.addressOf('/clusters/[clusterId]/tree')}&show=history`,
  },
  {
    name: '/clusters/[clusterId]/tree without archived transactions',
    open: (gallery) => `${gallery.addressOf('/clusters/[clusterId]/tree')}&show=log`,
  },
  {
    name: '/backups/[backupId]/tree with a packed value',
    open: (gallery) => gallery.addressOf('/backups/[backupId]/tree').replace('checkout.json', 'hosts.json.gz'),
  },
  {
    name: '/clusters/[clusterId]/tree with what looks like protobuf',
    open: (gallery) => gallery.addressOf('/clusters/[clusterId]/tree').replace('checkout.json', 'message'),
  },
  {
    name: '/restores/[restoreId] that waits for its confirmation',
    open: (gallery) => gallery.addressOf('/restores/[restoreId]').replace(/[^/]+$/, gallery.plannedRestoreId),
  },
  {
    name: '/physical/[physicalId] with a runbook',
    open: (gallery) => gallery.addressOf('/physical/[physicalId]').replace(/[^/]+$/, gallery.runbookId),
  },
  { name: 'a page that is not there', open: (gallery) => `${new URL(gallery.addressOf('/')).origin}/no/such/page` },
])

/** What each page links to; of pages whose test ran in another worker there is nothing yet. */
const linksOf = new Map<string, readonly string[]>()

for (const { name, open } of states) {
  const action = MAIN_ACTIONS[name]
  const isPage = PAGES.includes(name)
  test(`axe finds nothing on ${name}, light or dark, wide or narrow, ${
    isPage ? 'the keyboard gets to its main action, ' : ''
  }and it never scrolls sideways`, async ({ browser, gallery }) => {
    const context = await browser.newContext({ storageState: gallery.storageState, viewport: WIDE })
    const page = await context.newPage()
    const policy = watchPolicy(page)
    await page.goto(open(gallery))
    await settle(page)
    await expectNoFindings(page, `${name} wide`)
    if (isPage) {
      if (!action) throw new Error(`no main action is named for ${name}`)
      linksOf.set(name, await linkedFrom(page))
      await skipToContent(page)
      await tabTo(page, action(page, gallery).first(), name)
      expect(await focusIsVisible(page), `the focus on the main action of ${name} can be seen`).toBe(true)
      await page.evaluate(() => document.activeElement instanceof HTMLElement && document.activeElement.blur())
    }
    await page.setViewportSize(NARROW)
    await settle(page)
    // The colours are those of the wide page; what is hidden or shown is not.
    await expectNoFindingsInOne(page, `${name} narrow`, 'dark')
    await expectNoSidewaysScroll(page, name)
    expect(policy.violations(), name).toEqual([])
    await context.close()
  })
}

test('axe finds nothing on the page for signing in, and its form works by keyboard', async ({ browser, demo }) => {
  const context = await browser.newContext({ viewport: WIDE })
  const page = await context.newPage()
  const policy = watchPolicy(page)
  await page.goto(`${demo.url}/invitation#not-a-token`)
  await expect(page.getByText(/cannot be used/)).toBeVisible()
  await expectNoFindings(page, 'a link that cannot be used')
  await expectNoSidewaysScroll(page, 'invitation')
  await page.setViewportSize(WIDE)
  await page.goto(`${demo.url}/sign-in`)
  await settle(page)
  await expectNoFindings(page, 'sign-in wide')
  await page.setViewportSize(NARROW)
  await expectNoFindingsInOne(page, 'sign-in narrow', 'dark')
  await expectNoSidewaysScroll(page, 'sign-in')
  await page.setViewportSize(WIDE)
  await page.reload()
  await settle(page)
  await tabTo(page, page.getByLabel('E-mail'), 'the e-mail')
  await page.keyboard.type('nobody@example.org')
  await page.keyboard.press('Tab')
  await page.keyboard.type('not the password')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('alert').filter({ hasText: 'The e-mail or the password is wrong' })).toBeVisible()
  await expectNoFindings(page, 'a refused sign-in')
  expect(policy.violations()).toEqual([])
  await context.close()
})

/** What opens over each page: one test a page, because axe takes seconds for each. */
const OVERLAYS: Readonly<Record<string, (page: Page, check: (name: string) => Promise<void>) => Promise<void>>> = {
  '/': async (page, check) => {
    const dialog = page.getByRole('dialog')
    await page.keyboard.press('j')
    await dialog.getByRole('button', { name: 'Log' }).first().click()
    await expect(dialog.getByRole('region', { name: 'Log lines' })).toBeVisible()
    await check('the jobs')
    await page.keyboard.press('?')
    await check('the keys')
    await page.keyboard.press('Control+k')
    await expect(dialog.getByRole('option', { name: /^gallery/ }).first()).toBeVisible()
    await check('the palette')
  },
  '/clusters/[clusterId]/backups': async (page, check) => {
    const dialog = page.getByRole('dialog')
    await page.getByRole('button', { name: 'Back up now' }).click()
    await dialog.getByRole('radio', { name: /^Subtrees/ }).check()
    await dialog.getByRole('textbox', { name: 'Paths, one a line' }).fill('not a path')
    await check('a new backup with a fault')
  },
  '/clusters/[clusterId]/tree': async (page, check) => {
    await page.getByRole('button', { name: 'Options' }).click()
    await page.getByRole('button', { name: 'Search', exact: true }).click()
    await expect(page.getByText('Enter what to look for')).toBeVisible()
    await expectNoFindingsInOne(page, 'the options of a search, and a fault', 'dark')
    for (const name of ['Create child', 'Edit value', 'Edit access', 'Delete…', 'Export…']) {
      await page.getByRole('button', { name }).click()
      await check(name)
    }
  },
  '/diffs/[diffId]': async (page, check) => {
    await page.getByRole('checkbox', { name: 'Pick /config/checkout.json' }).check()
    await page.getByRole('button', { name: /^Restore selected/ }).click()
    await check('the plan of picked changes')
    await page.getByRole('treeitem', { name: /^checkout\.json/ }).click()
    await page.getByRole('button', { name: 'Ignore changes here' }).click()
    await check('a new ignore rule')
  },
  '/clusters/[clusterId]/settings': async (page, check) => {
    await page.getByRole('button', { name: 'Remove cluster…' }).click()
    await check('the removal of a cluster')
    await page.getByRole('button', { name: /^User menu/ }).click()
    await expect(page.getByRole('menu')).toBeVisible()
    await expectNoFindings(page, 'the user menu')
    await page.keyboard.press('Escape')
    await expect(page.getByRole('menu')).toBeHidden()
    await page.setViewportSize(NARROW)
    await page.getByRole('button', { name: 'Open navigation' }).click()
    await check('the navigation')
  },
}

for (const [pattern, openOverlays] of Object.entries(OVERLAYS)) {
  test(`axe finds nothing in what opens over ${pattern}`, async ({ browser, gallery }) => {
    const context = await browser.newContext({ storageState: gallery.storageState, viewport: WIDE })
    const page = await context.newPage()
    const policy = watchPolicy(page)
    const dialog = page.getByRole('dialog')
    await page.goto(gallery.addressOf(pattern))
    await settle(page)
    await openOverlays(page, async (name) => {
      await expect(dialog).toBeVisible()
      await settle(page)
      await expectNoFindings(page, name)
      await page.keyboard.press('Escape')
      await expect(dialog).toBeHidden()
    })
    expect(policy.violations(), pattern).toEqual([])
    await context.close()
  })
}

test('every page is reached by links', async ({ browser, gallery }) => {
  const context = await browser.newContext({ storageState: gallery.storageState, viewport: WIDE })
  const page = await context.newPage()
  for (const pattern of PAGES) {
    if (linksOf.has(pattern)) continue
    await page.goto(gallery.addressOf(pattern))
    await settle(page)
    linksOf.set(pattern, await linkedFrom(page))
  }
  const linked = new Set([...linksOf.values()].flat())
  for (const pattern of PAGES) {
    const reached = [...linked].some((pathname) => isAddressOf(pattern, pathname))
    expect(reached, `some page links to ${pattern}`).toBe(true)
  }
  await page.goto(gallery.addressOf(SIGNPOST))
  await expect(page).toHaveURL(gallery.cluster.at('tree'))
  await context.close()
})

test('a backup is taken and a znode is read without a mouse', async ({ browser, gallery }) => {
  const context = await browser.newContext({ storageState: gallery.storageState, viewport: WIDE })
  const page = await context.newPage()
  await page.goto(gallery.addressOf('/'))
  await settle(page)
  await skipToContent(page)
  await tabTo(page, page.getByRole('link', { name: `Tree of ${gallery.cluster.name}` }), 'the tree of the cluster')
  await page.keyboard.press('Enter')
  const tree = page.getByRole('tree')
  await expect(tree.getByRole('treeitem', { name: /^config/ })).toBeVisible()
  await tabTo(page, tree, 'the tree')
  await expectActiveRow(tree, '/')
  await page.keyboard.press('ArrowDown')
  await expectActiveRow(tree, '/config')
  await page.keyboard.press('ArrowRight')
  await expect(tree.getByRole('treeitem', { name: /^checkout\.json/ })).toBeVisible()
  await page.keyboard.press('ArrowRight')
  await expectActiveRow(tree, PLANTED_VALUE.path)
  await page.keyboard.press('ArrowDown')
  await expectActiveRow(tree, '/config/checkout.json')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('region', { name: 'Value', exact: true })).toContainText('pool')
  const backups = page.getByRole('navigation', { name: /^Pages of/ }).getByRole('link', { name: 'Backups' })
  await tabTo(page, backups, 'the backups')
  await page.keyboard.press('Enter')
  const start = page.getByRole('button', { name: 'Back up now' })
  await tabTo(page, start, 'a new backup')
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog', { name: /^Back up/ })
  await tabTo(page, dialog.getByRole('textbox', { name: 'Note' }), 'the note')
  await page.keyboard.type('by keyboard')
  await page.keyboard.press('Enter')
  await expect(dialog).toBeHidden()
  await expect(page.getByRole('region', { name: 'Backups' })).toContainText('by keyboard', { timeout: 60_000 })
  await context.close()
})

async function linkedFrom(page: Page): Promise<string[]> {
  const hrefs = await page
    .locator('a[href]')
    .evaluateAll((links) => links.map((link) => link.getAttribute('href') ?? ''))
  return hrefs.map((href) => new URL(href, page.url()).pathname)
}

async function skipToContent(page: Page): Promise<void> {
  await page.keyboard.press('Tab')
  await expect(page.getByRole('link', { name: 'Skip to content' })).toBeFocused()
  await page.keyboard.press('Enter')
}

const TAB_MAX = 150

/** Presses Tab until the element has the focus. */
async function tabTo(page: Page, target: Locator, what: string): Promise<void> {
  await expect(target, what).toBeVisible()
  for (let presses = 0; presses < TAB_MAX; presses++) {
    if (await target.evaluate((element) => element === document.activeElement)) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`${what} has no focus after ${TAB_MAX} presses of Tab`)
}

function focusIsVisible(page: Page): Promise<boolean> {
  return page.evaluate(() => {
    const element = document.activeElement
    if (!element || element === document.body) return false
    const style = getComputedStyle(element)
    const box = element.getBoundingClientRect()
    const hasRing = style.outlineStyle !== 'none' && Number.parseFloat(style.outlineWidth) > 0
    return (hasRing || style.boxShadow !== 'none') && box.width > 0 && box.bottom > 0 && box.top < innerHeight
  })
}
