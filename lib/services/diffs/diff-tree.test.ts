import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Change } from '../../domain/diff/change.ts'
import { comparePaths } from '../../domain/znode/order.ts'
import { DiffFileWriter, findChange, readBelow, readChanges } from './diff-file.ts'
import { collectRows } from './diff-tree.ts'

let dir = ''
beforeEach(async () => {
  dir = join(await mkdtemp(join(tmpdir(), 'arkeeper-diff-')), 'd1')
})
afterEach(async () => {
  await rm(join(dir, '..'), { recursive: true, force: true })
})

const change = (path: string, kind: Change['change'] = 'added', fields: Change['fields'] = []): Change => ({
  path,
  change: kind,
  fields,
  ephemeral: false,
  before: null,
  after: null,
})

async function write(changes: Change[]): Promise<void> {
  const writer = await DiffFileWriter.create(dir)
  await writer.write([...changes].sort((a, b) => comparePaths(a.path, b.path)))
  await writer.finish()
}

const page = (parent: string, options: { after?: string; limit?: number; filter?: object } = {}) =>
  collectRows(readBelow(dir, parent, options.after ? `${parent === '/' ? '' : parent}/${options.after}` : null), {
    parent,
    filter: options.filter ?? {},
    limit: options.limit ?? 100,
  })

describe('the tree of a diff', () => {
  it('rolls up each child of a parent, and keeps siblings that share a prefix apart', async () => {
    await write([
      change('/a/x', 'removed'),
      change('/a/x/1'),
      change('/a/x/2', 'changed', ['acl']),
      change('/a-b'),
      change('/b'),
    ])
    expect((await page('/')).rows).toMatchObject([
      { path: '/a', name: 'a', change: null, below: { added: 1, removed: 1, changed: 1 } },
      { path: '/a-b', change: 'added', below: { added: 0, removed: 0, changed: 0 } },
      { path: '/b', change: 'added' },
    ])
    expect((await page('/a')).rows).toMatchObject([
      { path: '/a/x', change: 'removed', below: { added: 1, removed: 0, changed: 1 } },
    ])
    expect((await page('/a/x')).rows.map((row) => row.name)).toEqual(['1', '2'])
  })

  it('pages through all rows once, over every block of the index', async () => {
    const names = Array.from({ length: 3000 }, (_, i) => `n${String(i).padStart(5, '0')}`)
    await write([
      change('/a'),
      ...names.flatMap((name) => [change(`/p/${name}/x`), change(`/p/${name}/y`)]),
      change('/q'),
    ])
    const seen: string[] = []
    let after: string | undefined
    for (;;) {
      const { rows, next } = await page('/p', { after, limit: 700 })
      for (const row of rows) {
        expect(row.below.added).toBe(2)
        seen.push(row.name)
      }
      if (next === null) break
      after = next
    }
    expect(seen).toEqual(names)
  })

  it('filters by kind, field and part of the path, and drops what has nothing left below it', async () => {
    await write([change('/a/one'), change('/a/two', 'changed', ['data']), change('/b/three', 'changed', ['acl'])])
    const names = async (filter: object) => (await page('/', { filter })).rows.map((row) => row.path)
    expect(await names({ kinds: ['changed'] })).toEqual(['/a', '/b'])
    expect(await names({ kinds: ['changed'], fields: ['acl'] })).toEqual(['/b'])
    expect(await names({ pathIncludes: 'TWO' })).toEqual(['/a'])
  })

  it('finds one change, and none where there is none', async () => {
    await write(Array.from({ length: 1000 }, (_, i) => change(`/n/${1000 + i}`)))
    expect((await findChange(dir, '/n/1777'))?.path).toBe('/n/1777')
    expect(await findChange(dir, '/n/17777')).toBeNull()
    expect(await findChange(dir, '/zz')).toBeNull()
  })

  it('reads an empty result', async () => {
    await write([])
    expect(await page('/')).toEqual({ rows: [], next: null })
    for await (const record of readChanges(dir, '/')) expect(record).toBeUndefined()
  })
})
