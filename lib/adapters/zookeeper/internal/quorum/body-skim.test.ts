import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ByteWriter } from '../../../../base/bytes.ts'
import { bodyOf, findCorpusSet } from '../../../../testing/corpus.ts'
import { BodySkim } from './body-skim.ts'

const SIGNATURE = Buffer.from('\0\0\0\nBenWasHere', 'latin1')

function writeNode(writer: ByteWriter, path: string, data: string | null): void {
  writer.string(path)
  writer.buffer(data === null ? null : Buffer.from(data))
  writer.raw(Buffer.alloc(68))
}

/** A tree whose data looks like its end, with lists that are null, empty and long. */
function trickyBody(): Buffer {
  const writer = new ByteWriter()
  writer.int32(2)
  writer.raw(Buffer.alloc(24, 0xff))
  writer.int32(3)
  for (const entries of [-1, 0, 2]) {
    writer.int64(BigInt(entries))
    writer.int32(entries)
    for (let i = 0; i < entries; i++) {
      writer.int32(31)
      writer.string('digest')
      writer.buffer(i === 0 ? null : Buffer.from('ark:x'))
    }
  }
  writeNode(writer, '', '')
  writeNode(writer, '/a', '\0\0\0\x01/\0\0\0\nBenWasHere')
  writeNode(writer, '/b', null)
  writer.string('/')
  return Buffer.from(writer.bytes())
}

const ints =
  (...values: number[]) =>
  (writer: ByteWriter) => {
    for (const value of values) writer.int32(value)
  }

/** Where the body ended, pushed in pieces of this size; null when its end was not found. */
function skim(stream: Buffer, size: number): { body: number; end: number } | null {
  const reader = new BodySkim()
  let body = 0
  for (let from = 0; from < stream.length; from += size) {
    const piece = stream.subarray(from, from + size)
    const at = reader.push(piece, 0)
    body += reader.bodyEnd
    if (reader.isDone) return { body, end: from + at }
    expect(at).toBe(piece.length)
  }
  return null
}

describe('the end of a tree', () => {
  test('is found wherever the network cuts, and not in data that looks like it', () => {
    const body = trickyBody()
    const stream = Buffer.concat([body, SIGNATURE, Buffer.from('what follows')])
    for (let size = 1; size <= stream.length; size++) {
      expect(skim(stream, size), `pieces of ${size}`).toEqual({
        body: body.length,
        end: body.length + SIGNATURE.length,
      })
    }
  })

  test('of a real server is the end of its snapshot', () => {
    for (const { file } of findCorpusSet('3.9.6').snapshots) {
      const body = bodyOf(readFileSync(file))
      const stream = Buffer.concat([body, SIGNATURE])
      expect(skim(stream, 1000), file).toEqual({ body: body.length, end: stream.length })
    }
  })

  test('is not claimed of a tree that is cut', () => {
    const stream = Buffer.concat([trickyBody(), SIGNATURE])
    for (let length = 0; length < stream.length; length++) expect(skim(stream.subarray(0, length), 7)).toBeNull()
  })

  test.each<[string, (writer: ByteWriter) => void]>([
    ['sessions', ints(0x7fff_ffff)],
    ['lists', ints(0, 0x7fff_ffff)],
    ['a list', ints(0, 1, 0, 1, 0x7fff_ffff)],
    ['a scheme', ints(0, 1, 0, 1, 1, 31, 0x7fff_ffff)],
    ['a root that is none', ints(0, 0, 5)],
    ['data', ints(0, 0, 0, 0x7fff_ffff)],
    ['less than nothing', ints(0, 0, 0, -2)],
    [
      'a second root',
      (writer) => {
        writer.int64(0n)
        writeNode(writer, '', null)
        writeNode(writer, '', null)
      },
    ],
    [
      'another signature',
      (writer) => {
        writer.int64(0n)
        writeNode(writer, '', null)
        writer.string('/')
        writer.string('BenWasNot!')
      },
    ],
  ])('garbage is refused as soon as it is seen: %s', (_what, write) => {
    const writer = new ByteWriter()
    write(writer)
    expect(() => skim(Buffer.from(writer.bytes()), 5)).toThrow(expect.objectContaining({ code: 'PROTOCOL' }))
  })
})
