import AxeBuilder from '@axe-core/playwright'
import { expect, type Page } from '@playwright/test'

const NARROWEST = { width: 375, height: 667 }

/** Both themes; what does not depend on colour is looked at once. */
export async function expectNoFindings(page: Page, where: string): Promise<void> {
  await wear(page, 'dark')
  const dark = await analyze(page, ['color-contrast', 'link-in-text-block'])
  expect(describe(dark.violations), `${where}, dark`).toEqual([])
  expect(dark.passes.length, `${where}: axe has looked at something`).toBeGreaterThan(0)
  await expectNoFindingsInOne(page, where, 'light')
}

export async function expectNoFindingsInOne(page: Page, where: string, theme: 'light' | 'dark'): Promise<void> {
  await wear(page, theme)
  const { violations, passes } = await analyze(page)
  expect(describe(violations), `${where}, ${theme}`).toEqual([])
  expect(passes.length, `${where}: axe has looked at something`).toBeGreaterThan(0)
}

/** On the narrowest screen that there is. */
export async function expectNoSidewaysScroll(page: Page, where: string): Promise<void> {
  await page.setViewportSize(NARROWEST)
  await expect
    .poll(() => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), {
      message: `${where} at ${NARROWEST.width} px`,
    })
    .toBeLessThanOrEqual(0)
}

/**
 * What the builder does by itself would open a second page for each look, for the sake of frames of other origins, and read its
 * half a megabyte of script for each: our pages have no frames, and one reading lasts until the next page.
 */
async function analyze(page: Page, rules?: string[]) {
  const isThere = await page.evaluate(() => 'axe' in window)
  const builder = new AxeBuilder({ page, ...(isThere && { axeSource: 'undefined' }) }).setLegacyMode()
  expect(page.frames(), 'a page without frames').toHaveLength(1)
  return (rules ? builder.withRules(rules) : builder).analyze()
}

/** A colour on its way to another one is neither. */
async function wear(page: Page, colorScheme: 'light' | 'dark'): Promise<void> {
  await page.emulateMedia({ colorScheme })
  await expect
    .poll(() => page.evaluate(() => document.getAnimations().filter((each) => each instanceof CSSTransition).length))
    .toBe(0)
}

type Violations = Awaited<ReturnType<AxeBuilder['analyze']>>['violations']

function describe(violations: Violations): string[] {
  return violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.target.join(' ')} ${node.html.slice(0, 160)} ${node.failureSummary ?? ''}`),
  )
}
