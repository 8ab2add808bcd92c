import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test as base, expect } from '@playwright/test'
import { CLIENT_ID, CLIENT_SECRET, startTestProvider, type TestProvider } from '../../lib/testing/identity-provider.ts'
import { runSql, startPostgresql } from '../../lib/testing/postgresql-server.ts'
import { expectNoFindings, expectNoFindingsInOne, expectNoSidewaysScroll } from '../support/axe.ts'
import { settle } from '../support/pages.ts'
import { type Product, startProduct } from '../support/product.ts'

interface Empty extends Product {
  readonly provider: TestProvider
  readonly databaseUrl: string
}

const test = base.extend<object, { empty: Empty }>({
  empty: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures from this pattern
    async ({}, use) => {
      const started: TestProvider[] = []
      const configure = async (url: string) => {
        const provider = await startTestProvider([`${url}/api/auth/sso/callback`])
        started.push(provider)
        return {
          singleSignOn: {
            issuer: provider.issuer,
            clientId: CLIENT_ID,
            clientSecret: CLIENT_SECRET,
            scopes: ['openid', 'email', 'profile', 'groups'],
            roles: { staff: 'viewer' },
            label: 'Sign in with Example',
          },
        }
      }
      // The one journey whose catalog is not a file.
      const server = await startPostgresql()
      try {
        await runSql(server.urlOf('postgres'), 'CREATE DATABASE "arkeeper"')
        const databaseUrl = server.urlOf('arkeeper')
        const product = await startProduct('start', configure, { DATABASE_URL: databaseUrl })
        const [provider] = started
        if (provider) await use({ ...product, provider, databaseUrl })
        await product.stop()
        await provider?.close()
      } finally {
        await server.stop()
      }
    },
    { scope: 'worker', timeout: 300_000 },
  ],
})

test('on an empty PostgreSQL the first visit creates the administrator, a cluster that is down says why, and every page needs a session', async ({
  empty,
  page,
  request,
}) => {
  await test.step('without a session nothing is shown and nothing answers', async () => {
    await page.goto(`${empty.url}/audit`)
    await expect(page).toHaveURL(/\/setup/)
    for (const path of ['/api/jobs', '/api/audit/export?format=jsonl', '/api/trees/live/x/children?path=/']) {
      const answer = await request.get(empty.url + path, { maxRedirects: 0 })
      expect([401, 307], path).toContain(answer.status())
    }
    expect((await request.get(`${empty.url}/healthz`)).status()).toBe(200)
    await expect.poll(async () => (await request.get(`${empty.url}/readyz`)).status()).toBe(200)
  })

  await test.step('the page for setting up is for everybody', async () => {
    await settle(page)
    await expectNoFindings(page, 'setup wide')
    const { width, height } = page.viewportSize() ?? { width: 0, height: 0 }
    await page.setViewportSize({ width: 390, height: 844 })
    await expectNoFindingsInOne(page, 'setup narrow', 'dark')
    await expectNoSidewaysScroll(page, 'setup')
    await page.setViewportSize({ width, height })
  })

  await test.step('set up', async () => {
    await page.getByRole('textbox', { name: 'Name' }).fill('Ada Operator')
    await page.getByLabel('E-mail').fill('ada@example.org')
    await page.getByRole('textbox', { name: /^Password/ }).fill('a long enough password')
    await page.getByRole('button', { name: /create/i }).click()
    await expect(page.getByRole('heading', { name: 'Overview' })).toBeVisible()
  })

  await test.step('a wrong connect string is refused with its fault; a dead server is shown as down', async () => {
    await page.goto(`${empty.url}/clusters/new`)
    await page.getByRole('textbox', { name: 'Name' }).fill('orders-prod')
    await page.getByRole('textbox', { name: 'Connect string' }).fill('zk1:99999')
    await page.getByRole('button', { name: 'Add cluster' }).click()
    await expect(page.getByRole('main')).toContainText('99999')
    await page.getByRole('textbox', { name: 'Connect string' }).fill('127.0.0.1:1')
    await page.getByRole('button', { name: 'Test connection' }).click()
    await expect(page.getByRole('main')).toContainText(/refused/i)
    await page.getByRole('button', { name: 'Add cluster' }).click()
    await expect(page).toHaveURL(/\/clusters\/[0-9a-f-]{8,}/)
    await page.goto(empty.url)
    await expect(page.getByText('down', { exact: true }).first()).toBeVisible()
    await expect(page.getByRole('main')).toContainText(/refused/i)
  })

  await test.step('signed out means out', async () => {
    await page.getByRole('button', { name: /account|ada operator/i }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await expect(page).toHaveURL(/sign-in/)
    await page.goto(`${empty.url}/audit`)
    await expect(page).toHaveURL(/sign-in/)
  })

  await test.step('through single sign-on somebody comes to the page that they had asked for', async () => {
    const { people, mood } = empty.provider
    people.set('bea-1', { email: 'bea@example.org', email_verified: true, name: 'Bea Example', groups: ['staff'] })
    mood.person = null
    await page.getByRole('link', { name: 'Sign in with Example' }).click()
    await expect(page.getByRole('alert').filter({ hasText: 'refused or broken off at the provider' })).toBeVisible()
    await settle(page)
    await expectNoFindings(page, 'sign-in after a refusal')
    mood.person = 'bea-1'
    await page.getByRole('link', { name: 'Sign in with Example' }).click()
    await expect(page).toHaveURL(`${empty.url}/audit`)
    await expect(page.getByRole('heading', { name: 'Audit', exact: true })).toBeVisible()
    await page.getByRole('button', { name: 'User menu of Bea Example' }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await expect(page).toHaveURL(/sign-in/)
  })

  await test.step('what is typed before the page’s script has come is kept, and goes nowhere yet', async () => {
    const script = Promise.withResolvers<void>()
    await page.route('**/_next/static/**/*.js', async (route) => {
      await script.promise
      await route.continue()
    })
    await page.goto(`${empty.url}/sign-in`, { waitUntil: 'commit' })
    const password = page.getByRole('textbox', { name: 'Password' })
    await page.getByLabel('E-mail').fill('ada@example.org')
    await password.fill('a long enough password')
    await password.press('Enter')
    await expect(page.getByRole('button', { name: 'Sign in' })).toBeDisabled()
    expect(new URL(page.url()).search).toBe('')
    script.resolve()
    await settle(page)
    await expect(password).toHaveValue('a long enough password')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await expect(page.getByRole('heading', { name: 'Overview' })).toBeVisible()
  })

  await test.step('all of it is in PostgreSQL, and in no file', async () => {
    // Fails where there are none: a division by zero.
    for (const table of ['user', 'Cluster', 'AuditEntry', 'WorkerHeartbeat'])
      await runSql(empty.databaseUrl, `SELECT 1 / count(*) FROM "${table}"`)
    expect(existsSync(join(empty.dataDir, 'arkeeper.db'))).toBe(false)
  })
})
