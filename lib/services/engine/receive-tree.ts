import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import type { BaseFile, ReceivedRecords } from '../../adapters/archive/store.ts'
import { formatServer, type ServerAddress } from '../../adapters/zookeeper/connect-string.ts'
import type { ObserverSession, QuorumTarget } from '../../adapters/zookeeper/observer.ts'
import { CancelledError, formatErrorLine } from '../../base/errors.ts'
import { formatBytes } from '../../base/format-bytes.ts'
import { SnapshotReader } from '../../domain/snapshot/read-snapshot.ts'
import type { RecordCursor } from '../../domain/snapshot/record.ts'
import { counterOf } from '../../domain/txnlog/continuity.ts'
import { decodeTxn } from '../../domain/txnlog/decode-txn.ts'
import type { TxnEntry } from '../../domain/txnlog/entry.ts'
import type { LogSource } from '../../domain/txnlog/ports.ts'
import { TXN_TYPE } from '../../domain/txnlog/txn.ts'
import { encodeLogHead, frameEntry } from '../../domain/txnlog/write-log.ts'
import type { EngineContext } from '../context.ts'
import { EngineError } from './errors.ts'

/** How far back a transaction with a digest is looked for, when none comes. */
const LOOK_BACK = 16n
const WINDOW_BYTES_MAX = 4 * 2 ** 30
/** czxid, mzxid and pzxid of StatPersisted. */
const ZXIDS_OF_STAT = [0, 8, 52]

/** A leader's whole tree with what happened while it was sent: files in the folder that was given. */
export interface ReceivedTree {
  readonly peer: ServerAddress
  readonly base: BaseFile
  /** What the base consists of, where it was put in order while it came; else it is a file. */
  readonly records: ReceivedRecords | null
  /** What came between the tree and UPTODATE; none in a quiet moment. */
  readonly logs: readonly LogSource[]
  readonly transactions: number
  /** The tree is the one after this, once the logs are replayed over it. */
  readonly zxid: bigint
}

/** Digests of the state before the next entry, as a leader says them. */
class KnownDigest {
  /** Null where nobody said what it is. */
  value: bigint | null = null
  /** True once the tree may have changed without a digest. */
  isLost = false

  see(entry: TxnEntry): void {
    // Carries none, and changes nothing.
    if (entry.type === TXN_TYPE.error) return
    const { digest } = decodeTxn(entry)
    this.value = digest?.value ?? null
    this.isLost = digest === null
  }
}

/** Listens to the leader until all that it had when we came is there, and leaves it. Throws ObserverError, EngineError or CancelledError. */
export async function receiveTree(
  context: EngineContext,
  input: {
    readonly quorum: QuorumTarget
    readonly dir: string
    /** All of it is wanted, once and in path order. */
    readonly inOrder: boolean
    readonly onBytes?: (bytes: number) => void
    /** Of what comes between the tree and UPTODATE. Default 4 GiB: no leader holds that much back for a member that joins. */
    readonly windowBytesMax?: number
  },
): Promise<ReceivedTree> {
  const { quorum, dir, inOrder, onBytes, windowBytesMax = WINDOW_BYTES_MAX } = input
  let records: ReceivedRecords | null = null
  const session = await context.observers.open(quorum, {
    from: 0n,
    scratchDir: dir,
    signal: context.signal,
    ...(inOrder && {
      openBody: (path, events) => {
        records = context.archives.receiveRecords(path, events)
        return records
      },
    }),
    onProgress: onBytes && (({ bytes }) => onBytes(bytes)),
  })
  try {
    const { start, peer } = session
    if (start.kind !== 'snapshot') {
      const message = `${formatServer(peer)} has no tree to send: the ensemble is new, and nothing was ever written to it`
      throw new EngineError('BAD_SOURCE', message, {
        unaffected: 'the ensemble was not touched, and no archive was made',
        remedy: 'check that this is the ensemble you mean; with the first write there is something to back up',
      })
    }
    const window = await keepWindow(session, dir, windowBytesMax)
    // The connection is not held while a digest is looked for, and its transactions need not be queued.
    await session.close()
    const base: BaseFile = { name: `the tree of the leader`, path: start.file, zxid: start.zxid }
    const { zxid, digest, log, transactions } = window
    const logs = log ? [log] : []
    if (digest.value !== null || digest.isLost) {
      return { peer, base: { ...base, windowEnd: zxid }, records, logs, transactions, zxid }
    }
    // Nothing changed the tree meanwhile, so that it is the one at its own zxid: what came before says which digest that has.
    const before = await findDigest(context, { ...quorum, servers: [peer] }, { dir, records, ...start })
    return {
      peer,
      base: { ...base, windowEnd: start.zxid, ...(before === null ? {} : { digest: before }) },
      records,
      logs,
      transactions,
      zxid,
    }
  } catch (error) {
    await discard(records)
    throw error
  } finally {
    await session.close()
  }
}

// A parameter: of a variable that a callback sets, the compiler believes that it is null.
async function discard(records: ReceivedRecords | null): Promise<void> {
  await records?.discard()
}

interface Window {
  readonly log: LogSource | null
  readonly transactions: number
  readonly zxid: bigint
  readonly digest: KnownDigest
}

/** Everything up to UPTODATE, as a native log. */
async function keepWindow(session: ObserverSession, dir: string, bytesMax: number): Promise<Window> {
  const digest = new KnownDigest()
  let { zxid } = session.start
  let transactions = 0
  let bytes = 0
  let file: FileHandle | null = null
  let log: LogSource | null = null
  try {
    for await (const { entries, synced } of session.transactions()) {
      const [first] = entries
      if (first && file === null) {
        const name = `log.${first.zxid.toString(16)}`
        const path = join(dir, name)
        file = await open(path, 'wx', 0o600)
        await file.appendFile(encodeLogHead())
        log = { name, zxid: first.zxid, open: () => createReadStream(path) }
      }
      for (const entry of entries) digest.see(entry)
      const frames = Buffer.concat(entries.map(frameOf))
      bytes += frames.length
      if (bytes > bytesMax) throw endlessBeginning(session.peer, bytesMax)
      if (file && frames.length > 0) await file.appendFile(frames)
      transactions += entries.length
      zxid = entries.at(-1)?.zxid ?? zxid
      if (synced) break
    }
  } finally {
    await file?.close()
  }
  return { log, transactions, zxid, digest }
}

function endlessBeginning(peer: ServerAddress, bytesMax: number): EngineError {
  return new EngineError(
    'BAD_SOURCE',
    `${formatServer(peer)} sent its tree and ${formatBytes(bytesMax)} of transactions behind it, and never said that its beginning is over`,
    {
      unaffected: 'the ensemble was not touched, and no archive was made',
      remedy: 'check that it is a member of the ensemble, and take the backup when less is written',
    },
  )
}

const frameOf = (entry: TxnEntry) => frameEntry(entry.buffer.subarray(entry.start, entry.end))

async function findLastChange(file: string, signal: AbortSignal | undefined): Promise<bigint> {
  const reader = new SnapshotReader(createReadStream(file), { signal })
  let last = 0n
  try {
    await reader.readHead()
    const see = ({ bytes, statAt }: RecordCursor) => {
      for (const at of ZXIDS_OF_STAT) {
        const zxid = bytes.readBigInt64BE(statAt + at)
        if (zxid > last) last = zxid
      }
    }
    while (await reader.visitRecords(see));
  } finally {
    await reader.close()
  }
  return last
}

/**
 * The digest of the tree at a zxid, from the last transactions before it, which a leader remembers: we come back as one who has all but those.
 * Null where that does not tell (servers before 3.6, a leader that has just begun); it is no reason to fail.
 */
async function findDigest(
  context: EngineContext,
  quorum: QuorumTarget,
  {
    dir,
    zxid,
    file,
    records,
  }: {
    readonly dir: string
    readonly zxid: bigint
    readonly file: string
    readonly records: ReceivedRecords | null
  },
): Promise<bigint | null> {
  // An epoch begins with a number that is no transaction's: then the last one is of an epoch before, and only the tree tells which.
  const { signal } = context
  const findLast = () => records?.findLastChange(signal) ?? findLastChange(file, signal)
  const last = counterOf(zxid) > 0n ? zxid : await findLast()
  // The number before the first of an epoch is nobody's last: a leader would send its whole tree again.
  const back = counterOf(last) - 1n
  if (back < 1n) return null
  const from = last - (back < LOOK_BACK ? back : LOOK_BACK)
  let session: ObserverSession | null = null
  try {
    session = await context.observers.open(quorum, {
      from,
      scratchDir: dir,
      acceptSnapshot: false,
      signal: context.signal,
    })
    if (session.start.kind !== 'diff') return null
    const digest = new KnownDigest()
    for await (const { entries, synced } of session.transactions()) {
      for (const entry of entries) if (entry.zxid <= zxid) digest.see(entry)
      if (synced || (entries.at(-1)?.zxid ?? 0n) >= zxid) break
    }
    return digest.value
  } catch (error) {
    if (error instanceof CancelledError) throw error
    context.log.warn({ error: formatErrorLine(error) }, 'The leader does not tell the digest of its tree')
    return null
  } finally {
    await session?.close()
  }
}
