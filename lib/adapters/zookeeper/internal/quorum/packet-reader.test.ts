import { describe, expect, test } from 'vitest'
import { ByteWriter } from '../../../../base/bytes.ts'
import { PACKET, PacketReader, type QuorumPacket } from './packet-reader.ts'

function writePacket(writer: ByteWriter, packet: QuorumPacket, identities: readonly string[] | null = null): void {
  writer.int32(packet.type)
  writer.int64(packet.zxid)
  writer.buffer(packet.data)
  writer.int32(identities === null ? -1 : identities.length)
  for (const id of identities ?? []) {
    writer.string('digest')
    writer.string(id)
  }
}

function readAll(stream: Buffer, size: number): QuorumPacket[] {
  const reader = new PacketReader()
  const packets: QuorumPacket[] = []
  for (let from = 0; from < stream.length; from += size) {
    const piece = stream.subarray(from, from + size)
    for (let at = 0; at < piece.length; ) {
      at = reader.push(piece, at)
      const packet = reader.take()
      if (packet) packets.push(packet)
    }
  }
  expect(reader.heldBytes).toBe(0)
  return packets
}

describe('packets', () => {
  test('come whole wherever the network cuts, null and empty data apart', () => {
    const packets: QuorumPacket[] = [
      { type: PACKET.ping, zxid: -1n, data: null },
      { type: PACKET.inform, zxid: 1n << 40n, data: Buffer.from('some data of some length') },
      { type: PACKET.commit, zxid: 2n, data: Buffer.alloc(0) },
      { type: PACKET.proposal, zxid: 3n, data: Buffer.from('x') },
    ]
    const writer = new ByteWriter()
    packets.forEach((packet, i) => {
      writePacket(writer, packet, i === 2 ? ['a', '', 'c'] : i === 3 ? [] : null)
    })
    const stream = Buffer.from(writer.bytes())
    for (let size = 1; size <= stream.length; size++)
      expect(readAll(stream, size), `pieces of ${size}`).toEqual(packets)
  })

  test.each<[string, readonly number[]]>([
    ['no type', [0]],
    ['a type that nobody knows', [20]],
    ['the words of another protocol', [0x48545450]],
    ['data of 2 GiB', [8, 0, 0, 0x7fff_ffff]],
    ['data of less than nothing', [8, 0, 0, -2]],
    ['identities without end', [8, 0, 0, -1, 0x7fff_ffff]],
    ['an identity of 2 GiB', [8, 0, 0, -1, 1, 0x7fff_ffff]],
  ])('%s is refused by its first bytes', (_what, ints) => {
    const writer = new ByteWriter()
    for (const value of ints) writer.int32(value)
    expect(() => readAll(Buffer.from(writer.bytes()), 3)).toThrow(expect.objectContaining({ code: 'PROTOCOL' }))
  })

  test('that announce much cost no more than what has come', () => {
    const writer = new ByteWriter()
    for (const value of [8, 0, 0, 60 << 20]) writer.int32(value)
    const reader = new PacketReader()
    const piece = Buffer.from(writer.bytes())
    const before = process.memoryUsage().arrayBuffers
    reader.push(piece, 0)
    reader.push(Buffer.alloc(100), 0)
    expect(reader.heldBytes).toBe(116)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 20)
  })
})
