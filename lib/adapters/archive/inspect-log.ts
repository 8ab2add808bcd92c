import { basename, dirname } from 'node:path'
import { CancelledError, throwIfAborted } from '../../base/errors.ts'
import { formatHex64 } from '../../base/hex64.ts'
import { findGap } from '../../domain/txnlog/continuity.ts'
import { type AclCache, decodeTxn } from '../../domain/txnlog/decode-txn.ts'
import type { TxnEntry } from '../../domain/txnlog/entry.ts'
import { TxnLogError } from '../../domain/txnlog/errors.ts'
import { LogReader, type TearKind } from '../../domain/txnlog/read-log.ts'
import { findTypeName, TXN_TYPE } from '../../domain/txnlog/txn.ts'
import { logSourceOf } from './log-file.ts'
import { gapProblem, logProblems, tearProblem } from './replay-proof.ts'
import { findLogZxid } from './snapshot-file.ts'
import type { VerifyProblem } from './store.ts'
import { toProblem } from './verify-archive.ts'

export interface LogFacts {
  readonly type: 'log'
  readonly file: string
  /** Null where the log holds no whole transaction. */
  readonly firstZxid: string | null
  readonly lastZxid: string | null
  readonly transactions: number
  readonly byType: Readonly<Record<string, number>>
  /** By the leader's clock, milliseconds since 1970. */
  readonly firstTime: number | null
  readonly lastTime: number | null
  /** Bytes of the log itself, without what was preallocated behind it. */
  readonly bytes: number
  /** The end is not whole: normal for the log of a server that runs or was killed. */
  readonly torn: boolean
  readonly tear: { readonly kind: TearKind; readonly offset: number; readonly dataBehind: boolean } | null
  readonly problems: readonly VerifyProblem[]
}

/** Reads all of a log and says what is in it and what is wrong with it. Throws only what keeps it from being read at all. */
export async function inspectLog(path: string, signal?: AbortSignal): Promise<LogFacts> {
  const file = basename(path)
  const named = findLogZxid(file)
  const source = logSourceOf(dirname(path), { name: file, zxid: named ?? 0n })
  const reader = new LogReader(source.open(), { allowBareCheck: true, signal })
  const acls: AclCache = new Map()
  const byType: Record<string, number> = {}
  const problems: VerifyProblem[] = []
  const bareChecks: bigint[] = []
  let first: TxnEntry | null = null
  let last: TxnEntry | null = null
  let transactions = 0
  let bytes = 0
  try {
    for await (const batch of reader.readEntries()) {
      throwIfAborted(signal)
      for (const entry of batch) {
        decodeTxn(entry, acls)
        const gap = last && findGap(last.zxid, entry)
        if (gap) problems.push(gapProblem(gap, file))
        if (entry.type === TXN_TYPE.check) bareChecks.push(entry.zxid)
        const name = findTypeName(entry.type) ?? String(entry.type)
        byType[name] = (byType[name] ?? 0) + 1
        first ??= entry
        last = entry
        transactions++
        bytes = entry.frame.to
      }
    }
    bytes = reader.end?.offset ?? bytes
  } catch (error) {
    if (error instanceof CancelledError || !(error instanceof TxnLogError)) throw error
    problems.push(toProblem(error, file))
  } finally {
    await reader.close()
  }
  if (first && named !== null && first.zxid !== named) {
    const message = `the name says ${formatHex64(named)}, the first transaction is ${formatHex64(first.zxid)}`
    problems.push({ code: 'NAME_MISMATCH', message, file })
  }
  const tear = reader.end?.tear ?? null
  if (tear?.dataBehind) problems.push(tearProblem({ file, tear }))
  problems.push(...logProblems({ torn: [], passedOver: [], bareChecks }).map((one) => ({ ...one, file })))
  return {
    type: 'log',
    file,
    firstZxid: first === null ? null : formatHex64(first.zxid),
    lastZxid: last === null ? null : formatHex64(last.zxid),
    transactions,
    byType,
    firstTime: first === null ? null : first.timeMs,
    lastTime: last === null ? null : last.timeMs,
    bytes,
    torn: tear !== null,
    tear,
    problems,
  }
}
