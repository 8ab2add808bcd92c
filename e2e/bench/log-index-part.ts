import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createFileLogArchive } from '../../lib/adapters/archive/file-log-archive.ts'
import { decodeTxn } from '../../lib/domain/txnlog/decode-txn.ts'
import { TxnEntry } from '../../lib/domain/txnlog/entry.ts'
import { TXN_TYPE } from '../../lib/domain/txnlog/txn.ts'
import { listTouches } from '../../lib/domain/txnlog/visit-touched.ts'
import { encodeEntry } from '../../lib/testing/log-builder.ts'
import { SeededRandom } from '../../lib/testing/seeded-random.ts'
import type { Bench } from './native-parts.ts'

/** So many transactions for each znode of the largest size: 10,000,000 by default, over a tenth of that size in paths. */
const TRANSACTIONS_A_ZNODE = 10
const ZNODES_A_PATH = 10
const BATCH = 1000
const LOOKUPS = 200
/** Of the look-ups so many are of paths that no piece holds. */
const ABSENT_SHARE = 0.25
const PAGE = 20

export interface LogIndexInput {
  readonly dir: string
  readonly transactions: number
  readonly paths: number
}

/** `logindex`: what touched one znode, out of an archived transaction log. */
export async function benchLogIndex(bench: Bench, parentDir: string, size: number): Promise<void> {
  const dir = join(parentDir, 'logs')
  await mkdir(dir)
  const input = { dir, transactions: size * TRANSACTIONS_A_ZNODE, paths: Math.ceil(size / ZNODES_A_PATH) }
  const written = await bench.measure('log-write', { ...input })
  const found = await bench.measure('log-find', { ...input })
  const sorted = [...(found.times ?? [])].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
  const scanMs = (found.parts?.scan ?? 0) * 1000
  bench.print(
    `\n${input.transactions.toLocaleString('en')} transactions over ${input.paths.toLocaleString('en')} paths: ` +
      `archived, indexed and read back ${Math.round(written.znodes / written.seconds).toLocaleString('en')}/s, ` +
      `peak RSS ${Math.round(written.peakRssBytes / 2 ** 20)} MB`,
  )
  bench.print(
    `  the newest ${PAGE} that touched a path: median ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms, ` +
      `first ${(found.times?.[0] ?? 0).toFixed(1)} ms; peak RSS ${Math.round(found.peakRssBytes / 2 ** 20)} MB; ` +
      `scanning one piece takes ${(scanMs / at(0.5)).toFixed(1)} times as long`,
  )
}

export async function writeLogs({ dir, transactions, paths }: LogIndexInput): Promise<number> {
  await createFileLogArchive().append(dir, { entries: generate(transactions, paths), members: ['bench'] })
  return transactions
}

/** Milliseconds of each look-up, and seconds of decoding one piece. */
export async function findInLogs({ dir, paths }: LogIndexInput): Promise<{ times: number[]; scan: number }> {
  const random = new SeededRandom(7)
  const archive = createFileLogArchive()
  const times: number[] = []
  for (let i = 0; i < LOOKUPS; i++) {
    const isAbsent = random.next() < ABSENT_SHARE
    const number = random.below(paths)
    const path = isAbsent ? `/bench/absent-${number}` : pathOf(number)
    const since = performance.now()
    const { touches } = await archive.findTouches(dir, path, { limit: PAGE })
    times.push(performance.now() - since)
    if (touches.length > 0 === isAbsent) throw new Error(`${path}: ${touches.length} transactions were found`)
  }
  const [first] = (await archive.list(dir)).segments
  const since = performance.now()
  let touched = 0
  for await (const batch of archive.read(dir, first!)) {
    for (const entry of batch) touched += listTouches(decodeTxn(entry).txn).length
  }
  if (touched === 0) throw new Error('the piece that was scanned touches nothing')
  return { times, scan: (performance.now() - since) / 1000 }
}

const DIGITS = 7
const pathOf = (number: number) => `/bench/znode-${String(number).padStart(DIGITS, '0')}`

/** Copies of one setData entry, with another zxid, time and path: made faster than they are archived. */
async function* generate(transactions: number, paths: number): AsyncGenerator<readonly TxnEntry[]> {
  const random = new SeededRandom(3)
  const template = encodeEntry({
    type: TXN_TYPE.setData,
    zxid: 0n,
    digest: 0x1234_5678_9abcn,
    record: (writer) => {
      writer.string(pathOf(0))
      writer.buffer(Buffer.alloc(64, '{"host":"zk-1","port":2181,"weight":10}'))
      writer.int32(1)
    },
  })
  const digitsAt = template.indexOf(pathOf(0)) + pathOf(0).length - DIGITS
  for (let from = 0; from < transactions; from += BATCH) {
    const batch: TxnEntry[] = []
    for (let i = from; i < Math.min(from + BATCH, transactions); i++) {
      const bytes = Buffer.from(template)
      bytes.writeBigInt64BE(BigInt(i + 1), 12)
      bytes.writeBigInt64BE(BigInt(1_700_000_000_000 + i), 20)
      bytes.write(String(random.below(paths)).padStart(DIGITS, '0'), digitsAt, 'latin1')
      batch.push(TxnEntry.fromBytes(bytes))
    }
    yield batch
  }
}
