import { expect, openClusterPage, takePicture, test } from '../support/fixtures.ts'

test('a value is searched for in the live tree by keyboard, and its znode is one click away', async ({
  demo,
  signedIn: page,
}) => {
  await openClusterPage(page, demo, 'Tree')
  await expect(page.getByRole('treeitem', { name: /^shop/ })).toBeVisible()
  await page.keyboard.press('/')
  const field = page.getByRole('textbox', { name: 'Search for' })
  await expect(field).toBeFocused()
  await page.keyboard.type('/shop/catalog/**/item-0001*')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { name: 'Paths with “/shop/catalog/**/item-0001*”' })).toBeVisible()
  const hits = page.getByRole('list', { name: 'Hits' })
  await expect(hits.getByRole('listitem')).toHaveCount(10, { timeout: 60_000 })
  await expect(page.getByRole('status').filter({ hasText: '10 hits' })).toBeVisible()

  await page.getByLabel('Search in', { exact: true }).selectOption('Values')
  await page.getByRole('textbox', { name: 'Search for' }).fill('"A-19')
  await page.getByRole('button', { name: 'Search', exact: true }).click()
  await expect(page.getByRole('heading', { name: 'Values with “"A-19”' })).toBeVisible()
  await expect(page.getByRole('status').filter({ hasText: /[\d,]+ hits$/ })).toBeVisible({ timeout: 60_000 })
  await expect(hits.locator('mark').first()).toHaveText('"A-19')
  await takePicture(page, 'search')

  // The hits of a second page have an address of their own, and so has the search.
  await page.getByRole('link', { name: 'Next' }).click()
  await expect(page).toHaveURL(/\?page=2$/)
  await expect(page.getByText(/^101–200 of/)).toBeVisible()
  await page.reload()
  await expect(page.getByText(/^101–200 of/)).toBeVisible()
  const first = hits.getByRole('link').first()
  const path = await first.innerText()
  await first.click()
  await expect(page).toHaveURL(/\/tree\?path=/)
  await expect(page.getByRole('treeitem', { selected: true })).toContainText(path.split('/').at(-1) ?? '')
})

test('a search without a hit says what it looked at, and one for nothing is refused beside its field', async ({
  demo,
  signedIn: page,
}) => {
  await openClusterPage(page, demo, 'Tree')
  await page.getByRole('button', { name: 'Search', exact: true }).click()
  await expect(page.getByText('Enter what to look for')).toBeVisible()
  await page.getByLabel('Search in', { exact: true }).selectOption('Bytes (hex)')
  await page.getByRole('textbox', { name: 'Search for' }).fill('ab c')
  await page.getByRole('button', { name: 'Search', exact: true }).click()
  await expect(page.getByText('The last byte has only one hex digit')).toBeVisible()
  await page.getByRole('textbox', { name: 'Search for' }).fill('fe ed fa ce fe ed fa ce')
  await page.getByRole('button', { name: 'Options' }).click()
  await page.getByRole('textbox', { name: 'At and below' }).fill('/shop/config')
  await page.getByRole('button', { name: 'Search', exact: true }).click()
  await expect(page.getByRole('heading', { name: 'Nothing found' })).toBeVisible({ timeout: 60_000 })
  await expect(page.getByText(/^Looked at|Looked at \d+ znode/).first()).toBeVisible()
})

test('the palette goes to a path, a page and a backup dialog without a mouse, also on a narrow screen', async ({
  demo,
  signedIn: page,
}) => {
  // The cluster of the open page comes first; the other specs' clusters are there as well.
  await openClusterPage(page, demo, 'Tree')
  await page.setViewportSize({ width: 375, height: 667 })
  const field = page.getByRole('combobox', { name: 'Cluster, path, backup, page or action' })
  await page.keyboard.press('Control+k')
  await expect(field).toBeFocused()
  await page.keyboard.type('/shop/config/')
  await expect(page.getByRole('option', { name: '/shop/config in demo' })).toHaveAttribute('aria-selected', 'true')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/tree\?path=%2Fshop%2Fconfig$/)
  await expect(field).toBeHidden()

  await page.keyboard.press('Control+k')
  await expect(field).toBeFocused()
  await page.keyboard.type('demo')
  await expect(page.getByRole('option', { selected: true })).toHaveText(/^demo/)
  const active = () =>
    field.evaluate((input) => document.getElementById(input.getAttribute('aria-activedescendant') ?? '')?.innerText)
  const first = await active()
  await page.keyboard.press('ArrowDown')
  await expect.poll(active).not.toBe(first)
  await page.keyboard.press('ArrowUp')
  await expect.poll(active).toBe(first)
  await field.fill('back up demo')
  await expect(page.getByRole('option', { selected: true })).toHaveText(/^Back up demo/)
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog', { name: 'Back up demo' })
  await expect(dialog).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(dialog).toBeHidden()
  await expect(page).toHaveURL(/\/backups$/)

  await page.getByRole('button', { name: 'Go to…' }).click()
  await field.fill('/a//b')
  await expect(page.getByText('This is not a path: the path has an empty name')).toBeVisible()
  await field.fill('mail.prop')
  await expect(page.getByRole('option', { selected: true })).toHaveText(/^Search demo/)
  await page.keyboard.press('Enter')
  await expect(page.getByRole('textbox', { name: 'Search for' })).toHaveValue('mail.prop')
  await expect(page.getByRole('textbox', { name: 'Search for' })).toBeFocused()
  await expect
    .poll(() => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth))
    .toBeLessThanOrEqual(0)
})
