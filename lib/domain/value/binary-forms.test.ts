import { describe, expect, test } from 'vitest'
import { describeValue } from './describe-value.ts'
import { describeJavaObject, findJavaObject } from './java-object.ts'
import { findPacking } from './packing.ts'
import { parseProtobuf } from './protobuf-fields.ts'

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))

describe('packing', () => {
  test.each([
    ['1f8b0800', 'gzip'],
    ['28b52ffd', 'zstd'],
    // Another method than deflate, and marks that are cut.
    ['1f8b0700', null],
    ['1f8b', null],
    ['28b52f', null],
    ['', null],
  ])('%s begins like %s', (bytes, packing) => {
    expect(findPacking(hex(bytes))).toBe(packing)
  })

  test('null data is not packed', () => {
    expect(findPacking(null)).toBeNull()
  })
})

/** Streams that ObjectOutputStream of OpenJDK 17 wrote. */
const JAVA: Readonly<Record<string, string>> = {
  map:
    'aced0005737200116a6176612e7574696c2e486173684d61700507dac1c31660d103000246000a6c6f6164466163746f' +
    '724900097468726573686f6c6478703f40000000000001770800000002000000017400016b7400017678',
  order:
    'aced000573720009536572244f7264657233958c867f5f260402000249000269644c00046e616d657400124c6a617661' +
    '2f6c616e672f537472696e673b78700000000774000178',
  bytes: 'aced0005757200025b42acf317f8060854e00200007870000000020102',
  enum:
    'aced00057e72001d6a6176612e7574696c2e636f6e63757272656e742e54696d65556e69740000000000000000120000' +
    '7872000e6a6176612e6c616e672e456e756d000000000000000012000078707400075345434f4e4453',
  string: 'aced000574000568656c6c6f',
  null: 'aced000570',
  numbers: 'aced000577080000000500026869',
  numberThenOrder:
    'aced000577040000000573720009536572244f7264657233958c867f5f260402000249000269644c00046e616d657400' +
    '124c6a6176612f6c616e672f537472696e673b78700000000774000178',
  class: 'aced0005767200106a6176612e6c616e672e537472696e67a0f0a4387a3bb3420200007870',
  proxy:
    'aced0005737d0000000200126a6176612e6c616e672e52756e6e61626c6500146a6176612e6c616e672e436f6d706172' +
    '61626c65787200176a6176612e6c616e672e7265666c6563742e50726f7879e127da20cc1043cb0200014c0001687400' +
    '254c6a61',
}
const java = (name: string) => hex(JAVA[name] ?? '')

describe('findJavaObject', () => {
  test.each([
    ['map', { kind: 'object', className: 'java.util.HashMap' }],
    ['order', { kind: 'object', className: 'Ser$Order' }],
    ['bytes', { kind: 'array', className: '[B' }],
    ['enum', { kind: 'enum', className: 'java.util.concurrent.TimeUnit' }],
    ['string', { kind: 'string', text: 'hello' }],
    ['null', { kind: 'null' }],
    ['numbers', { kind: 'block-data' }],
    ['numberThenOrder', { kind: 'object', className: 'Ser$Order' }],
    ['class', { kind: 'class', className: 'java.lang.String' }],
    ['proxy', { kind: 'proxy', interfaces: ['java.lang.Runnable', 'java.lang.Comparable'] }],
  ])('reads what comes first: %s', (name, expected) => {
    expect(findJavaObject(java(name))).toEqual(expected)
  })

  test('is a view of its own buffer, wherever that begins', () => {
    const within = Buffer.concat([Buffer.from([1, 2, 3]), java('map'), Buffer.from([9])])
    expect(findJavaObject(within.subarray(3, -1))).toEqual({ kind: 'object', className: 'java.util.HashMap' })
  })

  test('says unknown for a stream that breaks off before a name, whatever the place', () => {
    for (const name of Object.keys(JAVA)) {
      const whole = java(name)
      for (let length = 4; length < whole.length; length++) {
        const cut = findJavaObject(whole.subarray(0, length))
        const allowed = [findJavaObject(whole), { kind: 'unknown' }, { kind: 'block-data' }]
        expect(allowed).toContainEqual(cut)
      }
    }
    expect(findJavaObject(java('map').subarray(0, 20))).toEqual({ kind: 'unknown' })
    expect(findJavaObject(hex('aced0005'))).toEqual({ kind: 'unknown' })
    expect(findJavaObject(hex('aced000574ffff61'))).toEqual({ kind: 'unknown' })
  })

  test('is nothing for other bytes', () => {
    expect(findJavaObject(hex('aced0004'))).toBeNull()
    expect(findJavaObject(hex('ac'))).toBeNull()
  })

  test('is told on the hex view', () => {
    expect(describeValue(java('order'))).toMatchObject({
      form: 'binary',
      best: 'hex',
      signature: 'A serialized Java object of class Ser$Order.',
    })
    expect(describeJavaObject({ kind: 'string', text: 'x'.repeat(500) }).length).toBeLessThan(200)
  })
})

describe('parseProtobuf', () => {
  test('lists fields by number with their wire type', () => {
    // The examples of the encoding guide: an integer 150, the text "testing", and one of each fixed size.
    const parsed = parseProtobuf(hex('08 96 01 12 07 74 65 73 74 69 6e 67 1d 00 00 80 3f 21 00 00 00 00 00 00 f0 3f'))
    expect(parsed).toEqual({
      hasHBasePrefix: false,
      total: 4,
      fields: [
        { offset: 0, number: 1, wireType: 'varint', preview: '150' },
        { offset: 3, number: 2, wireType: 'bytes', preview: '"testing"' },
        { offset: 12, number: 3, wireType: 'fixed32', preview: '1065353216, or 1 as a float' },
        { offset: 17, number: 4, wireType: 'fixed64', preview: '4607182418800017408, or 1 as a float' },
      ],
    })
  })

  test('shows bytes that are no text as hex, and cuts what is long', () => {
    expect(parseProtobuf(hex('0a 03 08 96 01'))?.fields[0]?.preview).toBe('08 96 01')
    expect(parseProtobuf(hex(`0a 64 ${'00'.repeat(100)}`))?.fields[0]?.preview).toMatch(/^00 00 .* … \(100 bytes\)$/)
    expect(parseProtobuf(hex(`0a c8 01 ${'61'.repeat(200)}`))?.fields[0]?.preview).toBe(`"${'a'.repeat(120)}…`)
    expect(parseProtobuf(hex('0a 00'))?.fields[0]?.preview).toBe('empty')
  })

  test('reads a varint of ten bytes and no longer one', () => {
    expect(parseProtobuf(hex('08 ff ff ff ff ff ff ff ff ff 01'))?.fields[0]?.preview).toBe('18446744073709551615')
    expect(parseProtobuf(hex('08 ff ff ff ff ff ff ff ff ff 02'))).toBeNull()
    expect(parseProtobuf(hex('08 ff ff ff ff ff ff ff ff ff ff 01'))).toBeNull()
  })

  test.each([
    ['nothing', ''],
    ['field number 0', '00 01'],
    ['a reserved field number', 'c0 a3 09 01'],
    ['a group', '0b 0c'],
    ['wire type 7', '0f 01'],
    ['a length beyond the end', '0a 05 61'],
    ['a length beyond all bounds', '0a ff ff ff ff ff ff ff ff ff 01'],
    ['a fixed64 that is cut', '09 00 00'],
    ['a tag without a value', '08'],
    ['bytes after the last field', '08 01 ff'],
  ])('refuses %s', (_name, bytes) => {
    expect(parseProtobuf(hex(bytes))).toBeNull()
  })

  test('knows the prefix of HBase', () => {
    const meta = hex('50425546 0a07 74657374696e67')
    expect(parseProtobuf(meta)).toMatchObject({ hasHBasePrefix: true, total: 1, fields: [{ offset: 4 }] })
    expect(describeValue(meta)).toMatchObject({ form: 'binary', best: 'protobuf' })
  })

  test('keeps what it lists within bounds', () => {
    const parsed = parseProtobuf(hex('0801'.repeat(2000)))
    expect(parsed?.total).toBe(2000)
    expect(parsed?.fields).toHaveLength(500)
  })
})

describe('the protobuf view', () => {
  test('is the best one for bytes that parse whole, with hex beside it', () => {
    const description = describeValue(hex('08 96 01 12 07 74 65 73 74 69 6e 67'))
    expect(description).toMatchObject({ form: 'binary', best: 'protobuf' })
    expect(description.unavailable.protobuf).toBeUndefined()
    expect(description.unavailable.hex).toBeUndefined()
  })

  test('is not offered for text, nor for what has a mark of its own, nor for what does not parse', () => {
    expect(describeValue(Buffer.from('{"a":1}')).unavailable.protobuf).toBe('The value is text')
    expect(describeValue(java('map')).unavailable.protobuf).toBeDefined()
    expect(describeValue(hex('ff fe 00'))).toMatchObject({ best: 'hex' })
    expect(describeValue(null).unavailable.protobuf).toBeDefined()
  })
})
