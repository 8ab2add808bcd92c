import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createEngineContext } from '../../testing/engine-context.ts'
import { create, encodeLog } from '../../testing/log-builder.ts'
import { archiveMemberLogs } from './archive-member-logs.ts'

let root = ''
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'arkeeper-member-logs-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

const FIRST = 0x1_0000_0000n
const SECOND = 0x2_0000_0000n

/** One file an epoch, as servers write them: the counters of epoch 1, then those of epoch 2. */
async function member(name: string, first: readonly number[], second: readonly number[] = []) {
  const dataLogDir = join(root, name)
  await mkdir(join(dataLogDir, 'version-2'), { recursive: true })
  for (const [epoch, counters] of [
    [FIRST, first],
    [SECOND, second],
  ] as const) {
    if (counters.length === 0) continue
    const zxids = counters.map((counter) => epoch + BigInt(counter))
    const log = encodeLog(zxids.map((zxid) => create(zxid, { path: `/z${zxid.toString(16)}` })))
    await writeFile(join(dataLogDir, 'version-2', `log.${zxids[0]!.toString(16)}`), log)
  }
  return { name, dataLogDir }
}

async function archived(members: Awaited<ReturnType<typeof member>>[], upTo: bigint): Promise<bigint[]> {
  const context = createEngineContext()
  const dir = join(root, 'archive')
  await archiveMemberLogs(context, { members, dir, upTo })
  const zxids: bigint[] = []
  for (const segment of (await context.archives.logs.list(dir)).segments) {
    for await (const batch of context.archives.logs.read(dir, segment)) zxids.push(...batch.map(({ zxid }) => zxid))
  }
  return zxids
}

const of = (epoch: bigint, ...counters: number[]) => counters.map((counter) => epoch + BigInt(counter))

it('leaves out what a failed leader proposed and the next epoch never had', async () => {
  const [a, b] = [await member('a', [1, 2, 3], [1, 2]), await member('b', [1, 2, 3], [1, 2])]
  const failed = await member('failed', [1, 2, 3, 4, 5])
  const expected = [...of(FIRST, 1, 2, 3), ...of(SECOND, 1, 2)]
  expect(await archived([a, b, failed], SECOND + 2n)).toEqual(expected)
})

it('waits with what only the failed leader holds while nobody has written in the new epoch', async () => {
  const failed = await member('failed', [1, 2, 3, 4, 5])
  const [a, b] = [await member('a', [1, 2, 3]), await member('b', [1, 2, 3])]
  expect(await archived([failed, a, b], SECOND)).toEqual(of(FIRST, 1, 2, 3))
  await member('a', [1, 2, 3], [1])
  expect(await archived([failed, a, b], SECOND + 1n)).toEqual([...of(FIRST, 1, 2, 3), ...of(SECOND, 1)])
})

it('takes everything of an epoch that one member holds longer, when the next epoch follows it there', async () => {
  const behind = await member('behind', [1, 2])
  const whole = await member('whole', [1, 2, 3, 4], [1])
  expect(await archived([behind, whole], SECOND + 1n)).toEqual([...of(FIRST, 1, 2, 3, 4), ...of(SECOND, 1)])
})

it('within one epoch goes up to what is committed, whoever holds it', async () => {
  const [short, long] = [await member('short', [1, 2]), await member('long', [1, 2, 3, 4, 5])]
  expect(await archived([short, long], FIRST + 4n)).toEqual(of(FIRST, 1, 2, 3, 4))
})
