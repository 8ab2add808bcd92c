import { mkdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { encodeSnapshot } from '../../domain/snapshot/write-snapshot.ts'
import { findCorpusSet, logOf } from '../../testing/corpus.ts'
import { create, encodeLog } from '../../testing/log-builder.ts'
import { buildTree, collectZnodes, streamOf } from '../../testing/znode-builder.ts'
import { TempStore } from './archive-builder.ts'
import { listMemberLogs } from './member-logs.ts'
import { listMemberSnapshots } from './moment-bases.ts'
import { openHistory } from './open-history.ts'
import type { BaseFile } from './store.ts'

let store: TempStore
beforeEach(async () => {
  store = await TempStore.create()
  await mkdir(store.dir, { recursive: true })
})
afterEach(() => store.remove())

const corpus = dirname(findCorpusSet('3.9.6').logs[0]!.file)
const place = (bases: readonly BaseFile[], logs: Parameters<typeof openHistory>[0]['logs']) => ({
  name: 'orders',
  logsName: 'orders',
  bases,
  logs,
})

async function baseAt(zxid: bigint, facts: Partial<BaseFile> = {}): Promise<BaseFile> {
  const path = join(store.dir, `snapshot.${zxid.toString(16)}`)
  await writeFile(path, await encodeSnapshot(streamOf(buildTree(['/a', '/b']))))
  return { name: basename(path), path, zxid, ...facts }
}

const logFrom = (from: number, to: number) =>
  logOf(
    encodeLog(Array.from({ length: to - from + 1 }, (_, i) => create(BigInt(from + i), { path: `/n${from + i}` }))),
    `log.${from.toString(16)}`,
  )

describe('bases of many places', () => {
  test('one that cannot tell kinds is believed where a digest proves them', async () => {
    const set = findCorpusSet('3.9.6')
    const bases = (await listMemberSnapshots(dirname(set.snapshots[0]!.file))).map((base) => ({
      ...base,
      kindsKnown: false,
    }))
    const tree = await openHistory(place(bases, await listMemberLogs(corpus)), { to: 0x180n })
    expect(tree.proof).toMatchObject({ zxid: 0x180n, exact: true, digest: { match: true }, kindsKnown: true })
    await tree.close()
  })

  test('and else its znodes are of unknown kind', async () => {
    const base = await baseAt(100n, { isExact: true, kindsKnown: false })
    const tree = await openHistory(place([base], [logFrom(101, 105)]), { to: 103n })
    expect(tree.proof).toMatchObject({ zxid: 103n, exact: true, digest: null, kindsKnown: false })
    const znodes = await collectZnodes(tree.readSubtree('/'))
    expect(znodes.find(({ path }) => path === '/a')?.kind).toBe('unknown')
    await tree.close()
  })

  test('one from which the logs do not lead on is passed over, wherever it stands in the order', async () => {
    // Tried first, and cut off by a gap; the last one lies behind it.
    const [early, late] = [await baseAt(100n), await baseAt(200n, { isExact: true })]
    const logs = [logFrom(101, 110), logFrom(150, 160), logFrom(201, 210)]
    const tree = await openHistory(place([early, late], logs), { to: 205n })
    expect(tree.proof).toMatchObject({ zxid: 205n, snapshot: { zxid: 200n }, applied: 5 })
    await tree.close()
    await expect(openHistory(place([early], logs), { to: 205n })).rejects.toMatchObject({
      code: 'LOG_GAP',
      details: { after: '0x6e', before: '0x96' },
    })
  })

  test('an exact one is its own moment without any log', async () => {
    const base = await baseAt(100n, { isExact: true })
    const tree = await openHistory(place([base], []), { to: 100n })
    expect(tree.proof).toMatchObject({ zxid: 100n, exact: true, applied: 0, digest: null })
    await tree.close()
    await expect(openHistory(place([base], []), { to: 99n })).rejects.toMatchObject({ code: 'SNAPSHOT_TOO_NEW' })
    await expect(openHistory(place([base], []), { to: 101n })).rejects.toMatchObject({ code: 'LOG_TOO_SHORT' })
  })
})
