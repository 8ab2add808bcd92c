import type { Socket } from 'node:net'
import { counterOf } from '../../../../domain/txnlog/continuity.ts'
import { JuteWriter } from '../jute.ts'
import { protocolFault } from './faults.ts'
import { PACKET } from './packet-reader.ts'

/** Of no member: an acknowledgement of it is nobody's vote. */
const SERVER_ID = -7n
const PROTOCOL_VERSION = 0x10000
/** In the answer to an epoch: "my own epoch does not count". */
const NO_EPOCH = -1
const UNSENT_BYTES_MAX = 1 << 20
const EMPTY = Buffer.alloc(0)

/**
 * Everything that ever leaves the socket, and nothing else can: who we are (with epoch 0, so that no election is moved), what we have, that
 * the leader's beginning has come, and answers to pings. No acknowledgement of a proposal: an ACK is only ever of the zxid that an epoch
 * begins with, which is no transaction's, and of the epoch that the leader has named. No request, no vote.
 */
export class QuorumWriter {
  readonly #socket: Pick<Socket, 'write' | 'writableLength'>
  #epoch: bigint | null = null

  constructor(socket: Pick<Socket, 'write' | 'writableLength'>) {
    this.#socket = socket
  }

  observerInfo(): void {
    const info = new JuteWriter().long(SERVER_ID).int(PROTOCOL_VERSION).long(0n).toBuffer()
    this.#send(PACKET.observerInfo, 0n, info)
  }

  /** `leaderZxid`: of LEADERINFO. `last`: the last zxid that we have, 0 for nothing. */
  ackEpoch(leaderZxid: bigint, last: bigint): void {
    if (this.#epoch !== null || leaderZxid < 0n || counterOf(leaderZxid) !== 0n)
      throw protocolFault('an epoch that cannot begin here')
    this.#epoch = leaderZxid
    this.#send(PACKET.ackEpoch, last, new JuteWriter().int(NO_EPOCH).toBuffer())
  }

  /** Of NEWLEADER, with the zxid that it came with; and of UPTODATE, with the same. */
  ackBeginning(zxid: bigint): void {
    if (this.#epoch === null || zxid !== this.#epoch) {
      throw protocolFault(`a beginning at 0x${zxid.toString(16)} of another epoch than its own`)
    }
    this.#send(PACKET.ack, zxid, null)
  }

  /** Empty, not null: the list of sessions that we have heard of, which are none. */
  answerPing(zxid: bigint): void {
    if (this.#socket.writableLength > UNSENT_BYTES_MAX) throw protocolFault('pings without taking an answer')
    this.#send(PACKET.ping, zxid, EMPTY)
  }

  #send(type: number, zxid: bigint, data: Buffer | null): void {
    this.#socket.write(new JuteWriter().int(type).long(zxid).bytes(data).int(-1).toBuffer())
  }
}
