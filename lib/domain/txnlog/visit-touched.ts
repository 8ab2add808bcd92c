import { TXN_HEADER_BYTES, type TxnEntry } from './entry.ts'
import { TXN_TYPE, type Txn, type TxnOp } from './txn.ts'
import { TxnCursor } from './txn-cursor.ts'

const ROOT_BYTES = Buffer.from('/')

/** What happens to one znode by one part of a transaction. `closed`: it was an ephemeral of the session that ended. */
export type ZnodeTouch =
  | Extract<TxnOp, { kind: 'create' | 'delete' | 'setData' | 'setAcl' }>
  | { readonly kind: 'closed'; readonly path: string }

export type VisitPath = (bytes: Buffer, from: number, to: number) => void

/**
 * Gives the place of every path whose znode the entry makes, changes or removes, without decoding the rest; once for each part of a multi.
 * A parent that gets or loses a child is not touched. Throws TxnLogError BAD_RECORD.
 */
export function visitTouched(entry: TxnEntry, visit: VisitPath): void {
  const cursor = new TxnCursor(entry, entry.start + TXN_HEADER_BYTES)
  if (entry.type === TXN_TYPE.closeSession) visitClosed(cursor, visit)
  else if (entry.type === TXN_TYPE.multi) visitMulti(cursor, entry, visit)
  else if (isTouching(entry.type)) visitPath(cursor, visit)
}

/** As visitTouched, of a decoded transaction, in order. */
export function listTouches(txn: Txn): ZnodeTouch[] {
  switch (txn.kind) {
    case 'createSession':
      return []
    case 'closeSession':
      return (txn.paths ?? []).map((path) => ({ kind: 'closed', path }))
    case 'multi':
      return txn.failed ? [] : txn.ops.flatMap(toTouch)
    default:
      return toTouch(txn)
  }
}

function toTouch(op: TxnOp): ZnodeTouch[] {
  return op.kind === 'check' || op.kind === 'error' ? [] : [op]
}

function isTouching(type: number): boolean {
  return type !== TXN_TYPE.createSession && type !== TXN_TYPE.error && type !== TXN_TYPE.check
}

function visitPath(cursor: TxnCursor, visit: VisitPath): void {
  const length = cursor.length('a path')
  if (length <= 0) visit(ROOT_BYTES, 0, ROOT_BYTES.length)
  else visit(cursor.buffer, cursor.at, cursor.at + length)
  cursor.at += Math.max(length, 0)
}

/** As in decodeTxn: a digest alone cannot be a list. */
function visitClosed(cursor: TxnCursor, visit: VisitPath): void {
  if (cursor.left === 0 || (cursor.left === 12 && cursor.buffer.readInt32BE(cursor.at) === 2)) return
  for (let left = cursor.count('paths', 4); left > 0; left--) visitPath(cursor, visit)
}

function visitMulti(cursor: TxnCursor, entry: TxnEntry, visit: VisitPath): void {
  const count = cursor.count('parts of a multi', 8)
  const parts: TxnCursor[] = []
  for (let i = 0; i < count; i++) {
    const type = cursor.int32('the type of a part')
    const length = Math.max(cursor.length('a part'), 0)
    // Nothing of it was applied.
    if (type === TXN_TYPE.error) return
    if (isTouching(type)) parts.push(new TxnCursor(entry, cursor.at, cursor.at + length))
    cursor.at += length
  }
  for (const part of parts) visitPath(part, visit)
}
