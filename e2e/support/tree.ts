import { expect, type Locator } from '@playwright/test'

/** Waits until the row that the tree's keys go to is this one. */
export async function expectActiveRow(tree: Locator, path: string): Promise<void> {
  await expect
    .poll(
      () =>
        tree.evaluate((element) => {
          const row = document.getElementById(element.getAttribute('aria-activedescendant') ?? '')
          return row?.getAttribute('data-path') ?? null
        }),
      { message: 'the active row of the tree' },
    )
    .toBe(path)
}
