import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CancelledError } from '../../base/errors.ts'
import { baseOf, findCorpusSet, logOf, logsOf, readCorpusSnapshot } from '../../testing/corpus.ts'
import { create, deleteRecord, encodeLog, setDataRecord, type TxnSketch } from '../../testing/log-builder.ts'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { TxnLogError } from './errors.ts'
import type { LogSource } from './ports.ts'
import { HistoryReader } from './read-history.ts'
import { replayLog } from './replay.ts'

const at = (zxid: bigint, text = ''): TxnSketch => create(zxid, { path: `/n${zxid}`, data: text })
const range = (from: number, to: number, text = '') =>
  Array.from({ length: to - from + 1 }, (_, i) => at(BigInt(from + i), text))
const log = (from: number, sketches: readonly TxnSketch[]) => logOf(encodeLog(sketches), `log.${from.toString(16)}`)

async function read(logs: readonly LogSource[], after = 0n, to: bigint | null = null) {
  const reader = new HistoryReader(logs, { after, to })
  const zxids: number[] = []
  for await (const batch of reader.readEntries()) zxids.push(...batch.map((entry) => Number(entry.zxid)))
  return { zxids, reader, stop: reader.stop }
}

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

describe('several logs', () => {
  const logs = [log(1, range(1, 10)), log(11, range(11, 20)), log(21, range(21, 30))]

  test('are one history, from a snapshot on and up to a zxid', async () => {
    expect(await read(logs)).toMatchObject({ zxids: numbers(1, 30), stop: { kind: 'end' } })
    expect(await read(logs, 10n)).toMatchObject({ zxids: numbers(11, 30), stop: { kind: 'end' } })
    expect(await read(logs, 14n, 23n)).toMatchObject({ zxids: numbers(15, 23), stop: { kind: 'target' } })
    expect(await read(logs, 30n)).toMatchObject({ zxids: [], stop: { kind: 'end' } })
    expect(await read(logs, 5n, 5n)).toMatchObject({ zxids: [], stop: { kind: 'target' } })
    expect(await read(logs, 5n, 40n)).toMatchObject({ zxids: numbers(6, 30), stop: { kind: 'end' } })
  })

  test('a zxid between two epochs is covered by the first transaction of the later one', async () => {
    const epochs = [log(1, [at(0x100000001n), at(0x100000002n), at(0x200000001n)])]
    const between = await read(epochs, 0n, 0x1000000ffn)
    expect(between).toMatchObject({ stop: { kind: 'target' }, reader: { lastZxid: 0x100000002n } })
    expect(await read(epochs, 0n, 0x2000000ffn)).toMatchObject({ stop: { kind: 'end' } })
  })

  test('one that is missing is a gap, which ends what is given', async () => {
    expect(await read([logs[0]!, logs[2]!])).toMatchObject({
      zxids: numbers(1, 10),
      stop: { kind: 'gap', gap: { after: 10n, before: 21n }, file: 'log.15' },
    })
    expect(await read([logs[0]!, logs[2]!], 0n, 7n)).toMatchObject({ zxids: numbers(1, 7), stop: { kind: 'target' } })
    // Zxid 15 lies in the gap: nobody knows what it did.
    expect(await read([logs[0]!, logs[2]!], 0n, 15n)).toMatchObject({ stop: { kind: 'gap' } })
  })

  test('of several places: what one place has lost, an older log of another gives', async () => {
    const at = (place: string, source: LogSource) => ({ ...source, place })
    // The second place stopped at 14: its log begins nearest below 13, and does not reach on.
    const gathered = [at('a', log(1, range(1, 30))), at('b', log(12, range(12, 14))), at('a', log(31, range(31, 40)))]
    expect(await read(gathered, 12n)).toMatchObject({ zxids: numbers(13, 40), stop: { kind: 'end' } })
    expect(await read([at('a', log(1, range(1, 14))), at('b', log(10, range(10, 30)))], 2n)).toMatchObject({
      zxids: numbers(3, 30),
    })
    const foreign = [at('a', log(1, range(1, 30))), at('b', log(12, range(12, 14, 'other')))]
    expect(await read(foreign, 2n)).toMatchObject({ stop: { kind: 'damage', error: { code: 'FOREIGN_LOG' } } })
  })

  test('the first one after the snapshot that is missing is a gap too', async () => {
    expect(await read(logs.slice(1), 5n)).toMatchObject({ zxids: [], stop: { gap: { after: 5n, before: 11n } } })
  })

  test('a gap inside one log', async () => {
    const holed = log(1, [...range(1, 4), ...range(6, 9)])
    expect(await read([holed])).toMatchObject({ zxids: numbers(1, 4), stop: { gap: { after: 4n, before: 6n } } })
  })

  test('an error that carries the zxid before it again is none', async () => {
    const repeat = (zxid: bigint): TxnSketch => ({ type: -1, zxid, record: Buffer.from([255, 255, 255, 251]) })
    const repeated = log(1, [at(1n), at(2n), repeat(2n), repeat(2n), at(3n)])
    expect(await read([repeated])).toMatchObject({ zxids: [1, 2, 2, 2, 3], stop: { kind: 'end' } })
    const wrong = log(1, [at(1n), at(2n), at(2n, 'other')])
    expect(await read([wrong])).toMatchObject({ zxids: [1, 2], stop: { gap: { after: 2n, before: 2n } } })
  })
})

describe('copies that overlap', () => {
  test('are read once', async () => {
    const overlapping = [log(1, range(1, 20)), log(11, range(11, 30)), log(15, range(15, 22))]
    expect(await read(overlapping)).toMatchObject({ zxids: numbers(1, 30), stop: { kind: 'end' } })
    const sameName = [log(1, range(1, 5)), { ...log(1, range(1, 9)), name: 'log.1.copy' }]
    expect(await read(sameName)).toMatchObject({ zxids: numbers(1, 9), stop: { kind: 'end' } })
  })

  test('a multi with parts renamed in one of them is the same', async () => {
    const multi = (rest: string, session = 7n): TxnSketch => ({
      type: 14,
      zxid: 2n,
      session,
      record: Buffer.from(rest),
    })
    const streamed = [log(1, [...range(1, 1), multi('renamed'), ...range(3, 3)])]
    expect(await read([...streamed, log(2, [multi('good'), ...range(3, 4)])])).toMatchObject({
      zxids: numbers(1, 4),
      stop: { kind: 'end' },
    })
    const other = await read([...streamed, log(2, [multi('good', 8n), ...range(3, 4)])])
    expect(other.stop).toMatchObject({ kind: 'damage', error: { code: 'FOREIGN_LOG' } })
  })

  test('one that differs belongs to another database', async () => {
    const { zxids, stop } = await read([log(1, range(1, 20)), log(15, range(15, 30, 'other'))])
    expect(zxids).toEqual(numbers(1, 20))
    expect(stop).toMatchObject({ kind: 'damage', file: 'log.f', error: { code: 'FOREIGN_LOG' } })
  })
})

describe('damage', () => {
  const whole = encodeLog(range(1, 10))
  const damaged = (change: (bytes: Buffer) => Buffer | undefined) => {
    const bytes = Buffer.from(whole)
    return logOf(change(bytes) ?? bytes, 'log.1')
  }

  test('an entry that cannot be read ends the history behind the last that can', async () => {
    const flipped = damaged((bytes) => {
      bytes[bytes.length - 20]! ^= 1
      return undefined
    })
    expect(await read([flipped, log(11, range(11, 20))])).toMatchObject({
      zxids: numbers(1, 9),
      stop: { kind: 'damage', file: 'log.1', error: { code: 'CHECKSUM_MISMATCH' } },
    })
  })

  test('nothing is lost where another log goes on exactly there, or the snapshot is newer', async () => {
    const flipped = damaged((bytes) => {
      bytes[bytes.length - 20]! ^= 1
      return undefined
    })
    const { zxids, stop, reader } = await read([flipped, log(10, range(10, 20))])
    expect([zxids, stop]).toEqual([numbers(1, 20), { kind: 'end' }])
    expect(reader.passedOver).toMatchObject([{ file: 'log.1', error: { code: 'CHECKSUM_MISMATCH' } }])
    expect(await read([flipped, log(11, range(11, 20))], 10n)).toMatchObject({ zxids: numbers(11, 20) })
  })

  test('a torn end is told; what a restarted server wrote next goes on', async () => {
    const torn = damaged((bytes) => bytes.subarray(0, bytes.length - 3))
    const { zxids, stop, reader } = await read([torn, log(10, range(10, 12))])
    expect([zxids, stop]).toEqual([numbers(1, 12), { kind: 'end' }])
    expect(reader.torn).toMatchObject([{ file: 'log.1', tear: { kind: 'cut', dataBehind: false } }])
    expect(await read([torn, log(11, range(11, 12))])).toMatchObject({ stop: { gap: { after: 9n, before: 11n } } })
  })

  test('a check outside a multi is passed on and told', async () => {
    const check = log(1, [at(1n), { type: 13, zxid: 2n, record: setDataRecord('/x', null, 1) }, at(3n)])
    const plain = log(1, [at(1n), { type: 2, zxid: 2n, record: deleteRecord('/x') }, at(3n)])
    const { zxids, reader } = await read([check])
    expect([zxids, reader.bareChecks]).toEqual([[1, 2, 3], [2n]])
    expect((await read([plain])).reader.bareChecks).toEqual([])
  })
})

test('work ends when it is cancelled', async () => {
  const abort = new AbortController()
  const reader = new HistoryReader([log(1, range(1, 2500))], { after: 0n, to: null, signal: abort.signal })
  const all = (async () => {
    for await (const _ of reader.readEntries()) abort.abort()
  })()
  await expect(all).rejects.toBeInstanceOf(CancelledError)
})

test('one flipped bit or one cut in the logs: never another tree without a word', async () => {
  const random = new SeededRandom(Math.floor(performance.timeOrigin + performance.now()))
  const set = findCorpusSet('3.9.6')
  const snapshot = set.snapshots[2]!
  const base = await baseOf(readCorpusSnapshot(snapshot.file), snapshot.zxid)
  const sound = logsOf(set)
  const truth = new Map<bigint, bigint>()
  for (const [zxid, digest] of (
    await replayLog({
      base,
      digestsAt: new Set(Array.from({ length: 0x180 }, (_, i) => BigInt(i + 1))),
      readEntries: () => new HistoryReader(sound, { after: base.zxid, to: null }).readEntries(),
    })
  ).digests) {
    truth.set(zxid, digest)
  }
  for (let i = 0; i < 150; i++) {
    const number = 2 + random.below(3)
    const { file } = set.logs[number]!
    const bytes = Buffer.from(readFileSync(file))
    const content = 14_000
    const position = random.below(content)
    const isCut = random.chance(0.3)
    if (!isCut) bytes[position]! ^= 1 << random.below(8)
    const changed = isCut ? bytes.subarray(0, position) : bytes
    const place = `seed ${random.seed}, ${basename(file)}, byte ${position}, ${isCut ? 'cut' : 'flipped'}`
    const logs = sound.with(number, logOf(changed, basename(file)))
    const reader = () => new HistoryReader(logs, { after: base.zxid, to: null })
    const scan = reader()
    for await (const _ of scan.readEntries());
    const result = await replayLog({ base, readEntries: () => reader().readEntries() }).catch((error) => error)
    if (result instanceof Error) {
      expect(result, place).toBeInstanceOf(TxnLogError)
      continue
    }
    // As far as it came, it is the truth; and where it came less far, something says so.
    expect(result.treeDigest, place).toBe(result.zxid === base.zxid ? result.treeDigest : truth.get(result.zxid))
    expect(result.mismatches, place).toBe(0)
    if (result.zxid !== 0x180n)
      expect(scan.stop?.kind !== 'end' || scan.torn.length > 0 || (isCut && number === 4), place).toBe(true)
  }
})
