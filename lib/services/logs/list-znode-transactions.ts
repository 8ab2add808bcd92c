import { formatHex64, parseHex64 } from '../../base/hex64.ts'
import { parsePath } from '../../domain/znode/path.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import type { TreeRef } from '../tree/tree-ref.ts'
import { findZnodeLog } from './find-znode-log.ts'
import { toTransactionView, traceZnode } from './trace-znode.ts'
import type { ZnodeTransactionsView } from './views.ts'

const LIMIT_DEFAULT = 20
const LIMIT_MAX = 50
/** One short look: mostly the value was written before by one of the next. */
const LOOK_BACK = { pages: 1, limit: 10, forAcl: false } as const

export interface ListZnodeTransactionsInput {
  readonly ref: TreeRef
  readonly path: string
  /** `next` of the page before. */
  readonly before?: string | null
  readonly limit?: number
}

/**
 * The transactions that created, changed or deleted one znode, newest first, from the archived log of its tree's cluster. What the members
 * hold beyond the archive is not among them: `reach` says where it ends.
 */
export async function listZnodeTransactions(
  context: ServiceContext,
  input: ListZnodeTransactionsInput,
): Promise<ZnodeTransactionsView> {
  const path = parsePath(input.path)
  const limit = Math.min(Math.max(Math.trunc(input.limit ?? LIMIT_DEFAULT), 1), LIMIT_MAX)
  const before = input.before ? parseZxid(input.before) : null
  const log = await findZnodeLog(context, input.ref, path)
  const { traced, page } = await traceZnode(context, log, { before, limit, lookBack: LOOK_BACK })
  return {
    clusterId: log.clusterId,
    clusterName: log.clusterName,
    isKept: log.isKept,
    reach: page.reach && {
      first: formatHex64(page.reach.first),
      last: formatHex64(page.reach.last),
      lastAt: new Date(page.reach.lastTimeMs).toISOString(),
    },
    transactions: traced.map(toTransactionView),
    breaks: page.breaks.map((gap) => ({
      after: formatHex64(gap.after),
      before: formatHex64(gap.before),
      problem: gap.problem,
    })),
    next: page.next === null ? null : formatHex64(page.next),
  }
}

/** Throws INVALID_INPUT. */
export function parseZxid(text: string): bigint {
  const zxid = parseHex64(text)
  if (zxid === null) throw new ServiceError('INVALID_INPUT', `"${text.slice(0, 40)}" is no zxid`)
  return zxid
}
