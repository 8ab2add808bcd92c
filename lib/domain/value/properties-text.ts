export interface PropertyLine {
  readonly key: string
  /** As written, escapes included; joined with line feeds where the value went on over several lines. */
  readonly value: string
  readonly line: number
}

const PAIR = /^\s*([A-Za-z0-9_][A-Za-z0-9_.\-/[\]]*)\s*[=:]\s*(.*)$/

/** Keys and values of a `.properties` text, or null when a line is neither a pair, a comment nor blank, or when there is no pair at all. */
export function parseProperties(text: string): PropertyLine[] | null {
  const pairs: PropertyLine[] = []
  const lines = text.split(/\r\n|\n|\r/)
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? ''
    if (/^\s*(?:[#!].*)?$/.test(line)) continue
    const match = PAIR.exec(line)
    if (!match?.[1]) return null
    const start = i + 1
    let value = match[2] ?? ''
    while (endsWithContinuation(value) && i + 1 < lines.length) value = `${value}\n${lines[++i] ?? ''}`
    pairs.push({ key: match[1], value, line: start })
  }
  return pairs.length > 0 ? pairs : null
}

/**
 * True for a text that reads as properties on sight: each pair has an equals sign, and a lone pair has a value.
 * `host:9092` and base64 with its padding are not taken for properties.
 */
export function looksLikeProperties(text: string): boolean {
  const pairs = parseProperties(text)
  if (!pairs) return false
  const usesEquals = text.split(/\r\n|\n|\r/).some((line) => /^\s*[A-Za-z0-9_][A-Za-z0-9_.\-/[\]]*\s*=/.test(line))
  if (!usesEquals) return false
  const only = pairs.length === 1 ? pairs[0] : undefined
  return only === undefined || (only.value !== '' && !/^=*$/.test(only.value))
}

function endsWithContinuation(value: string): boolean {
  return (/\\+$/.exec(value)?.[0].length ?? 0) % 2 === 1
}
