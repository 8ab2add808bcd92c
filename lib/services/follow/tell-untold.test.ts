import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import type { FollowHolding, FollowSink } from '../../adapters/archive/live/follow-sink.ts'
import type { TxnEntry } from '../../domain/txnlog/entry.ts'
import { HistoryReader } from '../../domain/txnlog/read-history.ts'
import { findCorpusSet, logsOf } from '../../testing/corpus.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import { FollowReport } from './follow-report.ts'
import { setFollow } from './set-follow.ts'
import { tellingUntold } from './tell-untold.ts'

vi.setConfig({ testTimeout: 30_000 })

const SET = findCorpusSet('3.8.0')
const FIRST = SET.snapshots[1]!.zxid
const [TOLD, END] = [0xa0n, 0xb0n]

const history: TxnEntry[] = []
beforeAll(async () => {
  const reader = new HistoryReader(logsOf(SET), { after: FIRST, to: 0xd0n })
  for await (const batch of reader.readEntries()) history.push(...batch)
})
const between = (after: bigint, to: bigint) => history.filter(({ zxid }) => zxid > after && zxid <= to)

let services: TestServices
let clusterId = ''
beforeEach(async () => {
  services = await createTestServices({ archives: (keys) => createFileArchives({ keys }) })
  const admin = services.contextFor('admin')
  ;({ id: clusterId } = await addCluster(admin, { name: 'orders', connectString: 'zk1:2181' }))
  await setFollow(admin, { clusterId, enabled: true, quorumServers: 'zk1:2888', understood: true, baseHours: 1 })
})
afterEach(() => services.close())

const row = () => services.database.client.clusterFollow.findUniqueOrThrow({ where: { clusterId } })
const ring = async () => {
  const chunks = await services.database.client.followChunk.findMany({ orderBy: { fromZxid: 'asc' } })
  return chunks.map(({ fromZxid, toZxid, transactions }) => [fromZxid, toZxid, transactions])
}

/** What the next holder of the stream begins with. */
async function begin(owner: string) {
  const { client } = services.database
  const { fence, revision } = await client.clusterFollow.update({
    where: { clusterId },
    data: { leaseOwner: owner, fence: { increment: 1 } },
  })
  const told = await client.followChunk.aggregate({ where: { clusterId }, _max: { toZxid: true } })
  const upTo = { toldUpTo: told._max.toZxid, countedUpTo: (await row()).lastZxid }
  const heard: bigint[] = []
  const listener = {
    add: (entries: readonly TxnEntry[]) => void heard.push(...entries.map(({ zxid }) => zxid)),
    flush: async () => undefined,
  }
  const context = services.contextFor('admin')
  const claim = { clusterId, owner, fence, revision, lagMsMax: 5_000, ...upTo }
  return { context, heard, report: new FollowReport(context, claim, [listener]) }
}

const sinkWith = (last: bigint | null) =>
  ({
    scratchDir: '',
    open: async (): Promise<FollowHolding> => ({ last, bases: [], logs: logsUpTo(last), gaps: 0 }),
  }) as FollowSink

/** As what a killed process has left: nothing behind it. */
const logsUpTo = (last: bigint | null) =>
  logsOf(SET).map((log) => ({
    ...log,
    open: async function* () {
      const whole: Buffer[] = []
      for await (const part of log.open()) whole.push(Buffer.from(part))
      const end = history.find(({ zxid }) => zxid > (last ?? 0n))
      yield Buffer.concat(whole).subarray(0, end?.frame.from)
    },
  }))

test('what a killed worker had kept and not told is told by the next, once, to whoever is to know', async () => {
  const killed = await begin('w1')
  killed.report.onWritten(between(FIRST, TOLD), 1)
  expect(await killed.report.write()).toBe(true)
  // In the log when it is killed, and in nobody's book.
  killed.report.onWritten(between(TOLD, END), 2)

  const next = await begin('w2')
  await tellingUntold(sinkWith(END), next.report, next.context).open()
  expect(next.report.lastTxnAt?.getTime()).toBe(between(TOLD, END).at(-1)?.timeMs)
  next.report.onWritten(between(END, 0xc0n), 3)
  expect(await next.report.write()).toBe(true)
  expect(next.heard).toEqual(between(TOLD, 0xc0n).map(({ zxid }) => zxid))
  expect(await ring()).toEqual([
    [between(FIRST, TOLD)[0]?.zxid, TOLD, between(FIRST, TOLD).length],
    [TOLD + 1n, 0xc0n, between(TOLD, 0xc0n).length],
  ])
  expect(await row()).toMatchObject({ transactions: BigInt(between(FIRST, 0xc0n).length), lastZxid: 0xc0n })
  // The one that was killed is not the holder any more.
  expect(await killed.report.write()).toBe(false)
  expect(await ring()).toHaveLength(2)
})

test('what a machine lost comes from the leader again, and is not told twice', async () => {
  const down = await begin('w1')
  down.report.onWritten(between(FIRST, END), 1)
  await down.report.write()
  const next = await begin('w2')
  await tellingUntold(sinkWith(TOLD), next.report, next.context).open()
  next.report.onWritten(between(TOLD, 0xc0n), 2)
  await next.report.write()
  expect(next.heard).toEqual(between(END, 0xc0n).map(({ zxid }) => zxid))
  expect((await ring()).at(-1)).toEqual([END + 1n, 0xc0n, between(END, 0xc0n).length])
  expect(await row()).toMatchObject({ transactions: BigInt(between(FIRST, 0xc0n).length) })
})

test('what the ensemble has taken back is taken out, and its numbers may come again', async () => {
  const first = await begin('w1')
  first.report.onWritten(between(FIRST, TOLD), 1)
  await first.report.write()
  first.report.onWritten(between(TOLD, END), 1)
  await first.report.write()
  const next = await begin('w2')
  next.report.onWritten(between(END, 0xc0n), 2)
  await next.report.takeBack(TOLD)
  expect((await ring()).at(-1)?.[1]).toBe(TOLD)
  next.report.onWritten(between(TOLD, END), 3)
  await next.report.write()
  expect((await ring()).map(([, to]) => to)).toEqual([TOLD, END])
})

test('a ring that the database did not take is offered again whole', async () => {
  const { report } = await begin('w1')
  report.onWritten(between(FIRST, TOLD), 1)
  await services.database.tamper('ALTER TABLE "FollowChunk" RENAME TO "Elsewhere"')
  await expect(report.write()).rejects.toThrow()
  await services.database.tamper('ALTER TABLE "Elsewhere" RENAME TO "FollowChunk"')
  report.onWritten(between(TOLD, END), 2)
  await report.write()
  report.onWritten(between(END, 0xc0n), 3)
  await report.write()
  expect((await ring()).reduce((sum, [, , count]) => sum + Number(count), 0)).toBe(between(FIRST, 0xc0n).length)
})
