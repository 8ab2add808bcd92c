/** `*` in a name: any run of characters. */
const STAR = Symbol('*')
/** A whole segment `**`: any number of names, none included. */
const ANY_DEPTH = Symbol('**')
type Name = readonly (string | typeof STAR)[]
type Segment = Name | typeof ANY_DEPTH

/** Longest pattern, in UTF-16 units. */
export const PATTERN_LENGTH_MAX = 1000

// `/a/b` that znode; `/a/b/**` it and everything below; `/a/*/c` any one name in between; `/**/tmp-*` at any depth; `\*` a star itself.
/** Null when the text is a pattern of paths; else the reason, one clause without full stop. */
export function findPatternFault(pattern: string): string | null {
  if (pattern.length > PATTERN_LENGTH_MAX) return `the pattern is longer than ${PATTERN_LENGTH_MAX} characters`
  if (!pattern.startsWith('/')) return 'the pattern does not start with /'
  if (pattern === '/') return null
  for (const text of pattern.slice(1).split('/')) {
    if (text === '') return pattern.endsWith('/') ? 'the pattern ends with /' : 'the pattern has an empty name'
    if (text === '**') continue
    if (/\\(?![*\\])/.test(text.replaceAll('\\\\', ''))) return 'a \\ stands before something else than * or \\'
    if (/\*\*/.test(text.replaceAll('\\\\', '').replaceAll('\\*', '')))
      return '** is not a whole name: it stands for any number of them'
  }
  return null
}

/** The pattern of exactly this znode, or of it and everything below. */
export function patternOf(path: string, options: { readonly subtree: boolean }): string {
  const exact = path.replaceAll(/[\\*]/g, '\\$&')
  if (!options.subtree) return exact
  return exact === '/' ? '/**' : `${exact}/**`
}

/** A pattern without fault, made ready to be asked of many paths: time is bounded by names × segments, whatever the pattern. */
export function compilePattern(pattern: string): (path: string) => boolean {
  const segments: readonly Segment[] = pattern === '/' ? [] : pattern.slice(1).split('/').map(parseSegment)
  return (path) => matchSegments(segments, path === '/' ? [] : path.slice(1).split('/'))
}

function parseSegment(text: string): Segment {
  if (text === '**') return ANY_DEPTH
  const name: (string | typeof STAR)[] = []
  let literal = ''
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!
    if (char === '\\') literal += text[++at] ?? ''
    else if (char === '*') {
      if (literal !== '') name.push(literal)
      name.push(STAR)
      literal = ''
    } else literal += char
  }
  if (literal !== '') name.push(literal)
  return name
}

/** Only the last `**` is ever gone back to: whatever an earlier one could take, the later one can take as well. */
function matchSegments(segments: readonly Segment[], names: readonly string[]): boolean {
  let segment = 0
  let name = 0
  let backSegment = -1
  let backName = 0
  while (name < names.length) {
    const wanted = segments[segment]
    if (wanted === ANY_DEPTH) {
      backSegment = ++segment
      backName = name
    } else if (wanted !== undefined && matchName(wanted, names[name]!)) {
      segment++
      name++
    } else if (backSegment !== -1) {
      segment = backSegment
      name = ++backName
    } else return false
  }
  while (segments[segment] === ANY_DEPTH) segment++
  return segment === segments.length
}

function matchName(wanted: Name, name: string): boolean {
  const first = wanted[0]
  const last = wanted.at(-1)
  if (wanted.length === 1 && first !== STAR) return name === first
  let from = 0
  let to = name.length
  if (typeof first === 'string') {
    if (!name.startsWith(first)) return false
    from = first.length
  }
  if (typeof last === 'string') {
    if (to - last.length < from || !name.endsWith(last)) return false
    to -= last.length
  }
  for (const part of wanted.slice(1, -1)) {
    if (part === STAR) continue
    const at = name.indexOf(part, from)
    if (at === -1 || at + part.length > to) return false
    from = at + part.length
  }
  return true
}
