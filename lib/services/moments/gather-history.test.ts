import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { HistoryReader } from '../../domain/txnlog/read-history.ts'
import { createEngineContext } from '../../testing/engine-context.ts'
import { create, encodeLog } from '../../testing/log-builder.ts'
import { archiveMemberLogs } from '../engine/archive-member-logs.ts'
import { openFolder } from '../logs/cluster-logs.ts'
import { sourcesOf } from './gather-history.ts'

let root = ''
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'arkeeper-history-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

const context = createEngineContext()
const FIRST = 0x1_0000_0000n
const SECOND = 0x2_0000_0000n

async function member(name: string, logs: readonly (readonly bigint[])[]) {
  const dataLogDir = join(root, name)
  await mkdir(join(dataLogDir, 'version-2'), { recursive: true })
  for (const zxids of logs) {
    const log = encodeLog(zxids.map((zxid) => create(zxid, { path: `/z${zxid.toString(16)}` })))
    await writeFile(join(dataLogDir, 'version-2', `log.${zxids[0]!.toString(16)}`), log)
  }
  return { name, dataLogDir }
}

async function read(names: readonly string[], ends?: ReadonlyMap<bigint, bigint>): Promise<bigint[]> {
  const logDir = join(root, 'archive')
  const memberLogs = []
  for (const name of names) {
    const logs = await context.archives.logs.memberLogs(join(root, name))
    memberLogs.push(...logs.map((log) => ({ ...log, name: `${name}: ${log.name}`, place: `member ${name}` })))
  }
  const archived = await context.archives.logs.list(logDir)
  const tails = await context.archives.logs.tails(logDir)
  const heardTo = archived.segments.at(-1)?.last ?? null
  const reader = new HistoryReader(
    sourcesOf({ logs: openFolder(context, logDir, archived), archived, tails, heardTo, missed: [], memberLogs }, ends),
    {
      after: FIRST,
      to: SECOND + 3n,
    },
  )
  const zxids: bigint[] = []
  for await (const batch of reader.readEntries()) zxids.push(...batch.map(({ zxid }) => zxid))
  return zxids
}

const COMMITTED = [FIRST + 1n, FIRST + 2n, SECOND + 1n, SECOND + 2n, SECOND + 3n]

it('believes the archive where it goes on, not a member that an election left behind', async () => {
  const whole = await member('whole', [
    [FIRST + 1n, FIRST + 2n],
    [SECOND + 1n, SECOND + 2n],
  ])
  await archiveMemberLogs(context, { members: [whole], dir: join(root, 'archive'), upTo: SECOND + 2n })
  await member('failed', [[FIRST + 1n, FIRST + 2n, FIRST + 3n]])
  await member('whole', [
    [FIRST + 1n, FIRST + 2n],
    [SECOND + 1n, SECOND + 2n, SECOND + 3n],
  ])
  expect(await read(['failed', 'whole'])).toEqual(COMMITTED)
})

it('behind the archive goes up to the end of each epoch only', async () => {
  await member('failed', [[FIRST + 1n, FIRST + 2n, FIRST + 3n]])
  await member('whole', [
    [FIRST + 1n, FIRST + 2n],
    [SECOND + 1n, SECOND + 2n, SECOND + 3n],
  ])
  expect(await read(['failed', 'whole'], new Map([[1n, FIRST + 2n]]))).toEqual(COMMITTED)
})
