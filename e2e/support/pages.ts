import { expect, type Locator, type Page } from '@playwright/test'

/** Waits until the page's script answers: until then its buttons are off, and no key is heard. */
export async function expectAwake(page: Page): Promise<void> {
  await expect(page.getByRole('heading').first()).toBeVisible()
  await expect(page.locator('button:disabled:not([role="tab"])')).toHaveCount(0)
}

/** Waits until what is loading has come: a skeleton has nothing to find fault with. */
export async function settle(page: Page): Promise<void> {
  await expectAwake(page)
  // A tree asks for its rows only now.
  await expect(page.locator('[role="tree"]:not(:has([role="treeitem"]))')).toHaveCount(0)
  await expect(page.locator('.skeleton')).toHaveCount(0)
}

/** For a box or a radio whose state is in the URL, which a busy page follows a moment later: `check()` would not wait for it. */
export async function choose(box: Locator): Promise<void> {
  await box.click()
  await expect(box).toBeChecked()
}

/** Waits until an open tree follows its cluster. */
export async function expectLive(page: Page): Promise<void> {
  await expect(page.getByRole('status').filter({ hasText: /^live$/ })).toBeVisible()
}

/** Opens the list of jobs by its key. */
export async function openJobs(page: Page): Promise<void> {
  await expectAwake(page)
  await page.keyboard.press('j')
  await expect(page.getByRole('dialog', { name: 'Jobs' })).toBeVisible()
}
