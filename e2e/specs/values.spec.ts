import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { backupRows, startBackup } from '../support/clusters.ts'
import { expect, test } from '../support/fixtures.ts'
import { HOSTS_CHANGED_PORT, HOSTS_PORT, hosts, JAVA_MAP } from '../support/packed-values.ts'
import { choose } from '../support/pages.ts'

for (const kind of ['live', 'backup'] as const) {
  test(`packed values are shown as what they unpack to, and known forms by name: ${kind}`, async ({
    demo,
    signedIn: page,
    values,
  }) => {
    const tree = kind === 'live' ? values.cluster.at('tree') : `${demo.url}/backups/${values.backupId}/tree`
    const port = kind === 'live' ? HOSTS_CHANGED_PORT : HOSTS_PORT
    const value = page.getByRole('region', { name: 'Value', exact: true })

    await page.goto(`${tree}?path=/hosts.json.gz`)
    await expect(value).toContainText(/gzip, \d+ B packed, \d+ B unpacked/)
    await expect(value.getByRole('region', { name: 'Value as JSON' })).toContainText(`"port": ${port}`)
    await value.getByRole('tab', { name: 'Packed' }).click()
    await expect(page).toHaveURL(/view=packed/)
    await expect(value.getByRole('region', { name: 'Packed bytes as hex' })).toContainText('1f 8b 08')
    const raw = value.getByRole('link', { name: 'Download raw' })
    const stored = await (await page.request.get(`${demo.url}${await raw.getAttribute('href')}`)).body()
    expect(gunzipSync(stored).toString()).toBe(hosts(port))
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      value.getByRole('link', { name: 'Download unpacked' }).click(),
    ])
    expect(download.suggestedFilename()).toBe('hosts.json')

    await page.goto(`${tree}?path=/layout.xml.zst`)
    await expect(value).toContainText(/zstd, \d+ B packed, 31 B unpacked/)
    await expect(value.getByRole('region', { name: 'Value as XML' })).toContainText('<pane id="1"/>')

    await page.goto(`${tree}?path=/damaged.gz`)
    await expect(value).toContainText('It begins like gzip but is not unpacked: it ends before the packed data does')
    await expect(value.getByRole('region', { name: 'Value as hex' })).toContainText('1f 8b 08')

    await page.goto(`${tree}?path=/map`)
    await expect(value).toContainText('A serialized Java object of class java.util.HashMap.')

    await page.goto(`${tree}?path=/message`)
    await expect(value).toContainText('It looks like protobuf: all 12 bytes parse as 2 fields. That is a guess')
    await expect(value.getByRole('row').filter({ hasText: '"testing"' })).toContainText('2')
  })
}

test('two packed values are compared by what they unpack to', async ({ demo, signedIn: page, values }) => {
  await page.goto(`${demo.url}/diffs/new?left=backup:${values.backupId}&right=live:${values.cluster.id}`)
  await page.getByRole('button', { name: 'Compare', exact: true }).click()
  await expect(page.getByRole('region', { name: 'Summary' })).toContainText('1 changed', { timeout: 60_000 })
  await page.getByRole('treeitem', { name: /^hosts\.json\.gz/ }).click()
  const difference = page.getByRole('region', { name: 'Difference at /hosts.json.gz' })
  await expect(difference).toContainText('Compared as unpacked (gzip)')
  const sideBySide = difference.getByRole('region', { name: 'Values side by side' })
  await expect(sideBySide).toContainText('"port": 2181')
  await expect(sideBySide).toContainText('"port": 2281')
  await difference.getByRole('button', { name: 'Compare packed bytes' }).click()
  await expect(difference).toContainText('Compared as stored: packed bytes (gzip)')
  await expect(difference.getByRole('region', { name: /as hex$/ }).first()).toContainText('1f 8b 08')
})

for (const kind of ['live', 'backup'] as const) {
  test(`a subtree is exported, and the page says how much it was: ${kind}`, async ({
    demo,
    signedIn: page,
    values,
  }) => {
    const tree = kind === 'live' ? values.cluster.at('tree') : `${demo.url}/backups/${values.backupId}/tree`
    await page.goto(tree)
    await page.getByRole('button', { name: 'Export…' }).click()
    const dialog = page.getByRole('dialog', { name: 'Export as JSON Lines' })
    await expect(dialog).toContainText(kind === 'live' ? '6 znodes at last sight' : '6 znodes are in the backup here')
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      dialog.getByRole('link', { name: 'Download 6 znodes' }).click(),
    ])
    expect(download.suggestedFilename()).toBe('root.jsonl')
    const lines = (await readFile(await download.path(), 'utf8'))
      .trim()
      .split('\n')
      .map((line): { path: string; data: string | null } => JSON.parse(line))
    expect(lines.map((line) => line.path)).toEqual([
      '/',
      '/damaged.gz',
      '/hosts.json.gz',
      '/layout.xml.zst',
      '/map',
      '/message',
    ])
    expect(Buffer.from(lines[4]?.data ?? '', 'base64')).toEqual(JAVA_MAP)
    await expect(dialog.getByRole('status')).toContainText('6 znodes exported')
    await dialog.getByRole('link', { name: 'See the audit' }).click()
    await expect(page.getByRole('main')).toContainText('tree.export')
  })
}

test('the history of a znode says in which backup it was what, and compares any two', async ({
  demo,
  signedIn: page,
  values,
}) => {
  await startBackup(page, values.cluster, { note: 'after the change' })
  await expect(backupRows(page)).toHaveCount(2, { timeout: 60_000 })
  await page.goto(`${values.cluster.at('tree')}?path=/hosts.json.gz`)
  await page.getByRole('tab', { name: 'History' }).click()
  await expect(page).toHaveURL(/show=history/)
  const states = page.getByRole('region', { name: 'The znode in each backup' })
  await expect(states.getByRole('row')).toHaveCount(4)
  await expect(states.getByRole('row').nth(1)).toContainText('live')
  await expect(states.getByRole('row').nth(1)).toContainText('the same')
  await expect(states.getByRole('row').nth(2)).toContainText('after the change')
  await expect(states.getByRole('row').nth(2)).toContainText(/changed\s*data/)
  await expect(states.getByRole('row').nth(3)).toContainText('the oldest there is')

  // What one wants to see is chosen already: the newest two that differ, unpacked.
  const comparison = page.getByRole('region', { name: 'Comparison' })
  await expect(comparison.getByRole('region', { name: 'Values side by side' })).toContainText('"port": 2181')
  await expect(comparison).toContainText('Access, the same on both sides')
  await choose(states.getByRole('radio', { name: 'To: live' }))
  await expect(page).toHaveURL(/from=backup(:|%3A).*to=live/)
  await page.reload()
  await expect(states.getByRole('radio', { name: 'To: live' })).toBeChecked()
  await expect(comparison.getByRole('region', { name: 'Values side by side' })).toContainText('"port": 2281')

  // At the next znode the history stays open, and equal neighbours are one row.
  await page.getByRole('treeitem', { name: /^map/ }).click()
  await expect(page).toHaveURL(/path=%2Fmap&show=history$/)
  await expect(states.getByRole('row')).toHaveCount(3)
  await states.getByRole('button', { name: 'unchanged in 2 backups' }).click()
  await expect(states.getByRole('row')).toHaveCount(4)

  await page.goto(`${demo.url}/backups/${values.backupId}/tree?path=/hosts.json.gz&show=history`)
  await expect(states.getByRole('row')).toHaveCount(3)
  await expect(states.getByRole('row').nth(2)).toContainText('this backup')
  await comparison.getByRole('link', { name: 'Compare whole trees here' }).click()
  await expect(page).toHaveURL(/\/diffs\/new/)
  await expect(page.getByLabel('From (left)')).toHaveValue(`backup:${values.backupId}`)
  await expect(page.getByRole('textbox', { name: 'Path' })).toHaveValue('/hosts.json.gz')
})
