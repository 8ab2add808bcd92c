/** Longest pattern that is taken, in characters. */
export const PATH_PATTERN_MAX = 500

/**
 * A test of whole paths. Without a star the text is looked for anywhere in the path. With one it is a glob of the whole path:
 * `*` stands for any part of one name, `**` for anything across names, and `/` + `**` + `/` also for nothing at all. A glob that does
 * not begin with `/` may begin at any depth. `\*` is a star itself. Time is linear in path × pattern, whatever the pattern.
 */
export function compilePathPattern(text: string, options: { readonly matchCase: boolean }): (path: string) => boolean {
  const fold = options.matchCase ? (path: string) => path : (path: string) => path.toLowerCase()
  const pieces = readPieces(fold(text))
  if (!pieces.some((piece) => piece === ANY_NAME || piece === ANYTHING)) {
    const part = pieces.join('')
    return (path) => fold(path).includes(part)
  }
  const states = toStates(pieces)
  const matchesRoot = pieces.every((piece) => piece === ANYTHING || piece === '/')
  const literal = leadingText(states)
  return (path) => {
    // The root has no name that a star could stand for.
    if (path === '/') return matchesRoot
    const folded = fold(path)
    return folded.startsWith(literal) && runStates(states, folded)
  }
}

// Longer than one character, so that nothing of a pattern is taken for them.
const ANY_NAME = '*name'
const ANYTHING = '*any'

/** One character each, the wild ones as marks. */
function readPieces(text: string): string[] {
  const pieces: string[] = []
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i)
    const next = text.charAt(i + 1)
    if (character === '\\' && (next === '*' || next === '\\')) {
      pieces.push(next)
      i++
    } else if (character !== '*') pieces.push(character)
    else if (next !== '*') pieces.push(ANY_NAME)
    else {
      while (text.charAt(i + 1) === '*') i++
      pieces.push(ANYTHING)
    }
  }
  return pieces
}

/** A step of the pattern; `step` goes on to the one after it. `skip` may also jump over the three steps of a `**` + `/`. */
type State = { readonly kind: 'is'; readonly character: number } | { readonly kind: 'name' | 'any' | 'skip' }

const SLASH = 0x2f

function toStates(given: readonly string[]): State[] {
  const pieces = given[0] === '/' ? given : ['/', ANYTHING, '/', ...given]
  const states: State[] = []
  pieces.forEach((piece, i) => {
    if (piece === ANY_NAME) states.push({ kind: 'name' })
    else if (piece === ANYTHING) {
      if (pieces[i - 1] === '/' && pieces[i + 1] === '/') states.push({ kind: 'skip' })
      states.push({ kind: 'any' })
    } else states.push({ kind: 'is', character: piece.charCodeAt(0) })
  })
  return states
}

function leadingText(states: readonly State[]): string {
  let text = ''
  for (const state of states) {
    if (state.kind !== 'is') break
    text += String.fromCharCode(state.character)
  }
  return text
}

/** All ways through the pattern at once, so that no pattern takes longer than path × pattern. */
function runStates(states: readonly State[], path: string): boolean {
  const end = states.length
  let now = new Uint8Array(end + 1)
  let next = new Uint8Array(end + 1)
  enter(states, now, 0)
  for (let i = 0; i < path.length; i++) {
    const character = path.charCodeAt(i)
    let alive = false
    for (let at = 0; at < end; at++) {
      if (now[at] === 0) continue
      const state = states[at]!
      if (state.kind === 'is') {
        if (state.character !== character) continue
        enter(states, next, at + 1)
      } else if (state.kind === 'skip' || (state.kind === 'name' && character === SLASH)) continue
      else enter(states, next, at)
      alive = true
    }
    if (!alive) return false
    const old = now
    now = next
    next = old.fill(0)
  }
  return now[end] === 1
}

/** Marks a step and those that are reached from it without a character. */
function enter(states: readonly State[], marks: Uint8Array, first: number): void {
  for (let at = first; ; at++) {
    if (marks[at] === 1) return
    marks[at] = 1
    const state = states[at]
    if (state === undefined || state.kind === 'is') return
    if (state.kind === 'skip') enter(states, marks, at + 3)
  }
}
