import type { Page } from '@playwright/test'

/** What the browser has refused to load, run or style on this page because of its content security policy. */
export function watchPolicy(page: Page): { violations(): readonly string[] } {
  const found: string[] = []
  page.on('console', (message) => {
    if (/content security policy/i.test(message.text())) found.push(message.text())
  })
  return { violations: () => found }
}
