import { rm } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import { addCataloguedBackup } from '../../testing/catalogued-backup.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { exportFileName, exportSubtree } from './export-subtree.ts'
import { getExport } from './get-export.ts'
import { measureSubtree } from './measure-subtree.ts'

// A database on disk for each test: slow where many test files run at once.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

const VALUE = 'planted-value-of-a-znode'
let services: TestServices
beforeEach(async () => {
  services = await createTestServices({ archives: createFileArchives() })
})
afterEach(() => services.close())

const ref = { kind: 'backup', backupId: 'b1' } as const
const operator = (signal?: AbortSignal) => services.contextFor('operator', { signal })

async function collect(lines: AsyncIterable<string>): Promise<Record<string, unknown>[]> {
  let text = ''
  for await (const piece of lines) text += piece
  expect(text === '' || text.endsWith('\n')).toBe(true)
  return text
    .split('\n')
    .slice(0, -1)
    .map((line): Record<string, unknown> => JSON.parse(line))
}

describe('an export of a backup', () => {
  test('is the lines of the command line, of the subtree alone, with children counted', async () => {
    await addCataloguedBackup(services, 'b1', [
      { path: '/a', data: VALUE, stat: { cversion: 3 } },
      { path: '/a/x', data: '' },
      { path: '/a/y', data: null, kind: 'ttl', ttlMs: 5000 },
      '/a/x/below',
      '/ab',
    ])
    const lines = await collect(exportSubtree(operator(), { ref, path: '/a', exportId: 'e1' }))
    expect(lines.map((line) => line.path)).toEqual(['/a', '/a/x', '/a/x/below', '/a/y'])
    expect(lines[0]).toEqual({
      path: '/a',
      kind: 'persistent',
      data: Buffer.from(VALUE).toString('base64'),
      acl: [{ perms: 31, scheme: 'world', id: 'anyone' }],
      stat: {
        czxid: '0x1',
        mzxid: '0x1',
        pzxid: '0x1',
        ctime: 1_700_000_000_000,
        mtime: 1_700_000_000_000,
        version: 0,
        cversion: 4,
        aversion: 0,
        ephemeralOwner: '0x0',
        dataLength: VALUE.length,
        numChildren: 2,
      },
    })
    expect(lines[1]).toMatchObject({ data: '', stat: { numChildren: 1 } })
    expect(lines[3]).toMatchObject({ data: null, kind: 'ttl', ttlMs: 5000 })
    expect(await measureSubtree(operator(), { ref, path: '/a' })).toEqual({
      znodes: 4,
      unreadable: 0,
      unreadablePaths: [],
    })
  })

  test('is on record from its start to its end, with what could not be read and without values', async () => {
    const place = { path: '/a/secret', reason: 'no-auth', message: 'it may not be read' } as const
    await addCataloguedBackup(services, 'b1', [{ path: '/a', data: VALUE }], { unreadable: [place] })
    expect(await measureSubtree(operator(), { ref, path: '/a' })).toEqual({
      znodes: 1,
      unreadable: 1,
      unreadablePaths: ['/a/secret'],
    })
    expect(await getExport(operator(), 'e1')).toBeNull()
    const lines = exportSubtree(operator(), { ref, path: '/a', exportId: 'e1' })
    await lines.next()
    expect(await getExport(operator(), 'e1')).toMatchObject({ state: 'running' })
    await collect(lines)
    const audit = await services.readAudit()
    expect(audit).toMatchObject([
      { action: 'tree.export', outcome: 'started', path: '/a', clusterId: 'c1', clusterName: 'orders' },
      {
        action: 'tree.export',
        outcome: 'ok',
        path: '/a',
        after: { source: 'backup:b1', znodes: 1, unreadable: 1, unreadablePaths: ['/a/secret'] },
        message: '1 could not be read and have no line in the file',
      },
    ])
    expect(JSON.stringify(audit)).not.toContain(VALUE)
    expect(await getExport(operator(), 'e1')).toMatchObject({ state: 'done', znodes: 1, unreadable: 1 })
    // Somebody else's export is nobody's concern.
    expect(await getExport(services.contextFor('admin'), 'e1')).toBeNull()
  })

  test('comes in pieces, and one that the reader leaves is on record as broken off', async () => {
    const many = Array.from({ length: 3000 }, (_, i) => ({ path: `/a/n${i}`, data: 'x'.repeat(300) }))
    await addCataloguedBackup(services, 'b1', many)
    const left = exportSubtree(operator(), { ref, path: '/', exportId: 'left' })
    const { value } = await left.next()
    expect(String(value).length).toBeLessThan(600_000)
    await left.return()
    expect((await services.readAudit()).at(-1)).toMatchObject({
      outcome: 'failed',
      message: 'The download was broken off before its end',
    })
    const controller = new AbortController()
    const cancelled = exportSubtree(operator(controller.signal), { ref, path: '/', exportId: 'cancelled' })
    await cancelled.next()
    controller.abort()
    await expect(collect(cancelled)).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(await getExport(operator(), 'cancelled')).toMatchObject({ state: 'failed', unreadable: 0 })
    expect(await collect(exportSubtree(operator(), { ref, path: '/', exportId: 'whole' }))).toHaveLength(3002)
  })

  test('of what is not there, or of an archive that is gone, says so', async () => {
    await addCataloguedBackup(services, 'b1', ['/a'])
    const of = (path: string, exportId: string) => collect(exportSubtree(operator(), { ref, path, exportId }))
    await expect(of('/none', 'e1')).rejects.toMatchObject({ code: 'NO_NODE' })
    expect((await services.readAudit()).at(-1)).toMatchObject({ outcome: 'failed' })
    await expect(measureSubtree(operator(), { ref, path: '/none' })).rejects.toMatchObject({ code: 'NO_NODE' })
    await expect(of('no/slash', 'e2')).rejects.toMatchObject({ code: 'BAD_PATH' })
    await expect(of('/a', 'no id at all')).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await rm(await addCataloguedBackup(services, 'b2', ['/a']), { recursive: true })
    const gone = { kind: 'backup', backupId: 'b2' } as const
    await expect(collect(exportSubtree(operator(), { ref: gone, path: '/a', exportId: 'e3' }))).rejects.toMatchObject({
      message: expect.stringContaining('does not exist'),
    })
    expect(await getExport(operator(), 'e3')).toMatchObject({ state: 'failed', znodes: 0 })
  })

  test('is refused to a viewer, who cannot have all values at once, and the refusal is on record', async () => {
    await addCataloguedBackup(services, 'b1', ['/a'])
    const viewer = services.contextFor('viewer')
    await expect(collect(exportSubtree(viewer, { ref, path: '/a', exportId: 'e1' }))).rejects.toMatchObject({
      code: 'FORBIDDEN',
    })
    expect(await services.readAudit()).toMatchObject([{ action: 'tree.export', outcome: 'denied', path: '/a' }])
    expect(await getExport(viewer, 'e1')).toMatchObject({ state: 'failed' })
  })

  test('of a backup of some subtrees holds those, and not their ancestors', async () => {
    const scope = { paths: ['/a/x'], kind: 'subtrees' } as const
    await addCataloguedBackup(services, 'b1', ['/a/x/below'], { scope: { ...scope, paths: [...scope.paths] } })
    const lines = await collect(exportSubtree(operator(), { ref, path: '/', exportId: 'e1' }))
    expect(lines.map((line) => line.path)).toEqual(['/a/x', '/a/x/below'])
    expect(await measureSubtree(operator(), { ref, path: '/' })).toMatchObject({ znodes: 2 })
  })
})

test('the name of the file is the name of the znode', () => {
  expect(exportFileName('/a/b')).toBe('b.jsonl')
  expect(exportFileName('/')).toBe('root.jsonl')
})
