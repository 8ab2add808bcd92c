import { describeJavaObject, findJavaObject } from './java-object.ts'
import { findJsonShape } from './json-text.ts'
import { looksLikeProperties, parseProperties } from './properties-text.ts'
import { parseProtobuf } from './protobuf-fields.ts'
import { decodeUtf8, hasControlCharacters } from './utf8.ts'
import { isXml } from './xml-text.ts'

export type ValueForm = 'null' | 'empty' | 'text' | 'json' | 'xml' | 'properties' | 'binary'
export type ValueView = 'text' | 'json' | 'xml' | 'properties' | 'protobuf' | 'hex'

export interface ValueDescription {
  readonly form: ValueForm
  /** The whole value as text where it is valid UTF-8; null otherwise and for null data. */
  readonly text: string | null
  /** What binary data begins like, one sentence, e.g. `It begins like gzip data.`; null where nothing is known of it. */
  readonly signature: string | null
  /** The view that shows it best. */
  readonly best: ValueView
  /** Why a view cannot show this value, one sentence; a view that can is absent. */
  readonly unavailable: Readonly<Partial<Record<ValueView, string>>>
}

const NOTHING: Readonly<Partial<Record<ValueView, string>>> = {
  json: 'There is nothing to show as JSON',
  xml: 'There is nothing to show as XML',
  properties: 'There is nothing to show as properties',
  protobuf: 'There is nothing to show as protobuf fields',
}

/** What the bytes are, for people. Null data, empty data and text are told apart. Never throws. */
export function describeValue(data: Uint8Array | null): ValueDescription {
  if (data === null) return { form: 'null', text: null, signature: null, best: 'text', unavailable: NOTHING }
  if (data.length === 0) return { form: 'empty', text: '', signature: null, best: 'text', unavailable: NOTHING }
  const text = decodeUtf8(data)
  if (text === null) {
    const reason = 'The value is not valid UTF-8'
    const unavailable = { text: reason, json: reason, xml: reason, properties: reason }
    return describeBinary(data, null, unavailable)
  }
  const unavailable: Partial<Record<ValueView, string>> = {}
  const json = findJsonShape(text)
  const xml = isXml(text)
  if (json === null) unavailable.json = 'The value is not a JSON document'
  if (!xml) unavailable.xml = 'The value is not an XML document'
  if (parseProperties(text) === null) unavailable.properties = 'The value is not a list of key=value lines'
  if (hasControlCharacters(text)) return describeBinary(data, text, unavailable)
  unavailable.protobuf = 'The value is text'
  // A bare number or word is JSON too, but it reads as text.
  if (json === 'object' || json === 'array') return { form: 'json', text, signature: null, best: 'json', unavailable }
  if (xml) return { form: 'xml', text, signature: null, best: 'xml', unavailable }
  if (looksLikeProperties(text)) return { form: 'properties', text, signature: null, best: 'properties', unavailable }
  return { form: 'text', text, signature: null, best: 'text', unavailable }
}

function describeBinary(
  data: Uint8Array,
  text: string | null,
  others: ValueDescription['unavailable'],
): ValueDescription {
  const signature = findSignature(data)
  // What has a mark of its own is not taken for what has none.
  const isProtobuf = (signature === null || signature === HBASE) && parseProtobuf(data) !== null
  const unavailable = isProtobuf ? others : { ...others, protobuf: 'The bytes are not well-formed protobuf' }
  return { form: 'binary', text, signature, best: isProtobuf ? 'protobuf' : 'hex', unavailable }
}

const HBASE = 'It begins like a protocol buffer of HBase.'

const SIGNATURES: ReadonlyArray<readonly [string, readonly number[]]> = [
  ['gzip data', [0x1f, 0x8b]],
  ['Zstandard data', [0x28, 0xb5, 0x2f, 0xfd]],
  ['LZ4 frame', [0x04, 0x22, 0x4d, 0x18]],
  ['Snappy framed data', [0xff, 0x06, 0x00, 0x00, 0x73, 0x4e, 0x61, 0x50]],
  ['a ZIP file', [0x50, 0x4b, 0x03, 0x04]],
  ['a Java class file', [0xca, 0xfe, 0xba, 0xbe]],
]

function findSignature(data: Uint8Array): string | null {
  const java = findJavaObject(data)
  if (java) return describeJavaObject(java)
  if (startsWith(data, [0x50, 0x42, 0x55, 0x46])) return HBASE
  const known = SIGNATURES.find(([, magic]) => startsWith(data, magic))
  return known ? `It begins like ${known[0]}.` : null
}

function startsWith(data: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, i) => data[i] === byte)
}
