import { readFileSync } from 'node:fs'
import { copyFile, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TxnEntry } from '../../../domain/txnlog/entry.ts'
import { HistoryReader } from '../../../domain/txnlog/read-history.ts'
import type { Znode } from '../../../domain/znode/znode.ts'
import { findCorpusSet, logsOf, parseExpected, toExpectedNodes } from '../../../testing/corpus.ts'
import { collectZnodes } from '../../../testing/znode-builder.ts'
import { openPath } from '../open-path.ts'
import type { LiveBase, LiveTree } from './live-tree.ts'
import { createLiveTrees } from './open-live-tree.ts'

let dir = ''
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-live-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

async function entriesAfter(
  set: ReturnType<typeof findCorpusSet>,
  between: { after: bigint; to: bigint },
): Promise<TxnEntry[]> {
  const found: TxnEntry[] = []
  for await (const batch of new HistoryReader(logsOf(set), between).readEntries()) found.push(...batch)
  return found
}

async function treeOf(base: string): Promise<Znode[]> {
  const tree = await openPath(base)
  try {
    return await collectZnodes(tree.readSubtree('/', { includeSystem: true }))
  } finally {
    await tree.close()
  }
}

const kept = async (tree: LiveTree, name: string): Promise<LiveBase> => {
  let found: LiveBase | null = null
  await tree.rebase({
    keep: async (base) => {
      await copyFile(base.path, join(dir, name))
      found = base
    },
  })
  return found!
}

/** Each server overwrites it for itself, with a time of its own. */
const withoutConfig = (nodes: readonly unknown[]) =>
  nodes.filter((node) => (node as { path: string }).path !== '/zookeeper/config')

describe.each(['3.8.0', '3.9.6', '3.9.6-ensemble', '3.9.6-fuzzy'])('the stream of a server (%s)', (name) => {
  const set = findCorpusSet(name)
  const expected = parseExpected(readFileSync(set.expected.at(-1)!, 'utf8'))
  const below = set.snapshots.filter(({ zxid }) => zxid < expected.zxid)

  test.each(below.map(({ file, zxid }) => ({ file, zxid, named: basename(file) })))(
    'over $named leads to the tree that clients read, in any portions, with bases written on the way',
    async ({ file, zxid, named }) => {
      const entries = await entriesAfter(set, { after: zxid, to: expected.zxid })
      const tree = await createLiveTrees().open({ path: file, zxid, window: 'file', scratchDir: dir })
      try {
        for (let at = 0, size = 1; at < entries.length; at += size, size = (size * 5) % 37) {
          await tree.apply(entries.slice(at, at + size))
          if (size % 4 === 1) await tree.relieve()
          // Beside what is applied next.
          if (size % 3 === 0) {
            const rebasing = tree.rebase({})
            await tree.apply(entries.slice(at + size, at + size + 2))
            if (size % 2 === 0) await tree.relieve()
            await rebasing
          }
        }
        expect(tree.proof).toMatchObject({ parted: null, suspected: null, odd: 0, conflicts: 0 })
        expect(tree.proof.compared).toBeGreaterThan(0)
        const base = await kept(tree, `snapshot.${tree.zxid.toString(16)}-${named}`)
        const znodes = await treeOf(join(dir, `snapshot.${tree.zxid.toString(16)}-${named}`))
        expect(base.znodes).toBe(znodes.length)
        expect(tree.znodes).toBe(znodes.length)
        expect(tree.zxid).toBe(expected.zxid)
        if (expected.nodes.length > 0) {
          expect(withoutConfig(toExpectedNodes(znodes))).toEqual(withoutConfig(expected.nodes))
          const read = await tree.read(['/nope', ...znodes.map(({ path }) => path)])
          expect(read[0]).toBeNull()
          expect(toExpectedNodes(read.flatMap((znode) => znode ?? []))).toEqual(toExpectedNodes(znodes))
        } else expect(BigInt.asIntN(64, base.digest)).toBe(BigInt.asIntN(64, expected.digest))
      } finally {
        await tree.close()
      }
    },
  )
})

test('what was touched may be taken out of memory as often as one likes: runs become a base, and nothing is lost', async () => {
  const set = findCorpusSet('3.8.0')
  const expected = parseExpected(readFileSync(set.expected.at(-1)!, 'utf8'))
  const { file, zxid } = set.snapshots[0]!
  const entries = await entriesAfter(set, { after: zxid, to: expected.zxid })
  const tree = await createLiveTrees().open({ path: file, zxid, window: 'file', scratchDir: dir })
  try {
    const { baseBytes } = tree
    for (let at = 0; at < entries.length; at += 4) {
      await tree.apply(entries.slice(at, at + 4))
      await tree.relieve()
    }
    // More runs than are looked through: they were put into bases on the way.
    expect(tree.baseBytes).toBeGreaterThan(baseBytes)
    await kept(tree, 'relieved')
    expect(tree.proof).toMatchObject({ parted: null, suspected: null, conflicts: 0 })
    expect(toExpectedNodes(await treeOf(join(dir, 'relieved')))).toEqual(expected.nodes)
  } finally {
    await tree.close()
  }
  expect((await readdir(dir)).filter((name) => name.startsWith('.tmp-'))).toEqual([])
})
