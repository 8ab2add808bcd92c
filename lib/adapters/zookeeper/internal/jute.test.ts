import { describe, expect, test } from 'vitest'
import { ZooKeeperError } from '../errors.ts'
import { JuteReader, JuteWriter } from './jute.ts'
import { AclInterner, fromServerPath, readStat, toServerPath, writeAcl } from './protocol.ts'

describe('jute', () => {
  test('what is written is read back, null and empty bytes told apart', () => {
    const bytes = new JuteWriter()
      .int(-7)
      .long(-0x8000000000000000n)
      .long(0x7fffffffffffffffn)
      .bool(true)
      .string('/ünï/路径')
      .bytes(null)
      .bytes(new Uint8Array())
      .bytes(Uint8Array.of(0, 255, 128))
      .toBuffer()
    const reader = new JuteReader(bytes)
    expect(reader.int()).toBe(-7)
    expect(reader.long()).toBe(-0x8000000000000000n)
    expect(reader.long()).toBe(0x7fffffffffffffffn)
    expect(reader.bool()).toBe(true)
    expect(reader.string()).toBe('/ünï/路径')
    expect(reader.bytes()).toBeNull()
    expect(reader.bytes()).toEqual(Buffer.alloc(0))
    expect(reader.bytes()).toEqual(Buffer.from([0, 255, 128]))
    expect(reader.remaining).toBe(0)
  })

  test('the writer grows over its first buffer and can be used again', () => {
    const writer = new JuteWriter()
    const long = 'ä'.repeat(5_000)
    for (let i = 0; i < 10; i++) writer.string(long)
    expect(writer.length).toBe(10 * 10_004)
    expect(new JuteReader(writer.toBuffer()).string()).toBe(long)
    expect(writer.reset().int(1).toBuffer()).toEqual(Buffer.from([0, 0, 0, 1]))
  })

  test('a reply cut at any byte raises REPLY_MALFORMED, never reads on', () => {
    const acl = new JuteWriter()
    writeAcl(acl, [{ perms: 31, scheme: 'digest', id: 'u:hash' }])
    const whole = acl.toBuffer()
    for (let length = 0; length < whole.length; length++) {
      // The bytes behind the end are there, as they are in a receive buffer with several frames.
      const reader = new JuteReader(Buffer.concat([whole, whole]), 0, length)
      expect(() => new AclInterner().read(reader), `cut at ${length}`).toThrow(ZooKeeperError)
    }
  })

  test('a list that announces more elements than there are bytes is refused before memory is taken', () => {
    expect(() => new JuteReader(new JuteWriter().int(0x7fffffff).toBuffer()).count(4)).toThrow(/2147483647/)
  })

  test('ids above U+FFFF are read from surrogate triplets and from plain UTF-8', () => {
    const triplets = Buffer.from([0x61, 0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80, 0x62])
    expect(new JuteReader(new JuteWriter().bytes(triplets).toBuffer()).lenientString()).toBe('a😀b')
    expect(new JuteReader(new JuteWriter().string('a😀b').toBuffer()).lenientString()).toBe('a😀b')
    const broken = Buffer.from([0xed, 0xa0, 0xbd, 0x41])
    expect(new JuteReader(new JuteWriter().bytes(broken).toBuffer()).lenientString()).toContain('\ufffd')
  })

  test('equal ACL lists are one object, a list with no permissions is a list like any other', () => {
    const acls = new AclInterner()
    const encode = (perms: number) => {
      const writer = new JuteWriter()
      writeAcl(writer, [{ perms, scheme: 'world', id: 'anyone' }])
      return new JuteReader(writer.toBuffer())
    }
    expect(acls.read(encode(31))).toBe(acls.read(encode(31)))
    expect(acls.read(encode(0))).toEqual([{ perms: 0, scheme: 'world', id: 'anyone' }])
  })

  test('the counter of creations is told from what a client sees', () => {
    const stat = new JuteWriter().long(1n).long(2n).long(1_700_000_000_000n).long(1_700_000_000_001n)
    stat
      .int(3)
      .int(2 * 7 - 4)
      .int(5)
      .long(0n)
      .int(10)
      .int(4)
      .long(6n)
    const read = readStat(new JuteReader(stat.toBuffer()))
    expect(read.stat.cversion).toBe(7)
    expect(read).toMatchObject({
      dataLength: 10,
      numChildren: 4,
      stat: { mzxid: 2n, pzxid: 6n, ctime: 1_700_000_000_000, mtime: 1_700_000_000_001, version: 3, aversion: 5 },
    })
  })

  test('the chroot is put in front of paths and taken off again', () => {
    for (const path of ['/', '/a', '/a/b']) {
      expect(fromServerPath('/app', toServerPath('/app', path))).toBe(path)
      expect(fromServerPath('', toServerPath('', path))).toBe(path)
    }
    expect(toServerPath('/app', '/')).toBe('/app')
  })
})
