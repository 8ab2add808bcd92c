import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { createFollowDir } from '../../lib/adapters/archive/live/follow-dir.ts'
import { LogAppender } from '../../lib/adapters/archive/live/log-appender.ts'
import { readLogBytes } from '../../lib/adapters/archive/log-file.ts'
import { readFileBytes } from '../../lib/adapters/archive/snapshot-file.ts'
import type { ByteWriter } from '../../lib/base/bytes.ts'
import { tightenHeap } from '../../lib/base/tighten-heap.ts'
import { SnapshotReader } from '../../lib/domain/snapshot/read-snapshot.ts'
import { TxnEntry } from '../../lib/domain/txnlog/entry.ts'
import type { BaseTree } from '../../lib/domain/txnlog/ports.ts'
import { LogReader } from '../../lib/domain/txnlog/read-log.ts'
import { replayLog } from '../../lib/domain/txnlog/replay.ts'
import { TXN_TYPE } from '../../lib/domain/txnlog/txn.ts'
import { encodeLogHead, frameEntry } from '../../lib/domain/txnlog/write-log.ts'
import type { EngineContext } from '../../lib/services/context.ts'
import { followStream } from '../../lib/services/engine/follow-stream.ts'
import { createRecord, deleteRecord, encodeEntry, setDataRecord } from '../../lib/testing/log-builder.ts'
import { scriptObserver } from '../../lib/testing/scripted-stream.ts'
import { SeededRandom } from '../../lib/testing/seeded-random.ts'
import type { Bench, TwoArchives } from './native-parts.ts'
import { snapshotIn } from './native-tasks.ts'
import type { Measure } from './tasks.ts'

const TRANSACTIONS = 400_000
const GROUP_ZNODES = 1000
const HOT_ZNODES = 500
const VALUE = 'x'.repeat(120)

export interface FollowInput {
  /** A plain snapshot, and a native log behind it. */
  readonly snapshot: string
  readonly zxid: string
  readonly log: string
  readonly out: string
  readonly size: number
  /** Of the writes of znodes that are there, so many are of any of them; the others of a few hundred. */
  readonly coldShare: number
}

/** `follow`: a stream of transactions decoded, applied, held against its digests and written, with new bases on the way. */
export async function benchFollow(bench: Bench, { dir, size, original, rounds }: TwoArchives): Promise<void> {
  const snapshot = join(dir, `followed-${size}`)
  await pipeline(createReadStream(snapshotIn(original, size)), createGunzip(), createWriteStream(snapshot))
  const zxid = `0x${(size + 10).toString(16)}`
  for (const [name, coldShare] of [
    ['mostly of the same znodes', 0.05],
    ['of any znode', 1],
  ] as const) {
    const input = { snapshot, zxid, log: join(dir, `stream-${size}-${coldShare}`), size, coldShare }
    await bench.measure('follow-log', input)
    const bare: Measure[] = []
    const follow: Measure[] = []
    for (let round = 0; round < rounds; round++) {
      const out = join(dir, `follow-${size}-${coldShare}-${round}`)
      bare.push(await bench.measure('follow-bare', { ...input, out: `${out}-bare` }))
      follow.push(await bench.measure('follow', { ...input, out }))
      await Promise.all([out, `${out}-bare`].map((made) => rm(made, { recursive: true })))
    }
    bench.report(`transactions ${name}, copied`, bare)
    bench.report(`transactions ${name}, followed`, follow, bare)
  }
}

/** Writes the log: with the digests that a server would have, so that every one is compared and agrees. */
export async function writeStream({ snapshot, zxid, log, size, coldShare }: FollowInput): Promise<number> {
  const entries = [...makeEntries(BigInt(zxid), size, coldShare)]
  const batches = portions(entries)
  const { digests } = await replayLog({
    base: baseOf(snapshot, BigInt(zxid), await readHead(snapshot)),
    digestsAt: new Set(entries.map((entry) => entry.zxid)),
    readEntries: async function* () {
      yield* batches
    },
  })
  for (const { buffer, end, zxid: at } of entries) buffer.writeBigUInt64BE(digests.get(at) ?? 0n, end - 8)
  await writeFile(log, Buffer.concat([encodeLogHead(), ...entries.map(({ buffer }) => frameEntry(buffer))]))
  return entries.length
}

/** The yardstick: the log read and written again, each checksum made anew. */
export async function copyStream({ log, out }: FollowInput): Promise<number> {
  await mkdir(out)
  const appender = new LogAppender(out)
  let copied = 0
  for await (const batch of new LogReader(readLogBytes(log)).readEntries()) {
    await appender.append(batch)
    copied += batch.length
  }
  await appender.roll()
  return copied
}

/** As the command does it, from the first transaction on: what comes before is the leader's tree, which another part measures. */
export async function followLog(
  { archives, clock }: EngineContext,
  { snapshot, zxid, log, out }: FollowInput,
): Promise<{ transactions: number; since: number; cpuSeconds: number }> {
  tightenHeap()
  const start = { kind: 'snapshot', zxid: BigInt(zxid), file: snapshot } as const
  let since = performance.now()
  let before = process.cpuUsage()
  const { proof, transactions } = await followStream(
    {
      observers: scriptObserver([{ start, live: () => new LogReader(readLogBytes(log)).readEntries() }]),
      liveTrees: archives.liveTrees,
      clock,
    },
    {
      target: { servers: [] },
      sink: createFollowDir(out),
      until: BigInt(zxid) + BigInt(TRANSACTIONS),
      retry: 'judged',
      onEvent: ({ kind }) => {
        if (kind !== 'synced') return
        since = performance.now()
        before = process.cpuUsage()
      },
    },
  )
  if (proof?.compared !== TRANSACTIONS || proof.parted !== null) throw new Error('the digests of the stream part')
  const { user, system } = process.cpuUsage(before)
  return { transactions, since, cpuSeconds: (user + system) / 1e6 }
}

function* makeEntries(after: bigint, size: number, coldShare: number): Generator<TxnEntry> {
  const random = new SeededRandom(5)
  // Less the wide parent, and the last group, which may be shorter.
  const groups = Math.max(1, Math.floor((size * 2) / 3 / (GROUP_ZNODES + 1)) - 1)
  const groupOf = (number: number) => `/bench/group-${String(number % groups).padStart(5, '0')}`
  const made: string[] = []
  const known = (number: number) => `${groupOf(number)}/znode-${String(number % GROUP_ZNODES).padStart(4, '0')}`
  for (let i = 1; i <= TRANSACTIONS; i++) {
    const what = random.next()
    let [type, record]: [number, (writer: ByteWriter) => void] = [TXN_TYPE.setData, () => undefined]
    if (what < 0.2) {
      const path = `${groupOf(random.below(groups))}/made-${i}`
      made.push(path)
      ;[type, record] = [TXN_TYPE.create, createRecord({ path, data: VALUE })]
    } else if (what < 0.35 && made.length > 0) {
      ;[type, record] = [TXN_TYPE.delete, deleteRecord(made.pop()!)]
    } else {
      const number = random.chance(coldShare) ? random.below(groups * GROUP_ZNODES) : random.below(HOT_ZNODES)
      record = setDataRecord(known(number), VALUE, i)
    }
    yield TxnEntry.fromBytes(encodeEntry({ type, zxid: after + BigInt(i), record, digest: 1n }))
  }
}

function portions(entries: readonly TxnEntry[]): (readonly TxnEntry[])[] {
  return Array.from({ length: Math.ceil(entries.length / 1000) }, (_, i) => entries.slice(i * 1000, (i + 1) * 1000))
}

async function readHead(file: string) {
  const reader = new SnapshotReader(readFileBytes(file))
  const head = await reader.readHead()
  await reader.close()
  return head
}

function baseOf(file: string, zxid: bigint, { sessions, acls }: Awaited<ReturnType<typeof readHead>>): BaseTree {
  return {
    zxid,
    windowEnd: zxid,
    digest: null,
    sessions,
    acls,
    visit: async (visitor) => {
      const reader = new SnapshotReader(readFileBytes(file), { order: 'path' })
      while (await reader.visitRecords(visitor));
      await reader.close()
    },
  }
}
