import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { toCsvCell } from '../../base/csv.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { exportAudit } from './export-audit.ts'
import { listAudit } from './list-audit.ts'
import { type AuditEntryInput, writeAudit } from './write-audit.ts'

// A database on disk for each test: slow where many test files run at once.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

let services: TestServices
beforeEach(async () => {
  services = await createTestServices()
})
afterEach(() => services.close())

const ORDERS = { id: 'c1', name: 'orders' }
const STOCK = { id: 'c2', name: 'stock' }

function write(entry: Partial<AuditEntryInput>): Promise<number> {
  const context = services.contextFor('operator')
  return writeAudit(context.db, context, { action: 'znode.set-data', outcome: 'ok', ...entry })
}

async function list(filter: Parameters<typeof listAudit>[1]['filter'] = {}) {
  return (await listAudit(services.contextFor('viewer'), { filter })).entries
}

async function readAll(format: 'csv' | 'jsonl', filter = {}): Promise<string> {
  let text = ''
  for await (const chunk of exportAudit(services.contextFor('viewer'), { filter, format })) text += chunk
  return text
}

describe('list', () => {
  test('folds a started entry into its outcome, and shows it as long as there is none', async () => {
    const first = await write({ outcome: 'started', cluster: ORDERS, path: '/a' })
    const second = await write({ outcome: 'started', cluster: ORDERS, path: '/a' })
    await write({ outcome: 'failed', cluster: ORDERS, path: '/a', startedId: second, after: { version: 2 } })
    expect(await list()).toMatchObject([
      { outcome: 'failed', after: { version: 2 } },
      { outcome: 'started', id: first },
    ])
    await write({ outcome: 'ok', cluster: ORDERS, path: '/a/0000000001', startedId: first })
    const entries = await list()
    expect(entries.map((entry) => entry.outcome)).toEqual(['ok', 'failed'])
    expect(entries[0]?.after).toBeNull()
  })

  test('gives every entry exactly once over its pages, folded ones left out', async () => {
    const expected: number[] = []
    for (let i = 0; i < 25; i++) {
      const startedId = await write({ outcome: 'started', cluster: ORDERS, path: `/n${i}` })
      if (i % 3 === 0) expected.unshift(startedId)
      else expected.unshift(await write({ outcome: 'ok', cluster: ORDERS, path: `/n${i}`, startedId }))
    }
    for (const limit of [1, 4, 7, 25, 500]) {
      const seen: number[] = []
      let before: number | null | undefined
      do {
        const page = await listAudit(services.contextFor('viewer'), { before: before ?? undefined, limit })
        expect(page.entries.length).toBeLessThanOrEqual(limit)
        seen.push(...page.entries.map((entry) => entry.id))
        before = page.next
      } while (before !== null)
      expect(seen, `limit ${limit}`).toEqual(expected)
    }
  })

  test('filters by cluster, action, entity, outcome, actor and time', async () => {
    await write({ cluster: ORDERS, action: 'znode.create' })
    services.clock.advance(86_400_000)
    await write({ cluster: STOCK, action: 'znode.delete', outcome: 'failed' })
    await write({ cluster: STOCK, action: 'znodex.other' })
    const actions = async (filter: Parameters<typeof list>[0]) => (await list(filter)).map((entry) => entry.action)
    expect(await actions({ clusterId: 'c1' })).toEqual(['znode.create'])
    expect(await actions({ action: 'znode' })).toEqual(['znode.delete', 'znode.create'])
    expect(await actions({ action: 'znode.delete' })).toEqual(['znode.delete'])
    expect(await actions({ outcome: 'failed' })).toEqual(['znode.delete'])
    expect(await actions({ actor: 'nobody' })).toEqual([])
    expect(await actions({ actor: 'tor on' })).toHaveLength(3)
    expect(await actions({ to: '2026-01-02' })).toEqual(['znode.create'])
    expect(await actions({ from: '2026-01-02T03:04:05', to: '2026-01-02T03:04:05' })).toEqual(['znode.create'])
    expect(await actions({ from: '2026-01-02T03:04:06Z' })).toEqual(['znodex.other', 'znode.delete'])
  })

  test('filters by path as a subtree: to the slash, in exact case, with no wildcards', async () => {
    for (const path of ['/a_b', '/a_b/c', '/axb/c', '/A_B/c', '/a_bc', '/a_b-c']) await write({ path })
    expect((await list({ path: '/a_b' })).map((entry) => entry.path)).toEqual(['/a_b/c', '/a_b'])
    expect(await list({ path: '/a_b/' })).toHaveLength(2)
    expect(await list({ path: '/' })).toHaveLength(6)
    expect(await list({ path: '%' })).toHaveLength(0)
  })

  test('names the field of a filter that is no date', async () => {
    await expect(list({ from: 'yesterday-ish' })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      details: { fields: { from: expect.any(String) } },
    })
  })
})

describe('export', () => {
  test('as JSON Lines has every entry, started ones too, and is itself on record', async () => {
    const startedId = await write({ outcome: 'started', path: '/a' })
    await write({ outcome: 'ok', path: '/a', startedId })
    const lines = (await readAll('jsonl')).trim().split('\n')
    expect(lines.map((line) => JSON.parse(line).outcome)).toEqual(['ok', 'started'])
    expect((await services.readAudit()).at(-1)).toMatchObject({
      action: 'audit.export',
      actorId: 'viewer-1',
      after: { format: 'jsonl' },
    })
  })

  test('goes on beyond one page', async () => {
    const context = services.contextFor('operator')
    await context.db.auditEntry.createMany({
      data: Array.from({ length: 1203 }, (_, i) => ({
        at: new Date(services.clock.now()),
        actorName: 'x',
        action: 'backup.start',
        outcome: 'ok',
        path: `/${i}`,
      })),
    })
    const lines = (await readAll('csv')).trimEnd().split('\r\n')
    expect(lines).toHaveLength(1204)
    expect(lines[0]).toMatch(/^id,at,actorName,action,clusterName,path,reason,before,after,outcome,message,/)
    expect(lines[0]).toMatch(/,sequence,previousHash,hash,hashVersion$/)
    expect(lines.at(-1)).toContain('/0,')
  })

  test('as CSV gives a spreadsheet no formula to run', async () => {
    await write({ path: '/a', reason: '=HYPERLINK("http://evil.example","click")', message: '+1, "two"\nthree' })
    const [, row] = (await readAll('csv')).split(/\r\n/)
    expect(row).toContain(`"'=HYPERLINK(""http://evil.example"",""click"")"`)
    expect(row).toContain(`"'+1, ""two""\nthree"`)
  })

  test('as CSV begins no cell with a formula, whatever separator is read and whatever comes before', () => {
    for (const start of [
      '=',
      '+',
      '-',
      '@',
      '＝',
      '\t=',
      ' =',
      '\0@',
      '\n+',
      '\r\n=',
      ';=',
      'a;=',
      'a\t=',
      'a\n@',
      'a;"=',
      'a; -',
    ]) {
      const cell = toCsvCell(`${start}cmd|' /C calc'!A0`)
      for (const separator of [',', ';', '\t', '\n', '\r']) {
        for (const part of cell.split(separator)) expect(part, cell).not.toMatch(/^["\s\0]*[=+\-@＝＋－＠]/)
      }
    }
  })

  test('quotes exactly what needs quotes', () => {
    expect(['plain', 'a,b', 'a"b', '@x', '-1', '\tx', ''].map(toCsvCell)).toEqual([
      'plain',
      '"a,b"',
      '"a""b"',
      "'@x",
      "'-1",
      "'\tx",
      '',
    ])
  })
})
