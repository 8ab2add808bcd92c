import { TXN_TYPE } from './txn.ts'

/** Transactions are missing between these two. */
export interface Gap {
  readonly after: bigint
  readonly before: bigint
}

/** First 32 bits: how many elections there were. */
export function epochOf(zxid: bigint): bigint {
  return BigInt.asUintN(64, zxid) >> 32n
}

/** Last 32 bits: 1 for the first transaction of an epoch. */
export function counterOf(zxid: bigint): bigint {
  return zxid & 0xffff_ffffn
}

/**
 * Null when `next` may follow `after` directly: the next number; the first of a later epoch (what an epoch lost at its end cannot be seen
 * in numbers, only in digests); or the same number again for an error, which is how servers log a malformed request.
 */
export function findGap(after: bigint, next: { readonly zxid: bigint; readonly type: number }): Gap | null {
  if (next.zxid === after + 1n) return null
  if (next.zxid === after && next.type === TXN_TYPE.error) return null
  if (counterOf(next.zxid) === 1n && epochOf(next.zxid) > epochOf(after)) return null
  return { after, before: next.zxid }
}
