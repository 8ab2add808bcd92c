import { open } from 'node:fs/promises'
import { isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import { type WriteMeasure, WriteMeter } from '../../domain/retention/write-rate.ts'
import { LogReader } from '../../domain/txnlog/read-log.ts'
import { TXN_TYPE } from '../../domain/txnlog/txn.ts'
import { codeOf, type FileOnDisk } from './read-member-files.ts'

const CHUNK_BYTES = 1 << 20
/** More zeros in a row than any transaction of a server with the default limit holds: the padding has begun. */
const PADDING_BYTES = 2 << 20

export interface MeasuredLog {
  readonly name: string
  readonly txns: number
  readonly bytes: number
  readonly firstZxid: bigint
  readonly lastZxid: bigint
  readonly firstMs: number
  readonly lastMs: number
  /** False where the byte budget or a fault ended the reading: there is more in the log. */
  readonly isWhole: boolean
  /** A log that cannot be read on, in words. */
  readonly fault: string | null
}

export interface LogsMeasure {
  readonly total: WriteMeasure | null
  readonly byName: ReadonlyMap<string, MeasuredLog>
  /** The budget ended it before the oldest log. */
  readonly isPartial: boolean
}

/** Reads logs, newest first, up to a number of bytes, and counts what they hold by their own times. A log with faults is told, not thrown. */
export async function measureLogs(
  logs: readonly FileOnDisk[],
  options: { readonly bytesMax: number; readonly signal?: AbortSignal },
): Promise<LogsMeasure> {
  const meter = new WriteMeter()
  const byName = new Map<string, MeasuredLog>()
  const budget = { left: options.bytesMax }
  let isPartial = false
  for (const log of logs) {
    if (budget.left <= 0) {
      isPartial = true
      break
    }
    const measured = await measureLog(log, meter, budget, options.signal)
    if (measured === null) continue
    byName.set(log.file.name, measured)
    if (!measured.isWhole) isPartial = true
  }
  return { total: meter.measure(), byName, isPartial }
}

/** Null for a log without a transaction, or one that a purge took meanwhile. */
async function measureLog(
  log: FileOnDisk,
  meter: WriteMeter,
  budget: { left: number },
  signal: AbortSignal | undefined,
): Promise<MeasuredLog | null> {
  const cut = { byBudget: false }
  const reader = new LogReader(readUntilPadding(log.path, budget, cut, signal), { allowBareCheck: true, signal })
  const seen = { txns: 0, bytes: 0, first: 0n, last: 0n, firstMs: Number.POSITIVE_INFINITY, lastMs: 0 }
  let fault: string | null = null
  try {
    for await (const batch of reader.readEntries()) {
      for (const entry of batch) {
        const bytes = entry.frame.to - entry.frame.from
        const { timeMs, zxid } = entry
        meter.add({ timeMs, bytes, isChange: entry.type > 0 && entry.type !== TXN_TYPE.check })
        if (seen.txns === 0) seen.first = zxid
        seen.last = zxid
        seen.txns++
        seen.bytes += bytes
        seen.firstMs = Math.min(seen.firstMs, timeMs)
        seen.lastMs = Math.max(seen.lastMs, timeMs)
      }
    }
  } catch (error) {
    throwIfAborted(signal)
    const code = codeOf(error)
    if (code === 'ENOENT') return null
    if (isArkeeperError(error)) fault = error.message
    else if (code !== null) fault = `${log.path} cannot be read (${code})`
    else throw error
  } finally {
    await reader.close()
  }
  if (seen.txns === 0 && fault === null) return null
  return {
    name: log.file.name,
    txns: seen.txns,
    bytes: seen.bytes,
    firstZxid: seen.first,
    lastZxid: seen.last,
    firstMs: seen.firstMs,
    lastMs: seen.lastMs,
    isWhole: fault === null && !cut.byBudget,
    fault,
  }
}

/** The file's bytes up to where only zeros follow: a log may have 64 MiB of them that take no place on the disk. */
async function* readUntilPadding(
  path: string,
  budget: { left: number },
  cut: { byBudget: boolean },
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer, void, void> {
  const handle = await open(path, 'r')
  try {
    let zeros = 0
    for (let position = 0; ; ) {
      throwIfAborted(signal)
      if (budget.left <= 0) {
        cut.byBudget = true
        return
      }
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, position)
      if (bytesRead === 0) return
      const chunk = buffer.subarray(0, bytesRead)
      position += bytesRead
      zeros = isZero(chunk) ? zeros + bytesRead : 0
      if (zeros === 0) budget.left -= bytesRead
      yield chunk
      if (zeros >= PADDING_BYTES) return
    }
  } finally {
    await handle.close()
  }
}

const ZEROS = Buffer.alloc(CHUNK_BYTES)

function isZero(chunk: Buffer): boolean {
  return chunk.equals(ZEROS.subarray(0, chunk.length))
}
