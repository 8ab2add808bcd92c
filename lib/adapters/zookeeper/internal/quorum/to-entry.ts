import { type AclCache, decodeTxn } from '../../../../domain/txnlog/decode-txn.ts'
import { TxnEntry } from '../../../../domain/txnlog/entry.ts'
import { protocolFault } from './faults.ts'

/**
 * A view of the packet's data. Throws ObserverError PROTOCOL for what no server writes, to the last byte: what is not read here would be written
 * into a log that nobody can replay any more.
 */
export function toEntry(data: Buffer, acls: AclCache): TxnEntry {
  try {
    const entry = TxnEntry.fromBytes(data)
    decodeTxn(entry, acls)
    return entry
  } catch (error) {
    throw protocolFault(`a transaction that cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}
