// Deeper levels are not indented further, so that hostile nesting cannot make the output quadratic.
const INDENT_LEVELS_MAX = 40

export type JsonShape = 'object' | 'array' | 'scalar'

/** What kind of JSON document the text is, or null when it is none. */
export function findJsonShape(text: string): JsonShape | null {
  const first = text.trimStart().charAt(0)
  if (!/[[{"\-0-9tfn]/.test(first)) return null
  try {
    JSON.parse(text)
  } catch {
    return null
  }
  return first === '{' ? 'object' : first === '[' ? 'array' : 'scalar'
}

/**
 * The same tokens in the same order with two-space indentation. Number literals, escapes and duplicate keys stay as written,
 * which a parse and stringify would not keep. Null when the text is not JSON.
 */
export function formatJsonText(text: string): string | null {
  if (findJsonShape(text) === null) return null
  const out: string[] = []
  let depth = 0
  const newLine = () => out.push('\n', '  '.repeat(Math.min(depth, INDENT_LEVELS_MAX)))
  for (let i = 0; i < text.length; ) {
    const char = text.charAt(i)
    if (char === ' ' || char === '\t' || char === '\n' || char === '\r') {
      i++
    } else if (char === '"') {
      const end = endOfString(text, i)
      out.push(text.slice(i, end))
      i = end
    } else if (char === '{' || char === '[') {
      const next = skipSpace(text, i + 1)
      const closer = text.charAt(next)
      if (closer === '}' || closer === ']') {
        out.push(char, closer)
        i = next + 1
      } else {
        out.push(char)
        depth++
        newLine()
        i++
      }
    } else if (char === '}' || char === ']') {
      depth--
      newLine()
      out.push(char)
      i++
    } else if (char === ',') {
      out.push(char)
      newLine()
      i++
    } else if (char === ':') {
      out.push(': ')
      i++
    } else {
      const end = endOfLiteral(text, i)
      out.push(text.slice(i, end))
      i = end
    }
  }
  return out.join('')
}

function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const char = text.charAt(i)
    if (char === '\\') i++
    else if (char === '"') return i + 1
  }
  return text.length
}

function endOfLiteral(text: string, start: number): number {
  let i = start
  while (i < text.length && !/[\s,:[\]{}"]/.test(text.charAt(i))) i++
  return Math.max(i, start + 1)
}

function skipSpace(text: string, start: number): number {
  let i = start
  while (i < text.length && /[ \t\n\r]/.test(text.charAt(i))) i++
  return i
}
