import { z } from 'zod'
import { formatHex64 } from '../../base/hex64.ts'
import { type AclCache, decodeTxn } from './decode-txn.ts'
import type { TxnEntry } from './entry.ts'
import { findTypeName, type Txn } from './txn.ts'
import { listTouches, type ZnodeTouch } from './visit-touched.ts'

/** Paths of one transaction that a summary names; a multi may touch thousands. */
export const SUMMARY_PATHS_MAX = 20
/** Transactions of one flush that are kept one by one; the rest are counted. */
export const SUMMARIES_MAX = 200

const DIDS = ['create', 'setData', 'setAcl', 'delete', 'closed'] as const
/** `closed`: an ephemeral that went with its session. */
export type TouchDid = (typeof DIDS)[number]

const touchSchema = z.object({ did: z.enum(DIDS), path: z.string(), ephemeral: z.literal(true).optional() })
export const txnSummarySchema = z.object({
  /** Hex, as everywhere outside. */
  zxid: z.string(),
  timeMs: z.number(),
  session: z.string(),
  /** As ZooKeeper's sources name it: `create`, `multi`, `closeSession` … */
  type: z.string(),
  /** ZooKeeper's number; null: it was carried out. */
  error: z.number().nullable(),
  touched: z.array(touchSchema).readonly(),
  /** Of all that it touched, named or not. */
  touchedCount: z.number(),
})
/** What one transaction did, in paths and numbers: never data. Paths as the log has them. */
export type TxnSummary = z.infer<typeof txnSummarySchema>

export const summaryPageSchema = z.object({ total: z.number(), shown: z.array(txnSummarySchema).readonly() })
/** Of one flush: how many there were, and the first of them. */
export type SummaryPage = z.infer<typeof summaryPageSchema>

/** Throws TxnLogError BAD_RECORD. */
export function summarizeTxn(entry: TxnEntry, acls?: AclCache): TxnSummary {
  const { txn } = decodeTxn(entry, acls)
  return toSummary(entry, txn, listTouches(txn))
}

/** With another order of what it touched, or only a part of that: the first are named. */
export function toSummary(entry: TxnEntry, txn: Txn, touches: readonly ZnodeTouch[]): TxnSummary {
  return {
    zxid: formatHex64(entry.zxid),
    timeMs: entry.timeMs,
    session: formatHex64(entry.session),
    type: findTypeName(entry.type) ?? String(entry.type),
    error: errorOf(txn),
    touched: touches.slice(0, SUMMARY_PATHS_MAX).map((touch) => {
      const { kind: did, path } = touch
      return touch.kind === 'create' && touch.ephemeral ? { did, path, ephemeral: true as const } : { did, path }
    }),
    touchedCount: touches.length,
  }
}

/** The first part of a multi that failed says why; those behind it say only that something else did. */
function errorOf(txn: Txn): number | null {
  if (txn.kind === 'error') return txn.error
  if (txn.kind !== 'multi' || !txn.failed) return null
  const errors = txn.ops.flatMap((op) => (op.kind === 'error' ? [op.error] : []))
  return errors.find((error) => error !== 0 && error !== RUNTIME_INCONSISTENCY) ?? errors[0] ?? null
}

const RUNTIME_INCONSISTENCY = -2

/** Gathers what is kept of a stream between two flushes: bounded, and past the bound it only counts. */
export class SummaryGatherer {
  readonly #max: number
  readonly #acls: AclCache = new Map()
  #shown: TxnSummary[] = []
  #total = 0

  constructor(max = SUMMARIES_MAX) {
    this.#max = max
  }

  add(entries: readonly TxnEntry[]): void {
    this.#total += entries.length
    for (const entry of entries) {
      if (this.#shown.length >= this.#max) return
      this.#shown.push(summarizeTxn(entry, this.#acls))
    }
  }

  /** What came since the last time; null where nothing did. */
  take(): SummaryPage | null {
    if (this.#total === 0) return null
    const page = { total: this.#total, shown: this.#shown }
    this.#shown = []
    this.#total = 0
    return page
  }
}
