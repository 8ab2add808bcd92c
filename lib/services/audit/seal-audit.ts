import { throwIfAborted } from '../../base/errors.ts'
import type { ServiceContext } from '../context.ts'
import { keepBooks } from '../gate.ts'
import { hashSealed, NO_HASH, SEAL_ACTION } from './chain.ts'
import { RECORD_COLUMNS } from './verify-audit-chain.ts'
import { lockAudit, writeAudit } from './write-audit.ts'

const PAGE = 1000

/**
 * Begins the chain: its first entry says how many entries are from before there was one, and their sum. Done at the first start; any number
 * of processes may ask at once. False when it had begun.
 */
export async function sealAudit(context: ServiceContext): Promise<boolean> {
  const head = await context.db.auditHead.findUnique({ where: { id: 1 }, select: { sequence: true } })
  if (!head || head.sequence > 0) return false
  const sum = await sumOfUnchained(context)
  return keepBooks(context, { action: SEAL_ACTION }, async (tx) => {
    if ((await lockAudit(tx)).sequence > 0) return false
    await writeAudit(tx, context, { action: SEAL_ACTION, outcome: 'ok', after: sum })
    return true
  })
}

/** From the newest to the oldest, so that an export, which goes that way, can be summed without being held. */
async function sumOfUnchained(context: ServiceContext) {
  let hash = NO_HASH
  let entries = 0
  let lastId = 0
  for (let before: number | undefined; ; ) {
    throwIfAborted(context.signal)
    const rows = await context.db.auditEntry.findMany({
      where: { sequence: null, id: { lt: before } },
      orderBy: { id: 'desc' },
      take: PAGE,
      select: RECORD_COLUMNS,
    })
    for (const row of rows) hash = hashSealed(hash, row)
    entries += rows.length
    lastId ||= rows[0]?.id ?? 0
    before = rows.at(-1)?.id
    if (before === undefined) return { entries, lastId, hash }
  }
}
