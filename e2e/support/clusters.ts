import { expect, type Page } from '@playwright/test'
import type { ClusterSection } from '../../app/_nav/cluster-pages.ts'
import type { Product } from './product.ts'

/** A cluster that a test has added for itself: what it does there is nobody else's concern. */
export interface AddedCluster {
  readonly id: string
  readonly name: string
  /** Absolute address of one of its pages. */
  at(section: ClusterSection): string
}

export async function addCluster(
  page: Page,
  product: Product,
  cluster: { name: string; connectString: string; digest?: { username: string; password: string } },
): Promise<AddedCluster> {
  await page.goto(`${product.url}/clusters/new`)
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill(cluster.name)
  await page.getByRole('textbox', { name: 'Connect string' }).fill(cluster.connectString)
  if (cluster.digest) {
    await page.getByLabel('Authentication').selectOption('digest')
    await page.getByRole('textbox', { name: 'User', exact: true }).fill(cluster.digest.username)
    await page.getByLabel('Password').fill(cluster.digest.password)
  }
  await page.getByRole('button', { name: 'Add cluster' }).click()
  await expect(page).toHaveURL(/\/clusters\/(?!new)[^/]+\/tree/)
  const id = /\/clusters\/([^/]+)\//.exec(page.url())?.[1] ?? ''
  return { id, name: cluster.name, at: (section) => `${product.url}/clusters/${id}/${section}` }
}

export async function arm(page: Page, cluster: AddedCluster): Promise<void> {
  await page.goto(cluster.at('settings'))
  await page.getByRole('textbox', { name: 'Reason' }).fill('a rehearsal')
  await page.getByRole('button', { name: 'Allow writes for 15 minutes' }).click()
  await expect(page.getByText(`${cluster.name} is armed.`, { exact: true })).toBeVisible()
}

/** Starts a backup from the page; of the whole tree when no path is given. */
export async function startBackup(page: Page, cluster: AddedCluster, options: { paths?: string; note?: string } = {}) {
  await page.goto(cluster.at('backups'))
  await page.getByRole('button', { name: 'Back up now' }).click()
  const dialog = page.getByRole('dialog', { name: `Back up ${cluster.name}` })
  if (options.paths !== undefined) {
    await dialog.getByRole('radio', { name: /^Subtrees/ }).check()
    await dialog.getByRole('textbox', { name: 'Paths, one a line' }).fill(options.paths)
  }
  await dialog.getByRole('textbox', { name: 'Note' }).fill(options.note ?? '')
  await dialog.getByRole('button', { name: /^Back up/ }).click()
  await expect(dialog).toBeHidden()
}

/** The rows of the catalog's table, without its head. */
export function backupRows(page: Page) {
  return page
    .getByRole('region', { name: 'Backups' })
    .getByRole('row')
    .filter({ hasNot: page.getByRole('columnheader') })
}

/** Takes the first backup of a cluster and gives its id. */
export async function takeFirstBackup(page: Page, cluster: AddedCluster, note: string): Promise<string> {
  await startBackup(page, cluster, { note })
  await expect(backupRows(page)).toHaveCount(1, { timeout: 60_000 })
  const href = await backupRows(page).getByRole('link').first().getAttribute('href')
  return href?.split('/').at(-1) ?? ''
}

/** Plans to put back everything that a backup holds, and gives the address of the restore. */
export async function planRestore(
  page: Page,
  product: Product,
  cluster: AddedCluster,
  backupId: string,
): Promise<string> {
  await page.goto(`${product.url}/restores/new?cluster=${cluster.id}&source=backup:${backupId}`)
  await page.getByRole('button', { name: 'Make the plan' }).click()
  await expect(page).toHaveURL(/\/restores\/(?!new)/)
  await expect(page.getByRole('region', { name: 'Steps of the plan' })).toBeVisible({ timeout: 60_000 })
  return page.url()
}

/** Types what the confirmation asks for; the button that writes is left to the caller. */
export async function fillConfirmation(page: Page, cluster: AddedCluster, reason: string) {
  await page.getByRole('textbox', { name: 'Reason' }).fill(reason)
  await page.getByRole('textbox', { name: `Type ${cluster.name} to confirm` }).fill(cluster.name)
  return page.getByRole('button', { name: new RegExp(` to ${cluster.name}$`) })
}
