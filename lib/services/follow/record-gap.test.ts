import { afterEach, beforeEach, expect, test } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import { addStreamBase, appendLog, type KeptCluster, zxidRange } from '../../testing/kept-logs.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addTestPeople } from '../../testing/work-off-jobs.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { logFolder } from '../logs/log-folder.ts'
import { pruneBases } from '../logs/prune-bases.ts'
import { getTimeTravel } from '../moments/get-time-travel.ts'
import { momentReadersOf } from '../moments/open-moment.ts'
import { listFollowGaps } from './list-follow-gaps.ts'
import { recordGap } from './record-gap.ts'

const ELECTED = 1n << 32n

let services: TestServices
let admin: ServiceContext
let cluster: KeptCluster
beforeEach(async () => {
  services = await createTestServices({ archives: (keys) => createFileArchives({ keys }) })
  await addTestPeople(services)
  admin = services.contextFor('admin')
  cluster = await addCluster(admin, { name: 'orders', connectString: '127.0.0.1:1' })
  // Of what was written in between nothing was heard; the numbers go on with those of the next epoch.
  await addStreamBase(admin, cluster, 0x9fn)
  await appendLog(admin, cluster, [...zxidRange(0xa0n, 0xb0n), ...zxidRange(ELECTED + 1n, ELECTED + 9n)])
})
afterEach(() => services.close())

const missEnd = () =>
  recordGap(
    admin,
    { cluster, logDir: logFolder(admin, cluster.name) },
    { from: 0xb1n, to: ELECTED, why: 'forgotten', isCertain: true, atMs: admin.clock.now(), fromAt: null },
  )

async function travel(zxid: string) {
  const { moment, line } = await getTimeTravel(admin, { clusterId: cluster.id, at: '', zxid })
  await momentReadersOf(admin.archives).dropAll()
  return { moment, ranges: line.ranges.map(({ from, to, unreachable }) => [from, to, unreachable === null]) }
}

test('what an epoch lost at its end is a gap though no number is missing, and no moment is told across it', async () => {
  expect(await travel('0x100000003')).toMatchObject({ moment: { kind: 'ready' } })
  await missEnd()
  expect(await listFollowGaps(admin, cluster.id)).toMatchObject([{ from: '0xb1', isCertain: true, closedAt: null }])
  expect(await travel('0xb0')).toMatchObject({
    moment: { kind: 'ready' },
    ranges: [
      ['0x9f', '0xb0', true],
      ['0xb1', '0x100000009', false],
    ],
  })
  expect((await travel('0x100000003')).moment).not.toMatchObject({ kind: 'ready' })
  await addStreamBase(admin, cluster, ELECTED + 2n)
  expect(await travel('0x100000003')).toMatchObject({ moment: { kind: 'ready', proof: { applied: 1 } } })
})

test('the first base behind it stays, and the first of the logs, whatever lies before them', async () => {
  await missEnd()
  for (const zxid of [0x30n, ELECTED + 2n, ELECTED + 5n, ELECTED + 9n]) await addStreamBase(admin, cluster, zxid)
  await pruneBases(admin, cluster)
  const kept = await admin.archives.logs.bases(logFolder(admin, 'orders'))
  expect(kept.map(({ zxid }) => zxid)).toEqual([ELECTED + 9n, ELECTED + 2n, 0x9fn])
})

test('a base that does not lead to the logs takes the place of none that does', async () => {
  for (const zxid of [0xa4n, 0xb0n]) await addStreamBase(admin, cluster, zxid)
  await admin.archives.logs.removeBases(
    logFolder(admin, 'orders'),
    (await admin.archives.logs.bases(logFolder(admin, 'orders'))).filter(({ zxid }) => zxid === 0x9fn),
  )
  await addStreamBase(admin, cluster, 0x30n)
  await pruneBases(admin, cluster)
  const kept = await admin.archives.logs.bases(logFolder(admin, 'orders'))
  expect(kept.map(({ zxid }) => zxid)).toEqual([0xb0n, 0xa4n, 0x30n])
})
