import { importFault } from './errors.ts'

/** Numbers stay text: zxids and session ids do not fit into a JavaScript number. */
export class JsonNumber {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}
export type Json = null | boolean | string | JsonNumber | readonly Json[] | JsonObject
export type JsonObject = ReadonlyMap<string, Json>

/** Where a container stands: how deep, and under which key of its parent (null in an array and at the top). */
export interface JsonPlace {
  readonly depth: number
  readonly key: string | null
  readonly at: number
}

/** What a form makes of a document. Throws ImportError for what does not belong there. */
export interface JsonShape {
  /** True: its members are reported one by one; false: it is collected and handed over whole. */
  enters(kind: 'object' | 'array', place: JsonPlace): boolean
  /** A value that was collected, or a scalar within an entered container. */
  value(value: Json, place: JsonPlace): void
  leave?(kind: 'object' | 'array', place: JsonPlace): void
}

interface Frame {
  readonly kind: 'object' | 'array'
  readonly place: JsonPlace
  /** Null: entered. */
  readonly collected: Map<string, Json> | Json[] | null
  key: string | null
  expects: 'first' | 'value' | 'key' | 'colon' | 'next'
}

const STRING_BYTES_MAX = 24 << 20
const DEPTH_MAX = 4096
const COLLECTED_MAX = 100_000
/** Of all texts and keys of one collected value: the largest value in base64, and much besides. */
const COLLECTED_CHARS_MAX = 48 << 20
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Reads JSON by pieces of any size. Memory: the values that a shape has collected, one at a time. Text behind a document begins another. */
export class JsonWalker {
  readonly #shape: JsonShape
  readonly #stack: Frame[] = []
  #offset = 0
  #string: { parts: Buffer[]; bytes: number; at: number; escaped: boolean; ascii: boolean } | null = null
  #afterBackslash = false
  #word = ''
  #wordAt = 0
  #collected = 0
  #collectedChars = 0
  #documents = 0

  constructor(shape: JsonShape) {
    this.#shape = shape
  }

  get documents(): number {
    return this.#documents
  }

  write(chunk: Buffer): void {
    let i = this.#offset === 0 && chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf ? 3 : 0
    while (i < chunk.length) {
      if (this.#string !== null) {
        i = this.#readString(chunk, i)
        continue
      }
      const byte = chunk[i]!
      if (isWordByte(byte)) {
        if (this.#word === '') this.#wordAt = this.#offset + i
        this.#word += String.fromCharCode(byte)
        if (this.#word.length > 400) throw this.#unexpected(this.#word.slice(0, 20), this.#wordAt)
        i++
        continue
      }
      if (this.#word !== '') this.#endWord()
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) this.#take(byte, this.#offset + i)
      i++
    }
    this.#offset += chunk.length
  }

  end(): void {
    if (this.#word !== '' && this.#stack.length === 0) this.#endWord()
    if (this.#string === null && this.#stack.length === 0 && this.#documents > 0) return
    throw importFault(
      'TRUNCATED',
      'The file ends before its JSON does',
      this.#offset,
      'copy it again from where it was',
    )
  }

  #take(byte: number, at: number): void {
    const frame = this.#stack.at(-1)
    switch (byte) {
      case 0x22:
        if (frame?.expects === 'key' || (frame?.expects === 'first' && frame.kind === 'object')) this.#beginString(at)
        else {
          this.#assertValue(at, '"')
          this.#beginString(at)
        }
        return
      case 0x7b:
      case 0x5b:
        this.#assertValue(at, String.fromCharCode(byte))
        this.#open(byte === 0x7b ? 'object' : 'array', at)
        return
      case 0x7d:
      case 0x5d: {
        const kind = byte === 0x7d ? 'object' : 'array'
        if (frame?.kind !== kind || (frame.expects !== 'first' && frame.expects !== 'next')) break
        this.#close(frame)
        return
      }
      case 0x2c:
        if (frame?.expects !== 'next') break
        frame.expects = frame.kind === 'object' ? 'key' : 'value'
        return
      case 0x3a:
        if (frame?.expects !== 'colon') break
        frame.expects = 'value'
        return
    }
    throw this.#unexpected(byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `byte ${byte}`, at)
  }

  #assertValue(at: number, found: string): void {
    const frame = this.#stack.at(-1)
    const fits =
      frame === undefined || frame.expects === 'value' || (frame.expects === 'first' && frame.kind === 'array')
    if (!fits) throw this.#unexpected(found, at)
  }

  #open(kind: 'object' | 'array', at: number): void {
    if (this.#stack.length >= DEPTH_MAX) {
      throw importFault('IMPORT_TOO_DEEP', `The JSON is nested more than ${DEPTH_MAX} levels deep`, at)
    }
    const frame = this.#stack.at(-1)
    const place = { depth: this.#stack.length, key: frame?.key ?? null, at }
    const collects = frame !== undefined && frame.collected !== null ? true : !this.#shape.enters(kind, place)
    const collected = collects ? (kind === 'object' ? new Map<string, Json>() : []) : null
    this.#stack.push({ kind, place, collected, key: null, expects: 'first' })
  }

  #close(frame: Frame): void {
    this.#stack.pop()
    if (frame.collected === null) {
      this.#shape.leave?.(frame.kind, frame.place)
      this.#done()
    } else this.#give(frame.collected, frame.place.at)
  }

  #give(value: Json, at: number): void {
    const frame = this.#stack.at(-1)
    if (frame === undefined || frame.collected === null) {
      this.#shape.value(value, { depth: this.#stack.length, key: frame?.key ?? null, at })
      this.#collected = 0
      this.#collectedChars = 0
    } else {
      if (++this.#collected > COLLECTED_MAX) {
        throw importFault('IMPORT_TOO_LARGE', `One znode holds more than ${COLLECTED_MAX} JSON values`, at)
      }
      if (Array.isArray(frame.collected)) frame.collected.push(value)
      else (frame.collected as Map<string, Json>).set(frame.key ?? '', value)
    }
    this.#done()
  }

  #done(): void {
    const frame = this.#stack.at(-1)
    if (frame === undefined) this.#documents++
    else frame.expects = 'next'
  }

  #beginString(at: number): void {
    this.#string = { parts: [], bytes: 0, at, escaped: false, ascii: true }
  }

  /** Up to the closing quote or the end of the piece; gives the place behind what was read. */
  #readString(chunk: Buffer, from: number): number {
    const string = this.#string!
    let i = from
    for (; i < chunk.length; i++) {
      const byte = chunk[i]!
      if (this.#afterBackslash) this.#afterBackslash = false
      else if (byte === 0x22) break
      else if (byte === 0x5c) {
        string.escaped = true
        this.#afterBackslash = true
      }
      if (byte < 0x20) throw this.#unexpected(`byte ${byte} in a text`, this.#offset + i)
      if (byte > 0x7f) string.ascii = false
    }
    const part = chunk.subarray(from, i)
    string.bytes += part.length
    if (string.bytes > STRING_BYTES_MAX) {
      const what = `A text of more than ${STRING_BYTES_MAX} bytes begins`
      throw importFault('IMPORT_TOO_LARGE', what, string.at, 'values of more than 16 MiB cannot be imported')
    }
    if (i === chunk.length) {
      // The piece is the caller's to use again.
      string.parts.push(Buffer.from(part))
      return i
    }
    string.parts.push(part)
    this.#string = null
    this.#giveText(this.#decode(string), string.at)
    return i + 1
  }

  #decode(string: { parts: Buffer[]; escaped: boolean; ascii: boolean; at: number }): string {
    const bytes = string.parts.length === 1 ? string.parts[0]! : Buffer.concat(string.parts)
    try {
      const text = string.ascii ? bytes.toString('latin1') : utf8.decode(bytes)
      return string.escaped ? String(JSON.parse(`"${text}"`)) : text
    } catch {
      throw importFault('BAD_JSON', 'A text is not valid JSON: an escape or a UTF-8 sequence is wrong', string.at)
    }
  }

  #giveText(text: string, at: number): void {
    const frame = this.#stack.at(-1)
    if (frame !== undefined && frame.collected !== null) {
      this.#collectedChars += text.length
      if (this.#collectedChars > COLLECTED_CHARS_MAX) {
        throw importFault('IMPORT_TOO_LARGE', `One znode holds more than ${COLLECTED_CHARS_MAX} characters of JSON`, at)
      }
    }
    if (frame?.kind === 'object' && (frame.expects === 'first' || frame.expects === 'key')) {
      if (frame.collected instanceof Map && frame.collected.has(text)) {
        throw importFault('BAD_IMPORT', `The key ${JSON.stringify(text.slice(0, 80))} is there twice`, at)
      }
      frame.key = text
      frame.expects = 'colon'
    } else this.#give(text, at)
  }

  #endWord(): void {
    const word = this.#word
    this.#word = ''
    this.#assertValue(this.#wordAt, word.slice(0, 20))
    if (word === 'null') this.#give(null, this.#wordAt)
    else if (word === 'true' || word === 'false') this.#give(word === 'true', this.#wordAt)
    else if (NUMBER.test(word)) this.#give(new JsonNumber(word), this.#wordAt)
    else throw this.#unexpected(word.slice(0, 20), this.#wordAt)
  }

  #unexpected(found: string, at: number) {
    return importFault('BAD_JSON', `The file is not valid JSON: ${found} is not expected there`, at)
  }
}

/** Letters, digits, + - . : all that numbers and the three words are made of. */
function isWordByte(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    byte === 0x2b ||
    byte === 0x2d ||
    byte === 0x2e
  )
}
