import { protocolFault } from './faults.ts'

/** Of the quorum protocol; only what an observer meets. */
export const PACKET = {
  proposal: 2,
  ack: 3,
  commit: 4,
  ping: 5,
  revalidate: 6,
  sync: 7,
  inform: 8,
  commitAndActivate: 9,
  newLeader: 10,
  upToDate: 12,
  diff: 13,
  truncate: 14,
  snapshot: 15,
  observerInfo: 16,
  leaderInfo: 17,
  ackEpoch: 18,
  informAndActivate: 19,
} as const

/** Until the beginning is over these bring it no further. */
export const SAYS_LITTLE: ReadonlySet<number> = new Set([PACKET.ping, PACKET.sync, PACKET.revalidate])

const TYPE_MAX = 19
const HEAD_BYTES = 16
/** Leaders send none; what a hostile one claims is bounded before it is waited for. */
const IDENTITIES_MAX = 1024
const IDENTITY_BYTES_MAX = 1 << 16
const IDENTITIES_BYTES_MAX = 1 << 20
/**
 * A transaction is bounded by jute.maxbuffer (1 MiB unless raised), but for the closing of a session with very many ephemerals, and the
 * configuration of the ensemble.
 */
export const PACKET_BYTES_MAX = 64 << 20

export interface QuorumPacket {
  readonly type: number
  readonly zxid: bigint
  /** A view of what was received; null and empty differ. */
  readonly data: Buffer | null
}

/**
 * Takes packets out of a byte stream: int type, long zxid, buffer data, vector of identities; there is no frame around them. Every length
 * is bounded before it is believed, and memory grows with what has come, never with what was announced.
 */
export class PacketReader {
  #held: Buffer = Buffer.alloc(0)
  #heldBytes = 0
  #packet: QuorumPacket | null = null
  readonly #bytesMax: number

  constructor(bytesMax = PACKET_BYTES_MAX) {
    this.#bytesMax = bytesMax
  }

  /** Reads on at `at` and gives where to go on: behind one packet, which `take` then gives, or at the end of the chunk. */
  push(chunk: Buffer, at: number): number {
    if (this.#heldBytes === 0) {
      const needed = this.#measure(chunk, at, chunk.length)
      if (needed <= chunk.length - at) {
        this.#packet = decode(chunk, at)
        return at + needed
      }
      this.#hold(chunk, at, chunk.length)
      return chunk.length
    }
    let from = at
    for (;;) {
      const needed = this.#measure(this.#held, 0, this.#heldBytes)
      if (needed <= this.#heldBytes) {
        this.#packet = decode(this.#held, 0)
        // The packet is a view of it: the next one gets its own.
        this.#held = Buffer.alloc(0)
        this.#heldBytes = 0
        return from
      }
      if (from === chunk.length) return from
      const taken = Math.min(needed - this.#heldBytes, chunk.length - from)
      this.#hold(chunk, from, from + taken)
      from += taken
    }
  }

  /** The packet that the last push has completed, once. */
  take(): QuorumPacket | null {
    const packet = this.#packet
    this.#packet = null
    return packet
  }

  /** Bytes of a packet that is not whole. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  #hold(chunk: Buffer, from: number, to: number): void {
    const bytes = this.#heldBytes + to - from
    if (bytes > this.#held.length) {
      const grown = Buffer.allocUnsafe(Math.max(bytes, this.#held.length * 2, 256))
      this.#held.copy(grown, 0, 0, this.#heldBytes)
      this.#held = grown
    }
    chunk.copy(this.#held, this.#heldBytes, from, to)
    this.#heldBytes = bytes
  }

  /** Bytes from `from` on that are needed to go on: of the whole packet once it is known how long it is. */
  #measure(bytes: Buffer, from: number, limit: number): number {
    const has = (length: number) => limit - from >= length
    if (!has(4)) return 4
    const type = bytes.readInt32BE(from)
    if (type < 1 || type > TYPE_MAX) throw protocolFault(`a packet of the unknown type ${type}`)
    if (!has(HEAD_BYTES)) return HEAD_BYTES
    const dataBytes = bytes.readInt32BE(from + 12)
    if (dataBytes < -1 || dataBytes > this.#bytesMax) throw protocolFault(`a packet with ${dataBytes} bytes of data`)
    let length = HEAD_BYTES + Math.max(dataBytes, 0) + 4
    if (!has(length)) return length
    const count = bytes.readInt32BE(from + length - 4)
    if (count < -1 || count > IDENTITIES_MAX) throw protocolFault(`a packet with ${count} identities`)
    const lengthMax = length + IDENTITIES_BYTES_MAX
    for (let texts = count * 2; texts > 0; texts--) {
      if (length > lengthMax) throw protocolFault(`a packet with more than ${IDENTITIES_BYTES_MAX} bytes of identities`)
      length += 4
      if (!has(length)) return length
      const textBytes = bytes.readInt32BE(from + length - 4)
      if (textBytes < -1 || textBytes > IDENTITY_BYTES_MAX) throw protocolFault(`an identity of ${textBytes} bytes`)
      length += Math.max(textBytes, 0)
      if (!has(length)) return length
    }
    return length
  }
}

function decode(bytes: Buffer, at: number): QuorumPacket {
  const length = bytes.readInt32BE(at + 12)
  return {
    type: bytes.readInt32BE(at),
    zxid: bytes.readBigInt64BE(at + 4),
    data: length < 0 ? null : bytes.subarray(at + HEAD_BYTES, at + HEAD_BYTES + length),
  }
}
