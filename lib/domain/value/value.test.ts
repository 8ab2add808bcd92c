import { describe, expect, test } from 'vitest'
import { decodeBase64, encodeBase64 } from './base64.ts'
import { describeValue } from './describe-value.ts'
import { formatHex, hexRowAt, hexRowCount, hexRowDifferences, parseHex } from './hex.ts'
import { formatJsonText } from './json-text.ts'
import { looksLikeProperties, parseProperties } from './properties-text.ts'
import { decodeUtf8, encodeUtf8, findTextEditFault, lineEndsOf, withLineEnds } from './utf8.ts'
import { formatXmlText, isXml } from './xml-text.ts'

const bytes = (...values: number[]) => Uint8Array.from(values)
const describeText = (text: string) => describeValue(encodeUtf8(text))

describe('describeValue', () => {
  test('tells null, empty and text apart', () => {
    expect(describeValue(null).form).toBe('null')
    expect(describeValue(bytes()).form).toBe('empty')
    expect(describeText('null').form).toBe('text')
    expect(describeText(' ').form).toBe('text')
  })

  test.each([
    ['{"a":1}', 'json'],
    ['[]', 'json'],
    ['12345', 'text'],
    ['true', 'text'],
    ['{"a":1', 'text'],
    ['<?xml version="1.0"?>\n<a><b x="1"/></a>', 'xml'],
    ['<a><b></a></b>', 'text'],
    ['a=1\nb=2\n', 'properties'],
    ['# note\nzk.timeout = 30000', 'properties'],
    ['localhost:9092', 'text'],
    ['c2VjcmV0', 'text'],
    ['c2VjcmV0cw==', 'text'],
    ['http://host:80/x?a=b', 'text'],
    ['配置', 'text'],
  ])('%j is %s', (text, form) => {
    expect(describeText(text).form).toBe(form)
  })

  test('bytes that are not UTF-8 have no text view and say why', () => {
    const description = describeValue(bytes(0xff, 0xfe, 0x00))
    expect(description).toMatchObject({ form: 'binary', text: null, best: 'hex' })
    expect(description.unavailable.text).toBe('The value is not valid UTF-8')
    expect(description.unavailable.hex).toBeUndefined()
  })

  test('text with control characters is shown as bytes first', () => {
    expect(describeValue(bytes(0, 0, 0, 1))).toMatchObject({ form: 'binary', best: 'hex' })
  })

  test('names well-known formats by their first bytes', () => {
    expect(describeValue(bytes(0x1f, 0x8b, 8, 0)).signature).toBe('It begins like gzip data.')
    expect(describeValue(bytes(0xca, 0xfe, 0xba, 0xbe)).signature).toBe('It begins like a Java class file.')
    expect(describeValue(bytes(0xff, 0xfe)).signature).toBeNull()
  })
})

describe('text', () => {
  test('decoding and encoding give the same bytes, byte order mark included', () => {
    const value = bytes(0xef, 0xbb, 0xbf, 0x61, 0x62)
    expect(encodeUtf8(decodeUtf8(value) ?? '')).toEqual(value)
  })

  test('an overlong or cut sequence is not text', () => {
    expect(decodeUtf8(bytes(0xc0, 0x80))).toBeNull()
    expect(decodeUtf8(bytes(0xe4, 0xb8))).toBeNull()
  })

  test('line ends of a value survive an edit in a text box', () => {
    expect(lineEndsOf('a\r\nb\r\n')).toBe('crlf')
    expect(withLineEnds('a\nc\n', 'crlf')).toBe('a\r\nc\r\n')
    expect(lineEndsOf('a\nb')).toBe('lf')
    expect(lineEndsOf('a\r\nb\n')).toBe('mixed')
    expect(lineEndsOf('a\rb')).toBe('mixed')
    expect(lineEndsOf('a')).toBe('none')
  })

  test('a value that a text box would change is refused for text editing', () => {
    expect(findTextEditFault('a\r\nb\nc')).toContain('line ends')
    expect(findTextEditFault('a\u0000b')).toContain('control characters')
    expect(findTextEditFault('a\tb\nc')).toBeNull()
  })
})

describe('formatJsonText', () => {
  test('keeps number literals, escapes and duplicate keys as written', () => {
    expect(formatJsonText('{"a":12345678901234567890,"a":1.10,"s":"\\u0041\\n{}"}')).toBe(
      '{\n  "a": 12345678901234567890,\n  "a": 1.10,\n  "s": "\\u0041\\n{}"\n}',
    )
  })

  test('keeps empty objects and lists on one line', () => {
    expect(formatJsonText('{"a":{ },"b":[ ]}')).toBe('{\n  "a": {},\n  "b": []\n}')
  })

  test('is null for anything but JSON', () => {
    for (const text of ['', 'a', '{', '{"a":}', '[1,]', 'NaN', '01']) expect(formatJsonText(text)).toBeNull()
  })

  test('formatting changes no token: parsed values are equal', () => {
    const text = JSON.stringify({ a: [1, [2, { b: 'x, y: {z}' }], []], c: null, d: '"\\' })
    expect(JSON.parse(formatJsonText(text) ?? '')).toEqual(JSON.parse(text))
  })

  test('deep nesting stays linear', () => {
    const depth = 20_000
    const formatted = formatJsonText(`${'['.repeat(depth)}1${']'.repeat(depth)}`)
    expect(formatted?.length).toBeLessThan(depth * 200)
  })
})

describe('XML', () => {
  test('indents elements and keeps text where it is', () => {
    expect(formatXmlText('<?xml version="1.0"?><a k="1"><b>text</b><c/><d><e> x </e></d></a>')).toBe(
      '<?xml version="1.0"?>\n<a k="1">\n  <b>text</b>\n  <c/>\n  <d>\n    <e> x </e>\n  </d>\n</a>',
    )
  })

  test('mixed content stays on the line of its element', () => {
    expect(formatXmlText('<p>one <b>two</b> three</p>')).toBe('<p>one <b>two</b> three</p>')
  })

  test('comments, CDATA and a document type are kept', () => {
    const text = '<!DOCTYPE a [<!ELEMENT a ANY>]>\n<!-- n -->\n<a><![CDATA[ <x> ]]></a>'
    expect(formatXmlText(text)).toContain('<![CDATA[ <x> ]]>')
    expect(isXml(text)).toBe(true)
  })

  test.each(['<', '<a>', '</a>', '<a></b>', '<a/><b/>', '<a/>text', 'text<a/>', '<a b></a>', '< a/>'])(
    '%j is not XML',
    (text) => {
      expect(isXml(text)).toBe(false)
    },
  )
})

describe('properties', () => {
  test('reads keys, values, comments and continued lines', () => {
    expect(parseProperties('# c\n! d\n\na.b = 1\r\nlist=x,\\\n  y\nempty=')).toEqual([
      { key: 'a.b', value: '1', line: 4 },
      { key: 'list', value: 'x,\\\n  y', line: 5 },
      { key: 'empty', value: '', line: 7 },
    ])
  })

  test('a text with any other line is not a list of properties', () => {
    expect(parseProperties('a=1\nhello world')).toBeNull()
    expect(parseProperties('# only a comment')).toBeNull()
    expect(looksLikeProperties('a: 1\nb: 2')).toBe(false)
  })
})

describe('hex', () => {
  const all = Uint8Array.from({ length: 256 }, (_, i) => i)

  test('rows cover every byte with offset and printable text', () => {
    expect(hexRowCount(0)).toBe(0)
    expect(hexRowCount(17)).toBe(2)
    expect(hexRowAt(all, 4)).toEqual({
      offset: '00000040',
      bytes: ['40', '41', '42', '43', '44', '45', '46', '47', '48', '49', '4a', '4b', '4c', '4d', '4e', '4f'],
      ascii: '@ABCDEFGHIJKLMNO',
    })
    expect(hexRowAt(bytes(0, 0x7e, 0x7f), 0).ascii).toBe('.~.')
  })

  test('what the editor shows reads back to the same bytes', () => {
    expect(parseHex(formatHex(all))).toEqual({ kind: 'bytes', bytes: all })
    expect(parseHex('')).toEqual({ kind: 'bytes', bytes: bytes() })
  })

  test('says what is wrong with hex text', () => {
    expect(parseHex('0g')).toEqual({ kind: 'fault', message: '"g" is not a hex digit' })
    expect(parseHex('abc')).toEqual({ kind: 'fault', message: 'The last byte has only one hex digit' })
  })

  test('marks the bytes that differ, and those that the other value does not have', () => {
    expect(hexRowDifferences(bytes(1, 2, 3), bytes(1, 9), 0)).toEqual([false, true, true])
  })

  test('base64 reads back to the same bytes', () => {
    expect(decodeBase64(encodeBase64(all))).toEqual(all)
    const large = new Uint8Array(100_001).fill(0xfe)
    expect(decodeBase64(encodeBase64(large))).toEqual(large)
  })
})
