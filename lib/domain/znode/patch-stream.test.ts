import { describe, expect, it } from 'vitest'
import { OPEN_ACL } from './acl.ts'
import { type PatchEntry, patchStream, sortPatch, streamOf } from './patch-stream.ts'
import type { Znode, ZnodeStream } from './znode.ts'

const znode = (path: string, text = ''): Znode => ({
  path,
  data: Buffer.from(text),
  acl: OPEN_ACL,
  stat: {
    czxid: 1n,
    mzxid: 1n,
    pzxid: 1n,
    ctime: 0,
    mtime: 0,
    version: 0,
    cversion: 0,
    aversion: 0,
    ephemeralOwner: 0n,
  },
  kind: 'persistent',
  ttlMs: null,
})

async function read(stream: ZnodeStream): Promise<string[]> {
  const lines: string[] = []
  for await (const batch of stream)
    for (const { path, data } of batch.znodes) lines.push(`${path}=${Buffer.from(data ?? '')}`)
  return lines
}

const patch = (entries: Record<string, string | null>): PatchEntry[] =>
  sortPatch(Object.entries(entries).map(([path, text]) => ({ path, znode: text === null ? null : znode(path, text) })))

const tree = () => streamOf(['/', '/a', '/a/x', '/a-b', '/b'].map((path) => znode(path)))

describe('patchStream', () => {
  it('replaces, inserts in path order and removes whole subtrees', async () => {
    expect(await read(patchStream(tree(), patch({ '/a': null, '/a-b': '2', '/a-b/c': '3', '/z': '4' })))).toEqual([
      '/=',
      '/a-b=2',
      '/a-b/c=3',
      '/b=',
      '/z=4',
    ])
  })
  it('does not take a name prefix for a subtree', async () => {
    expect(await read(patchStream(tree(), patch({ '/a': null })))).toEqual(['/=', '/a-b=', '/b='])
  })
  it('leaves out a znode whose parent is nowhere', async () => {
    expect(await read(patchStream(tree(), patch({ '/q/r': '1', '/a': null, '/a/x': '2' })))).toEqual([
      '/=',
      '/a-b=',
      '/b=',
    ])
  })
  it('builds a tree out of the patch alone', async () => {
    expect(await read(patchStream(streamOf([]), patch({ '/': '', '/a': '1' })))).toEqual(['/=', '/a=1'])
  })
  it('keeps the last of several entries for one path', () => {
    expect(
      sortPatch([
        { path: '/a', znode: null },
        { path: '/a', znode: znode('/a') },
      ]),
    ).toHaveLength(1)
  })
  it('passes on what was unreadable', async () => {
    const unreadable = [{ path: '/s', reason: 'no-auth', message: 'no' } as const]
    const seen = []
    for await (const batch of patchStream(streamOf([znode('/')], unreadable), [])) seen.push(...batch.unreadable)
    expect(seen).toEqual(unreadable)
  })
})
