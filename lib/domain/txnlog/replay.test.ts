import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  baseOf,
  findCorpusSet,
  logOf,
  logsOf,
  parseExpected,
  readCorpusSnapshot,
  toExpectedNodes,
} from '../../testing/corpus.ts'
import { collectZnodes, streamOf } from '../../testing/znode-builder.ts'
import { SnapshotReader } from '../snapshot/read-snapshot.ts'
import { encodeSnapshot } from '../snapshot/write-snapshot.ts'
import { comparePaths } from '../znode/order.ts'
import { patchStream } from '../znode/patch-stream.ts'
import type { Znode } from '../znode/znode.ts'
import type { BaseTree, LogSource } from './ports.ts'
import { findZxidAtTime, HistoryReader } from './read-history.ts'
import { replayLog } from './replay.ts'

const SETS = ['3.8.0', '3.9.6', '3.9.6-ensemble'] as const

async function replayTo(base: BaseTree, logs: readonly LogSource[], to: bigint | null) {
  const result = await replayLog({
    base,
    readEntries: () => new HistoryReader(logs, { after: base.zxid, to }).readEntries(),
  })
  return result
}

async function znodesOf(bytes: Buffer): Promise<Znode[]> {
  async function* once() {
    yield bytes
  }
  const znodes = await collectZnodes(new SnapshotReader(once()).readZnodes())
  return znodes.sort((a, b) => comparePaths(a.path, b.path))
}

const cases = SETS.flatMap((set) => {
  const { snapshots, expected } = findCorpusSet(set)
  return snapshots.flatMap((snapshot) =>
    expected
      .map((file) => ({ set, snapshot, file, zxid: parseExpected(readFileSync(file, 'utf8')).zxid }))
      .filter(({ zxid }) => zxid >= snapshot.zxid),
  )
})

/** The server sets it from its own clock at its start. */
const isConfig = (node: { path?: string }) => node.path === '/zookeeper/config'

describe('from every snapshot to every state that a client read', () => {
  test('there are enough of them', () => expect(cases.length).toBeGreaterThan(20))

  test.each(cases)('$set: $snapshot.zxid to $zxid', async ({ set, snapshot, file, zxid }) => {
    const bytes = readCorpusSnapshot(snapshot.file)
    const base = await baseOf(bytes, snapshot.zxid)
    const expected = parseExpected(readFileSync(file, 'utf8'))
    const result = await replayTo(base, logsOf(findCorpusSet(set)), zxid)
    expect(result).toMatchObject({
      zxid,
      treeDigest: expected.digest,
      mismatches: 0,
      firstMismatch: null,
      conflicts: { outside: { exists: 0, missing: 0 }, firstOutside: null },
    })
    // No error in between carries a digest, everything else does.
    expect(result.compared).toBeGreaterThanOrEqual(result.applied * 0.8 - 1)
    if (result.digest) expect(result.digest).toMatchObject({ match: true, computed: expected.digest })
    const znodes = await collectZnodes(patchStream(streamOf(await znodesOf(bytes)), result.patch))
    const skip = set === '3.9.6-ensemble' ? isConfig : () => false
    const found = toExpectedNodes(znodes)
    expect(found.filter((node) => !skip(node))).toEqual(
      expected.nodes.filter((node) => !skip(node as { path: string })),
    )
    expect(found.filter(skip).length).toBe(expected.nodes.filter((node) => skip(node as { path: string })).length)
  })
})

describe('a fuzzy snapshot', () => {
  const set = findCorpusSet('3.9.6-fuzzy')
  const expected = JSON.parse(readFileSync(set.expected[0]!, 'utf8'))
  const load = () => baseOf(readCorpusSnapshot(set.snapshots[0]!.file), set.snapshots[0]!.zxid)

  test('becomes the true tree at the end of its window, and stays it at every entry behind', async () => {
    const base = await load()
    expect([base.zxid, base.windowEnd]).toEqual([0x78dn, 0x7cdn])
    const atEnd = await replayTo(base, logsOf(set), 0x7cdn)
    expect(atEnd.digest).toEqual({
      zxid: 0x7cdn,
      computed: BigInt(expected.digestInLogAtLastProcessedZxid),
      expected: BigInt(expected.digestInSnapshotBlock),
      match: true,
    })
    const whole = await replayTo(base, logsOf(set), null)
    expect(whole).toMatchObject({
      zxid: 0x84cn,
      treeDigest: BigInt(expected.digest),
      mismatches: 0,
      applied: 0x84c - 0x78d,
    })
    expect(whole.conflicts).toEqual({
      inside: { exists: expected.replayNodeExists, missing: expected.replayNoNode },
      outside: { exists: 0, missing: 0 },
      firstOutside: null,
    })
  })

  test('proves nothing before', async () => {
    const result = await replayTo(await load(), logsOf(set), 0x7c0n)
    expect(result.digest).toBeNull()
    expect(result.treeDigest).not.toBe(BigInt(expected.digestInSnapshotBlock))
  })
})

describe('a snapshot of a running server that holds something of the transaction behind the end of its window', () => {
  const set = findCorpusSet('3.9.6')
  const start = readCorpusSnapshot(set.snapshots[1]!.file)

  /** The tree after `holds`, in a file that says `says`. */
  async function edgeBase(holds: bigint, says: bigint): Promise<BaseTree> {
    const from = await baseOf(start, set.snapshots[1]!.zxid)
    const ahead = await replayTo(from, logsOf(set), holds)
    const written = await encodeSnapshot(patchStream(streamOf(await znodesOf(start)), ahead.patch), {
      sessions: ahead.sessions,
    })
    const digest = (await replayTo(from, logsOf(set), says)).treeDigest
    return { ...(await baseOf(written, says)), windowEnd: says, digest: { zxid: says, value: digest } }
  }

  test('is found right by the digest of that transaction, and proves nothing of the state before it', async () => {
    const base = await edgeBase(0x91n, 0x90n)
    const atEdge = await replayTo(base, logsOf(set), 0x90n)
    expect(atEdge).toMatchObject({ mismatches: 1, firstMismatch: 0x90n, digest: { match: false } })
    const whole = await replayTo(base, logsOf(set), null)
    expect(whole).toMatchObject({ zxid: 0x180n, mismatches: 0, firstMismatch: null, digest: { match: true } })
  })

  test('is not excused when it holds more than that', async () => {
    const whole = await replayTo(await edgeBase(0x93n, 0x90n), logsOf(set), null)
    expect(whole.mismatches).toBeGreaterThan(1)
    expect(whole.firstMismatch).toBe(0x90n)
  })
})

describe('points in time', () => {
  const set = findCorpusSet('3.9.6')

  test('every zxid has the digest that the log says, from every snapshot', async () => {
    const asked = new Set(Array.from({ length: 0x180 }, (_, i) => BigInt(i + 1)))
    const base = await baseOf(readCorpusSnapshot(set.snapshots[0]!.file), 0n)
    const digestsAt = async (from: BaseTree) =>
      (
        await replayLog({
          base: from,
          digestsAt: asked,
          readEntries: () => new HistoryReader(logsOf(set), { after: from.zxid, to: null }).readEntries(),
        })
      ).digests
    const all = await digestsAt(base)
    expect(all.size).toBe(0x180)
    for (const { file, zxid } of set.snapshots.slice(1)) {
      const some = await digestsAt(await baseOf(readCorpusSnapshot(file), zxid))
      expect(some.size).toBe(Number(0x180n - zxid))
      for (const [at, digest] of some) expect(digest, `${at} from ${zxid}`).toBe(all.get(at))
    }
  })

  test('what is written from a replay loads again and goes on to the same end', async () => {
    const start = readCorpusSnapshot(set.snapshots[1]!.file)
    const half = await replayTo(await baseOf(start, set.snapshots[1]!.zxid), logsOf(set), 0x90n)
    const written = await encodeSnapshot(patchStream(streamOf(await znodesOf(start)), half.patch), {
      sessions: half.sessions,
    })
    const rest = await replayTo(await baseOf(written, 0x90n), logsOf(set), null)
    expect(rest).toMatchObject({ zxid: 0x180n, mismatches: 0, firstMismatch: null, digest: { match: true } })
  })

  test('sessions come and go with the log', async () => {
    const at = async (file: string, zxid: bigint, to: bigint) =>
      (await replayTo(await baseOf(readCorpusSnapshot(file), zxid), logsOf(set), to)).sessions
    const stored = await baseOf(readCorpusSnapshot(set.snapshots[4]!.file), set.snapshots[4]!.zxid)
    const replayed = await at(set.snapshots[0]!.file, 0n, set.snapshots[4]!.zxid)
    expect(stored.sessions.size).toBeGreaterThan(0)
    expect(replayed).toEqual(stored.sessions)
  })

  test('the last transaction at or before a time', async () => {
    const entries = () => new HistoryReader(logsOf(set), { after: 0n, to: null }).readEntries()
    const times: { zxid: bigint; timeMs: number }[] = []
    for await (const batch of entries()) times.push(...batch.map(({ zxid, timeMs }) => ({ zxid, timeMs })))
    const [first, last] = [times[0]!, times.at(-1)!]
    expect(await findZxidAtTime(entries(), first.timeMs - 1)).toBeNull()
    expect(await findZxidAtTime(entries(), last.timeMs)).toBe(0x180n)
    const middle = times[200]!
    const found = await findZxidAtTime(entries(), middle.timeMs)
    expect(times.findLast(({ timeMs }) => timeMs <= middle.timeMs)?.zxid).toBe(found)
  })
})

describe('what does not fit', () => {
  const set = findCorpusSet('3.9.6')

  test("another server's log over this snapshot parts from its digests at the first entry", async () => {
    const other = logsOf(findCorpusSet('3.8.0'))
    const base = await baseOf(readCorpusSnapshot(set.snapshots[3]!.file), 0x100n)
    expect(base.windowEnd).toBe(0x100n)
    const result = await replayTo(base, other, null)
    expect(result.firstMismatch).toBe(0x101n)
    expect(result.digest).toMatchObject({ match: false })
  })

  test('a history that skipped something parts where it did, even where numbers cannot tell', async () => {
    const base = await baseOf(readCorpusSnapshot(set.snapshots[0]!.file), 0n)
    const logs = logsOf(set)
    const result = await replayLog({
      base,
      readEntries: async function* () {
        for await (const batch of new HistoryReader(logs, { after: 0n, to: null }).readEntries()) {
          yield batch.filter((entry) => entry.zxid !== 0x20n)
        }
      },
    })
    expect(result.firstMismatch).toBe(0x21n)
  })

  test('logs that change between the passes are refused', async () => {
    const base = await baseOf(readCorpusSnapshot(set.snapshots[0]!.file), 0n)
    let pass = 0
    const readEntries = () =>
      new HistoryReader(logsOf(set), { after: 0n, to: pass++ === 0 ? 0x40n : 0x50n }).readEntries()
    await expect(replayLog({ base, readEntries })).rejects.toMatchObject({ code: 'LOG_CHANGED' })
  })
})

test('the names of logs are free: a history is found in any order of files', async () => {
  const set = findCorpusSet('3.9.6')
  const logs = logsOf(set).reverse()
  const reader = new HistoryReader(logs, { after: 0n, to: null })
  let count = 0
  for await (const batch of reader.readEntries()) count += batch.length
  expect([count, reader.lastZxid, reader.stop]).toEqual([0x180, 0x180n, { kind: 'end' }])
  expect(logOf(Buffer.alloc(0), basename(set.logs[0]!.file)).zxid).toBe(1n)
})
