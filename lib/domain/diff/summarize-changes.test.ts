import { describe, expect, it } from 'vitest'
import { buildZnode } from '../../testing/znode-builder.ts'
import type { Change } from './change.ts'
import { filterChanges, matchesChange } from './filter-changes.ts'
import { summarizeChanges } from './summarize-changes.ts'

const change = (kind: Change['change'], path: string, more: Partial<Change> = {}): Change => ({
  path,
  change: kind,
  fields: kind === 'changed' ? ['data'] : [],
  ephemeral: false,
  before: kind === 'added' ? null : buildZnode(path),
  after: kind === 'removed' ? null : buildZnode(path),
  ...more,
})

async function* batches(...changes: Change[]) {
  for (const one of changes) yield [one]
}

const changes = [
  change('added', '/a/b'),
  change('added', '/a/b/c'),
  change('removed', '/a/b/d', { ephemeral: true }),
  change('changed', '/ab'),
  change('changed', '/z/y/x'),
]

describe('summarizeChanges', () => {
  it('counts by top-level subtree, with the subtree root itself told apart', async () => {
    const { total, rows, truncated } = await summarizeChanges(batches(...changes))
    expect(total).toEqual({ added: 2, removed: 1, changed: 2, ephemeral: 1 })
    expect(rows).toEqual([
      { path: '/a', own: null, added: 2, removed: 1, changed: 0, ephemeral: 1 },
      { path: '/ab', own: 'changed', added: 0, removed: 0, changed: 1, ephemeral: 0 },
      { path: '/z', own: null, added: 0, removed: 0, changed: 1, ephemeral: 0 },
    ])
    expect(truncated).toBe(false)
  })

  it('rolls up every ancestor down to the depth asked for', async () => {
    const { rows } = await summarizeChanges(batches(...changes), { depthMax: 3 })
    expect(rows.map(({ path, added, removed, changed }) => [path, added + removed + changed])).toEqual([
      ['/a', 3],
      ['/a/b', 3],
      ['/a/b/c', 1],
      ['/a/b/d', 1],
      ['/ab', 1],
      ['/z', 1],
      ['/z/y', 1],
      ['/z/y/x', 1],
    ])
  })

  it('counts below any path', async () => {
    const { total, rows } = await summarizeChanges(batches(...changes), { root: '/a' })
    expect(total.added + total.removed).toBe(3)
    expect(rows.map((row) => row.path)).toEqual(['/a/b'])
  })

  it('stays within the row limit and says so, with totals complete', async () => {
    const { total, rows, truncated } = await summarizeChanges(batches(...changes), { depthMax: 3, rowsMax: 2 })
    expect(rows.map((row) => row.path)).toEqual(['/a', '/a/b'])
    expect(rows[0]).toMatchObject({ added: 2, removed: 1 })
    expect(total).toEqual({ added: 2, removed: 1, changed: 2, ephemeral: 1 })
    expect(truncated).toBe(true)
  })
})

describe('filterChanges', () => {
  it('keeps what matches every condition', async () => {
    const kept: string[] = []
    for await (const batch of filterChanges(batches(...changes), { roots: ['/a'], kinds: ['added'] }))
      kept.push(...batch.map((one) => one.path))
    expect(kept).toEqual(['/a/b', '/a/b/c'])
  })

  it('ends a path prefix at a slash', () => {
    expect(matchesChange(change('added', '/ab'), { roots: ['/a'] })).toBe(false)
  })

  it('filters changed znodes by field and lets added ones pass', () => {
    expect(matchesChange(change('changed', '/a'), { fields: ['acl'] })).toBe(false)
    expect(matchesChange(change('added', '/a'), { fields: ['acl'] })).toBe(true)
  })
})
