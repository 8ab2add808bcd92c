const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

/** The text, byte order mark included, or null when the bytes are not valid UTF-8. Encoding it again gives the same bytes. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes)
  } catch {
    return null
  }
}

export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text)
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/

/** True when the text holds a control character other than tab, line feed and carriage return. */
export function hasControlCharacters(text: string): boolean {
  return CONTROL.test(text)
}

export type LineEnds = 'none' | 'lf' | 'crlf' | 'mixed'

export function lineEndsOf(text: string): LineEnds {
  const crlf = text.match(/\r\n/g)?.length ?? 0
  const cr = (text.match(/\r/g)?.length ?? 0) - crlf
  const lf = (text.match(/\n/g)?.length ?? 0) - crlf
  if (cr > 0 || (crlf > 0 && lf > 0)) return 'mixed'
  if (crlf > 0) return 'crlf'
  return lf > 0 ? 'lf' : 'none'
}

/** Null when a text box gives the text back unchanged (line ends apart); else why not, one sentence. */
export function findTextEditFault(text: string): string | null {
  if (hasControlCharacters(text))
    return 'The value holds control characters that a text box would lose. Edit it as hex.'
  if (lineEndsOf(text) === 'mixed')
    return 'The value mixes line ends, which a text box would make alike. Edit it as hex.'
  return null
}

/** A text box turns every line end into LF; this puts back the line ends that the value had. */
export function withLineEnds(edited: string, lineEnds: LineEnds): string {
  const lf = edited.replaceAll('\r\n', '\n')
  return lineEnds === 'crlf' ? lf.replaceAll('\n', '\r\n') : lf
}
