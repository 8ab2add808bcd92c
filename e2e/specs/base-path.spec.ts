import { test as base, expect } from '@playwright/test'
import { expectAwake } from '../support/pages.ts'
import { watchPolicy } from '../support/policy.ts'
import { type Product, startProduct } from '../support/product.ts'
import { type ReverseProxy, startReverseProxy } from '../support/reverse-proxy.ts'

const BASE_PATH = '/arkeeper'
/** Whom the proxy has seen, and whom a client claims to be. */
const SEEN = '192.0.2.7'
const CLAIMED = '198.51.100.9'

const test = base.extend<object, { behind: { product: Product; proxy: ReverseProxy } }>({
  behind: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures from this pattern
    async ({}, use) => {
      const proxy = await startReverseProxy(SEEN)
      // Builds for this path first, unless that was done.
      const product = await startProduct('start', undefined, {
        ARKEEPER_BASE_PATH: `${BASE_PATH}/`,
        ARKEEPER_PUBLIC_URL: proxy.origin,
        ARKEEPER_TRUSTED_PROXIES: '127.0.0.1',
      })
      proxy.forwardTo(product.url)
      await use({ product, proxy })
      await product.stop()
      await proxy.stop()
    },
    { scope: 'worker', timeout: 300_000 },
  ],
})

test('behind a proxy and below a base path everything works, for whoever has the set-up code first', async ({
  behind: { product, proxy },
  context,
  page,
}) => {
  const outside: string[] = []
  page.on('request', (request) => {
    const { origin, pathname } = new URL(request.url())
    if (origin !== proxy.origin || !`${pathname}/`.startsWith(`${BASE_PATH}/`)) outside.push(request.url())
  })
  const policy = watchPolicy(page)
  await context.setExtraHTTPHeaders({ 'x-forwarded-for': CLAIMED })
  const here = (path: string) => new RegExp(`^${proxy.origin}${BASE_PATH}${path}`)
  const code = /^set-up code, for the first administrator: (\S+)$/m.exec(product.output())?.[1] ?? ''

  await test.step('set up', async () => {
    await page.goto(`${proxy.origin}${BASE_PATH}/audit`)
    await expect(page).toHaveURL(here('/setup$'))
    await expectAwake(page)
    await page.getByRole('textbox', { name: 'Set-up code' }).fill('a guess')
    await page.getByRole('textbox', { name: 'Name' }).fill('Ada Operator')
    await page.getByLabel('E-mail').fill('ada@example.org')
    await page.getByRole('textbox', { name: /^Password/ }).fill('a long enough password')
    await page.getByRole('button', { name: /create/i }).click()
    await expect(page.getByText('This is not the set-up code').first()).toBeVisible()
    await page.getByRole('textbox', { name: 'Set-up code' }).fill(code)
    await page.getByRole('button', { name: /create/i }).click()
    await expect(page.getByRole('heading', { name: 'Overview' })).toBeVisible()
    const session = (await context.cookies()).filter(({ name }) => name.includes('session'))
    expect(session.map((cookie) => cookie.path)).toEqual([BASE_PATH])
  })

  await test.step('an action, a stream and a route', async () => {
    await page.goto(`${proxy.origin}${BASE_PATH}/clusters/new`)
    await expectAwake(page)
    await page.getByRole('textbox', { name: 'Name' }).fill('orders')
    await page.getByRole('textbox', { name: 'Connect string' }).fill('127.0.0.1:1')
    await page.getByRole('button', { name: 'Test connection' }).click()
    await expect(page.getByRole('main')).toContainText(/refused/i)
    await page.getByRole('button', { name: 'Add cluster' }).click()
    await expect(page).toHaveURL(here('/clusters/[^/]+/tree'))
    await expect(page.getByRole('main')).toContainText(/refused/i)
  })

  await test.step('links, a download, and whom the proxy has seen', async () => {
    await page.getByRole('link', { name: 'Audit' }).first().click()
    await expect(page).toHaveURL(here('/audit'))
    await expect(page.getByRole('table').first()).toContainText('cluster.add')
    const download = page.waitForEvent('download')
    await page.getByRole('link', { name: /JSON/i }).click()
    const file = await (await download).createReadStream()
    let lines = ''
    for await (const piece of file) lines += piece
    expect(lines).toContain(SEEN)
    expect(lines).not.toContain(CLAIMED)
  })

  await test.step('signing out, and back to where one was', async () => {
    await page.getByRole('button', { name: /account|ada operator/i }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await expect(page).toHaveURL(here('/sign-in'))
    await page.goto(`${proxy.origin}${BASE_PATH}/account?x=1`)
    await expect(page).toHaveURL(here('/sign-in\\?next='))
    await expectAwake(page)
    await page.getByLabel('E-mail').fill('ada@example.org')
    await page.getByRole('textbox', { name: 'Password' }).fill('a long enough password')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await expect(page).toHaveURL(here('/account\\?x=1$'))
  })

  expect(outside).toEqual([])
  expect(policy.violations()).toEqual([])
})
