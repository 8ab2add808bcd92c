import { expect, type Page } from '@playwright/test'
import type { Product } from './product.ts'

/** What a context needs so that its pages are signed in. */
export type Session = Awaited<ReturnType<ReturnType<Page['context']>['storageState']>>

export async function signIn(page: Page, product: Product): Promise<void> {
  await page.goto(product.url)
  await page.getByLabel('E-mail').fill(product.signIn?.email ?? '')
  await page.getByRole('textbox', { name: 'Password' }).fill(product.signIn?.password ?? '')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('heading', { name: 'Overview' })).toBeVisible()
}
