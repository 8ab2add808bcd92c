import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { stringifyJson } from '../../lib/base/json.ts'
import { ADLER_START, adler32 } from '../../lib/domain/snapshot/adler32.ts'
import { findGap } from '../../lib/domain/txnlog/continuity.ts'
import { decodeTxn } from '../../lib/domain/txnlog/decode-txn.ts'
import { FRAME_HEAD_BYTES } from '../../lib/domain/txnlog/entry.ts'
import { LOG_HEAD_BYTES, LogReader } from '../../lib/domain/txnlog/read-log.ts'
import type { CorpusFile, FuzzTarget } from './targets.ts'

/** Zeros kept behind the last entry, for the padding of a real log is a thousand times its content. */
const PADDING_BYTES = 64

/**
 * Transaction logs. What is read of a damaged one may stop early, as a torn log does. Each entry has a checksum of its own, and the zxids follow
 * each other; so whole entries out of another log can stand in it (only the digests of a replay tell), but nothing that no server wrote.
 */
export async function makeLogTargets(corpusDir: string): Promise<FuzzTarget[]> {
  const names = (await readdir(corpusDir, { recursive: true })).filter((name) => basename(name).startsWith('log.'))
  const corpus: CorpusFile[] = []
  for (const name of names.sort()) corpus.push({ name, bytes: withoutPadding(await readFile(join(corpusDir, name))) })
  const written = new Set<string>()
  for (const { bytes } of corpus) for (const line of linesOf(await readLog(bytes))) written.add(line)
  return [
    {
      name: 'txnlog',
      corpus,
      read: readLog,
      accepts: (content) => linesOf(content).every((line) => written.has(line)),
    },
    { name: 'txnlog-sealed', corpus, read: (bytes) => readLog(reseal(bytes)), accepts: () => true },
  ]
}

const linesOf = (content: string) => content.split('\n').filter(Boolean)

function withoutPadding(bytes: Buffer): Buffer {
  let end = bytes.length
  while (end > 0 && bytes[end - 1] === 0) end--
  return bytes.subarray(0, Math.min(bytes.length, end + PADDING_BYTES))
}

/** One line an entry, as far as the log is to be believed. */
async function readLog(bytes: Buffer): Promise<string> {
  async function* source() {
    for (let at = 0; at < bytes.length; at += 4096) yield bytes.subarray(at, at + 4096)
  }
  const reader = new LogReader(source())
  const acls = new Map()
  const lines: string[] = []
  let previous: bigint | null = null
  try {
    for await (const entries of reader.readEntries()) {
      for (const entry of entries) {
        if (previous !== null && findGap(previous, entry)) return lines.join('')
        previous = entry.zxid
        const { session, cxid, zxid, timeMs, type } = entry
        const fields = stringifyJson([session, cxid, zxid, timeMs, type, decodeTxn(entry, acls)])
        lines.push(`${createHash('sha256').update(fields).digest('hex')}\n`)
      }
    }
  } finally {
    await reader.close()
  }
  return lines.join('')
}

/** Every frame that still has a length gets the checksum of what it holds now: the damage is in the records alone. */
function reseal(bytes: Buffer): Buffer {
  const sealed = Buffer.from(bytes)
  for (let at = LOG_HEAD_BYTES; at + FRAME_HEAD_BYTES <= sealed.length; ) {
    const length = sealed.readInt32BE(at + 8)
    const end = at + FRAME_HEAD_BYTES + length
    if (length <= 0 || end >= sealed.length) break
    sealed.writeBigInt64BE(BigInt(adler32(ADLER_START, sealed, at + FRAME_HEAD_BYTES, end)), at)
    sealed[end] = 0x42
    at = end + 1
  }
  return sealed
}
