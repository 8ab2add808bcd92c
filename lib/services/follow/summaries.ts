import { z } from 'zod'
import { formatHex64 } from '../../base/hex64.ts'
import { decodeTxn } from '../../domain/txnlog/decode-txn.ts'
import type { TxnEntry } from '../../domain/txnlog/entry.ts'
import { findTypeName } from '../../domain/txnlog/txn.ts'
import { listTouches, type ZnodeTouch } from '../../domain/txnlog/visit-touched.ts'

/** Of one transaction; it may be a multi of thousands. */
const TOUCHES_MAX = 20

/** What happened to a znode by one part of a transaction. `closed`: the session ended whose ephemeral it was. */
export const DONE_TO = ['created', 'data', 'acl', 'deleted', 'closed'] as const

/** One transaction in short: never data. Paths are absolute, as in the log; zxid and session are hex, `at` is by the leader's clock. */
export const txnSummarySchema = z.object({
  zxid: z.string(),
  at: z.number(),
  session: z.string(),
  /** As ZooKeeper calls it: "create", "setData", "multi", "closeSession", … */
  type: z.string(),
  touches: z.array(z.object({ path: z.string(), did: z.enum(DONE_TO) })),
  /** Touches that are not listed. */
  more: z.number(),
  /** How many operations a multi had; null where it was none. */
  multiOps: z.number().nullable(),
  /** A request that failed: the server's code. */
  error: z.number().nullable(),
})
export type TxnSummary = z.infer<typeof txnSummarySchema>

/** Summaries of a row; what another version wrote and this one does not know is left out. */
export function parseSummaries(json: unknown): TxnSummary[] {
  if (!Array.isArray(json)) return []
  return json.flatMap((one) => {
    const parsed = txnSummarySchema.safeParse(one)
    return parsed.success ? [parsed.data] : []
  })
}

/** Throws TxnLogError BAD_RECORD. */
export function summarize(entry: TxnEntry): TxnSummary {
  const { txn } = decodeTxn(entry)
  const touches = listTouches(txn)
  return {
    zxid: formatHex64(entry.zxid),
    at: entry.timeMs,
    session: formatHex64(entry.session),
    type: findTypeName(entry.type) ?? String(entry.type),
    touches: touches.slice(0, TOUCHES_MAX).map((touch) => ({ path: touch.path, did: toDid(touch) })),
    more: Math.max(touches.length - TOUCHES_MAX, 0),
    multiOps: txn.kind === 'multi' ? txn.ops.length : null,
    error: txn.kind === 'error' ? txn.error : txn.kind === 'multi' ? findError(txn.ops) : null,
  }
}

function toDid({ kind }: ZnodeTouch): TxnSummary['touches'][number]['did'] {
  switch (kind) {
    case 'create':
      return 'created'
    case 'delete':
      return 'deleted'
    case 'setData':
      return 'data'
    case 'setAcl':
      return 'acl'
    case 'closed':
      return 'closed'
  }
}

/** Of a failed multi the first part with a code of its own says why; the others say that they were not run (0 or -2). */
function findError(ops: readonly { readonly kind: string; readonly error?: number }[]): number | null {
  const codes = ops.flatMap(({ kind, error }) => (kind === 'error' && error !== undefined ? [error] : []))
  return codes.find((code) => code !== 0 && code !== -2) ?? codes[0] ?? null
}
