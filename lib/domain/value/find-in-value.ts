import { encodeUtf8 } from './utf8.ts'

export interface ValueMatch {
  /** Of the first occurrence, in bytes. */
  readonly offset: number
  readonly length: number
  /** Occurrences that do not overlap, at most TIMES_MAX. */
  readonly times: number
}

/** Null when the bytes do not hold what is looked for. */
export type ValueFinder = (data: Uint8Array) => ValueMatch | null

export const TIMES_MAX = 1000

/** Finds these bytes, at least one. */
export function finderOfBytes(bytes: Uint8Array): ValueFinder {
  return (data) => {
    const haystack = asBuffer(data)
    const offset = haystack.indexOf(bytes)
    if (offset === -1) return null
    let times = 0
    for (let at = offset; at !== -1 && times < TIMES_MAX; at = haystack.indexOf(bytes, at + bytes.length)) times++
    return { offset, length: bytes.length, times }
  }
}

/**
 * Finds the UTF-8 form of a text of at least one character, in any bytes: a value need not be text as a whole. Without `matchCase` each
 * character also stands for its single-character lower and upper case. Composed and decomposed forms are different texts.
 */
export function finderOfText(text: string, options: { readonly matchCase: boolean }): ValueFinder {
  if (options.matchCase) return finderOfBytes(encodeUtf8(text))
  // As Latin-1 one character is one byte, so that offsets are bytes and bytes that are no UTF-8 do no harm.
  const source = [...text].map((character) => `(?:${casesOf(character).map(toLatin1Source).join('|')})`).join('')
  return (data) => {
    const haystack = asBuffer(data).toString('latin1')
    const pattern = new RegExp(source, 'g')
    const first = pattern.exec(haystack)
    if (!first) return null
    let times = 1
    while (times < TIMES_MAX && pattern.test(haystack)) times++
    return { offset: first.index, length: first[0].length, times }
  }
}

function casesOf(character: string): string[] {
  const lower = character.toLowerCase()
  const upper = character.toUpperCase()
  const all = [character, lower, upper, lower.toUpperCase(), upper.toLowerCase()]
  return [...new Set(all.filter((each) => [...each].length === 1))]
}

function toLatin1Source(character: string): string {
  return [...encodeUtf8(character)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')
}

function asBuffer(data: Uint8Array): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength)
}

/** What stands round a match, for people. */
export interface MatchPreview {
  readonly form: 'text' | 'hex'
  readonly before: string
  readonly match: string
  readonly after: string
  /** Whether something of the value was left out in front and behind. */
  readonly cut: readonly [boolean, boolean]
}

const TEXT_AROUND = 60
const TEXT_MATCH_MAX = 200
const HEX_AROUND = 8
const HEX_MATCH_MAX = 32

/** Bounded, and safe for any bytes: as text what is not UTF-8 or cannot be seen is a dot, never a broken character. */
export function previewMatch(
  data: Uint8Array,
  { offset, length }: Pick<ValueMatch, 'offset' | 'length'>,
  form: 'text' | 'hex',
): MatchPreview {
  const around = form === 'text' ? TEXT_AROUND : HEX_AROUND
  const matchMax = form === 'text' ? TEXT_MATCH_MAX : HEX_MATCH_MAX
  const isCharacterCut = (at: number) => form === 'text' && at < data.length && (data[at]! & 0xc0) === 0x80
  let start = Math.max(0, offset - around)
  while (start < offset && isCharacterCut(start)) start++
  const end = offset + length
  let matchEnd = Math.min(end, offset + matchMax)
  while (matchEnd > offset && matchEnd < end && isCharacterCut(matchEnd)) matchEnd--
  let stop = Math.min(data.length, end + around)
  while (stop > end && isCharacterCut(stop)) stop--
  const show = form === 'text' ? showText : showHex
  return {
    form,
    before: show(data.subarray(start, offset)),
    match: `${show(data.subarray(offset, matchEnd))}${matchEnd < end ? '…' : ''}`,
    after: show(data.subarray(end, stop)),
    cut: [start > 0, stop < data.length],
  }
}

const lenient = new TextDecoder('utf-8', { ignoreBOM: true })
// Control and format characters: a right-to-left override would turn the rest of the row round.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\ufffd]/gu

function showText(bytes: Uint8Array): string {
  return lenient
    .decode(bytes)
    .replace(/\r\n|[\r\n]/g, '⏎')
    .replace(/\t/g, ' ')
    .replace(UNSEEN, '·')
}

function showHex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
}
