import { formatHex64 } from '../../../../base/hex64.ts'
import { protocolFault } from './faults.ts'
import type { QuorumPacket } from './packet-reader.ts'
import { ENTRY_BYTES } from './txn-queue.ts'

/** Proposals that wait for their commit, which a leader sends to observers right behind them. */
const PROPOSED_BYTES_MAX = 64 << 20

/** A proposal is a transaction only once it is committed, which goes in the same order. */
export class Proposals {
  #waiting: { readonly zxid: bigint; readonly data: Buffer }[] = []
  #bytes = 0

  add({ zxid, data }: QuorumPacket): void {
    if (data === null) throw protocolFault('a proposal of nothing')
    this.#bytes += data.length + ENTRY_BYTES
    if (this.#bytes > PROPOSED_BYTES_MAX) throw protocolFault('proposals without end and no commit')
    this.#waiting.push({ zxid, data })
  }

  /** The data that are committed. */
  commit(zxid: bigint): Buffer {
    const proposal = this.#waiting.shift()
    if (!proposal || proposal.zxid !== zxid) {
      throw protocolFault(`a commit of ${formatHex64(zxid)}, which it did not propose next`)
    }
    this.#bytes -= proposal.data.length + ENTRY_BYTES
    return proposal.data
  }

  clear(): void {
    this.#waiting = []
    this.#bytes = 0
  }
}
