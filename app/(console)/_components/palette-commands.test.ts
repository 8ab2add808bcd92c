import { describe, expect, it } from 'vitest'
import { COMMANDS_MAX, findTypedPathFault, listCommands, type PaletteInput } from './palette-commands.ts'

const input: PaletteInput = {
  clusters: [
    { id: 'c1', name: 'orders-prod' },
    { id: 'c2', name: 'kafka' },
  ],
  places: {
    backups: [{ id: 'b1', clusterName: 'kafka', takenAt: '2026-01-02T03:04:05.000Z', note: 'before the upgrade' }],
    diffs: [{ id: 'd1', leftLabel: 'a', rightLabel: 'kafka, live', path: '/x', createdAt: '2026-01-02T03:04:05.000Z' }],
    restores: [],
    searches: [
      {
        id: 's1',
        treeLabel: 'kafka, live',
        path: '/',
        pathPattern: '*.json',
        valueForm: 'none',
        valueLength: 0,
        createdAt: '2026-01-02T03:04:05.000Z',
      },
    ],
  },
  pathname: '/',
  text: '',
}
const hrefs = (change: Partial<PaletteInput>) => listCommands({ ...input, ...change }).map((command) => command.href)

describe('listCommands', () => {
  it('begins with the clusters and their pages, and groups never come twice', () => {
    const commands = listCommands(input)
    expect(commands[0]).toMatchObject({ label: 'orders-prod', href: '/clusters/c1/tree' })
    const groups = commands.map((command) => command.group)
    expect(groups.filter((group, i) => group !== groups[i - 1])).toEqual([...new Set(groups)])
  })

  it.each([
    ['kafka', '/clusters/c2/tree'],
    ['KAFKA set', '/clusters/c2/settings'],
    ['set kaf', '/clusters/c2/settings'],
    ['time kaf', '/clusters/c2/history'],
    ['audit', '/audit'],
    ['upgrade', '/backups/b1'],
    ['back up ord', '/clusters/c1/backups?take=1'],
    ['json', '/searches/s1'],
    ['add', '/clusters/new'],
    ['→', '/diffs/d1'],
    ['live stream kaf', '/clusters/c2/settings#follow'],
  ])('%s leads to %s first', (text, href) => {
    expect(hrefs({ text })[0]).toBe(href)
  })

  it('a path leads to it, in the tree of the open page first', () => {
    expect(hrefs({ text: '/a/b/' }).slice(0, 2)).toEqual([
      '/clusters/c1/tree?path=%2Fa%2Fb',
      '/clusters/c2/tree?path=%2Fa%2Fb',
    ])
    expect(hrefs({ text: '/a', pathname: '/clusters/c2/backups' })[0]).toBe('/clusters/c2/tree?path=%2Fa')
    expect(hrefs({ text: '/a', pathname: '/backups/b1/tree' })[0]).toBe('/backups/b1/tree?path=%2Fa')
    // /clusters/new is no cluster.
    expect(hrefs({ text: '/', pathname: '/clusters/new' })[0]).toBe('/clusters/c1/tree')
  })

  it('what is no path is not gone to, and the reason is there', () => {
    expect(hrefs({ text: '/a//b' }).filter((href) => !href.includes('find='))).toEqual([])
    expect(findTypedPathFault('/a//b')).toMatch(/empty name/)
    expect(findTypedPathFault('/a/')).toBeNull()
    expect(findTypedPathFault('a//b')).toBeNull()
  })

  it('any text can be searched for, last', () => {
    expect(hrefs({ text: 'nothing like it', pathname: '/clusters/c2/tree' })).toEqual([
      '/clusters/c2/tree?find=nothing+like+it',
      '/clusters/c1/tree?find=nothing+like+it',
    ])
  })

  it('is bounded, and works before the places are read', () => {
    const clusters = Array.from({ length: 500 }, (_, i) => ({ id: `c${i}`, name: `cluster ${i}` }))
    expect(listCommands({ ...input, clusters }).length).toBe(COMMANDS_MAX)
    expect(listCommands({ ...input, clusters, text: '/a' }).length).toBe(COMMANDS_MAX)
    expect(hrefs({ places: null, text: 'kafka' })[0]).toBe('/clusters/c2/tree')
  })
})
