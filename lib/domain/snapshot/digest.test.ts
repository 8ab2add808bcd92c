import { crc32 } from 'node:zlib'
import { expect, test } from 'vitest'
import { nodeDigest, TreeDigest } from './digest.ts'

/** A record's fields laid out one after the other. */
function node(path: string, data: Buffer | null, stat: Buffer = Buffer.alloc(60)) {
  const pathBytes = Buffer.from(path)
  const bytes = Buffer.concat([pathBytes, data ?? Buffer.alloc(0), stat])
  const dataStart = pathBytes.length
  const dataLength = data?.length ?? 0
  return {
    bytes,
    at: {
      pathStart: 0,
      pathEnd: dataStart,
      dataStart,
      dataEnd: data === null ? dataStart - 1 : dataStart + dataLength,
      statAt: dataStart + dataLength,
    },
  }
}

/** As stored: czxid mzxid ctime mtime version cversion aversion owner pzxid. */
function stat(zxid: bigint, time: bigint): Buffer {
  const bytes = Buffer.alloc(60)
  for (const at of [0, 8, 52]) bytes.writeBigInt64BE(zxid, at)
  for (const at of [16, 24]) bytes.writeBigInt64BE(time, at)
  return bytes
}

test('gives the digests that real servers gave', () => {
  const root = node('', null)
  const system = node('/zookeeper', Buffer.alloc(0))
  expect(nodeDigest(root.bytes, root.at)).toBe(0x04128908)
  expect(nodeDigest(system.bytes, system.at)).toBe(0x4db44d58)
  const text = node('/app/text-é', Buffer.from('naïve – ☃'), stat(11n, 1795433909837n))
  expect(nodeDigest(text.bytes, text.at)).toBe(0x646231e3)
})

test('the empty tree of every server has the published digest, whatever its config and quota hold', () => {
  const digest = new TreeDigest()
  for (const path of ['', '/zookeeper', '/zookeeper/config', '/zookeeper/quota']) {
    const { bytes, at } = node(path, path.length > 10 ? Buffer.from('anything') : null)
    digest.add(bytes, at)
  }
  expect(digest.value()).toBe(0x51c6d660n)
})

test('/zookeeper-like siblings are counted: the exclusion ends at a slash', () => {
  const digest = new TreeDigest()
  const { bytes, at } = node('/zookeeperish', null)
  digest.add(bytes, at)
  expect(digest.value()).toBe(BigInt(nodeDigest(bytes, at)))
})

test('data of any length goes the same way through both ways of computing', () => {
  for (const length of [0, 1, 3, 4, 191, 192, 193, 5000]) {
    const data = Buffer.alloc(length, 0x5a)
    const { bytes, at } = node('/n', data)
    expect(nodeDigest(bytes, at), `${length} bytes`).toBe(
      crc32(Buffer.concat([Buffer.from('/n'), data, Buffer.alloc(60)])),
    )
  }
})

test('the ASCII variant replaces each UTF-16 unit of a path by a question mark and leaves data alone', () => {
  const digest = new TreeDigest()
  const unicode = node('/é漢', Buffer.from('é'))
  const ascii = node('/??', Buffer.from('é'))
  digest.add(unicode.bytes, unicode.at)
  expect(digest.value()).toBe(BigInt(nodeDigest(unicode.bytes, unicode.at)))
  expect(digest.asciiValue()).toBe(BigInt(nodeDigest(ascii.bytes, ascii.at)))
})
