import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import type { TxnEntry } from '../../domain/txnlog/entry.ts'
import { HistoryReader } from '../../domain/txnlog/read-history.ts'
import { findCorpusSet, logsOf } from '../../testing/corpus.ts'
import { type SessionScript, scriptObserver } from '../../testing/scripted-stream.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { followStream } from '../engine/follow-stream.ts'
import { logFolder } from '../logs/log-folder.ts'
import { FollowRuns } from './follow-runs.ts'
import { getFollow } from './get-follow.ts'
import { assertOurs, assertRolledBack } from './same-ensemble.ts'
import { setFollow } from './set-follow.ts'

vi.setConfig({ testTimeout: 30_000 })

let services: TestServices
let clusterId = ''
beforeEach(async () => {
  services = await createTestServices({ archives: (keys) => createFileArchives({ keys }) })
  ;({ id: clusterId } = await addCluster(admin(), { name: 'orders', connectString: 'zk1:2181' }))
})
afterEach(() => services.close())

const admin = () => services.contextFor('admin')
/** Clients of the cluster know all up to there. */
const contextAt = (committed: bigint): ServiceContext => {
  const borrow = async () => ({ sync: async () => committed })
  return { ...admin(), sessions: { ...admin().sessions, borrow: borrow as never } }
}

test.each([
  ['what clients know, too', 0x100000010n, 0x100000020n, 0x100000020n, true],
  ['an election while it was asked', 0x100000010n, 0x100000020n, 0x200000001n, true],
  ['five elections while nobody listened', 0x100000010n, 0x600000020n, 0x600000021n, true],
  ['elections after which nothing was written', 0x100000010n, 0x100000010n, 0x100000010n, true],
  ['more than clients know', 0x100000020n, 0x100000020n, 0x100000010n, false],
  ['an old ensemble that leads on alone', 0x100000010n, 0x100000020n, 0x600000021n, false],
  ['a new beginning', 0x10n, null, 0x600000021n, false],
])('hears %s', async (_what, heard, named, committed, isOurs) => {
  const asked = assertOurs(contextAt(committed), clusterId, { heard, named })
  if (isOurs) await asked
  else await expect(asked).rejects.toMatchObject({ code: 'WRONG_STATE' })
})

test.each([
  ['has it no more', 0x200000008n, null],
  ['still has it', 0x200000010n, /lead to another ensemble/],
  ['has more in the same epoch', 0x200000018n, /was put back to an older state, or/],
  ['went on in another epoch, as after a restore', 0x300000005n, /was put back to an older state, or/],
])('of what is kept nothing is taken back unless the cluster itself %s', async (_what, committed, refusal) => {
  const asked = assertRolledBack(contextAt(committed), clusterId, 0x200000010n)
  if (refusal === null) await asked
  else await expect(asked).rejects.toMatchObject({ code: 'WRONG_STATE', message: expect.stringMatching(refusal) })
})

/** One session of a stream, until the row says what is expected of it. */
async function follow(session: SessionScript, committed: bigint, expected: object) {
  const runs = new FollowRuns('w1', { follow: followStream, wait: async () => void (await turn()) })
  const observers = scriptObserver([{ ...session, end: 'stays' }])
  await runs.runDue({ ...contextAt(committed), observers })
  await vi.waitFor(
    async () => expect(await services.database.client.clusterFollow.findFirst()).toMatchObject(expected),
    { timeout: 20_000, interval: 20 },
  )
  await runs.end()
  return observers.asked
}

async function readHistory() {
  const set = findCorpusSet('3.8.0')
  const first = set.snapshots[1]!
  const history: TxnEntry[] = []
  const reader = new HistoryReader(logsOf(set), { after: first.zxid, to: 0xb0n })
  for await (const batch of reader.readEntries()) history.push(...batch)
  const between = (after: bigint, to: bigint) => history.filter(({ zxid }) => zxid > after && zxid <= to)
  return { first, between }
}

const ON = { enabled: true, quorumServers: 'zk1:2888', understood: true, baseHours: 1 }

test('a stream that goes on behind many elections is taken for what it is', async () => {
  const { first, between } = await readHistory()
  const [middle, end] = [0x90n, 0xb0n]
  await setFollow(admin(), { clusterId, ...ON })
  const { zxid, file } = first
  const kept = { lastZxid: middle, baseZxid: expect.anything() }
  await follow({ start: { kind: 'snapshot', zxid, file }, before: [between(zxid, middle)] }, end, kept)
  const start = { kind: 'diff', zxid: 0x500000000n } as const
  const heard = { lastZxid: end, state: 'following', error: {} }
  await follow({ start, before: [between(middle, end)] }, 0x500000003n, heard)
})

test('an ensemble that was put back is followed behind a gap once somebody says so', async () => {
  const { first, between } = await readHistory()
  const [end, committed] = [0x90n, 0x500000003n]
  const { zxid, file } = first
  await setFollow(admin(), { clusterId, ...ON })
  const kept = { lastZxid: end, baseZxid: end }
  await follow({ start: { kind: 'snapshot', zxid, file }, before: [between(zxid, end)] }, end, kept)
  const denied = { state: 'refused', deniedZxid: end, error: { message: expect.stringContaining('put back') } }
  await follow({ start: { kind: 'truncate', zxid: 0x80n }, epoch: 5n }, committed, denied)
  expect(await getFollow(admin(), clusterId)).toMatchObject({ denied: '0x90', gaps: [] })
  await expect(setFollow(admin(), { clusterId, ...ON, restoredBehind: '0x8f' })).rejects.toMatchObject({
    code: 'WRONG_STATE',
  })

  await setFollow(admin(), { clusterId, ...ON, restoredBehind: '0x90' })
  const anew = { kind: 'snapshot', zxid: committed, file } as const
  const goesOn = { state: 'following', error: {}, baseZxid: committed, deniedZxid: null }
  expect(await follow({ start: anew }, committed, goesOn)).toEqual([0n])
  const { denied: none, gaps } = await getFollow(admin(), clusterId)
  expect(none).toBeNull()
  expect(gaps).toEqual([expect.objectContaining({ from: '0x91', to: '0x500000003', isCertain: true, closedAt: null })])
  const logDir = logFolder(admin(), 'orders')
  const { segments } = await admin().archives.logs.list(logDir)
  expect(segments.at(-1)).toMatchObject({ last: end })
})
