import { TxnEntry } from '../../../../domain/txnlog/entry.ts'
import { protocolFault } from './faults.ts'

/** A view of the packet's data. Throws ObserverError PROTOCOL for what no server writes. */
export function toEntry(data: Buffer): TxnEntry {
  try {
    return TxnEntry.fromBytes(data)
  } catch (error) {
    throw protocolFault(`a transaction that cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}
