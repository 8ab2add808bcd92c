import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'

/** One import of a source file: `to` is a path from the project's root for a file of ours, or null with the package's name in `specifier`. */
export interface SourceImport {
  readonly specifier: string
  readonly to: string | null
  /** Erased by the compiler: it binds no code, only names. */
  readonly typeOnly: boolean
}

export interface SourceFile {
  /** From the project's root, with slashes. */
  readonly path: string
  /** Without comments. */
  readonly code: string
  readonly imports: readonly SourceImport[]
}

const IMPORT = /^[ \t]*(import|export)\s+(type\s+)?([\w*{][^;'"`]*?from\s*)?['"]([^'"]+)['"]/gm
const DYNAMIC_IMPORT = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g

/** All TypeScript files below `folders`, which may be missing; generated code is left out. */
export function readSourceFiles(root: string, folders: readonly string[]): SourceFile[] {
  return folders
    .flatMap((folder) => listFiles(join(root, folder)))
    .map((file) => relative(root, file).split(sep).join('/'))
    .filter((path) => /\.tsx?$/.test(path) && !path.includes('/generated/'))
    .sort()
    .map((path) => parseSourceFile(path, readFileSync(join(root, path), 'utf8')))
}

export function parseSourceFile(path: string, source: string): SourceFile {
  const code = stripComments(source)
  const imports = [...code.matchAll(IMPORT)].map(([, keyword, type, clause, specifier = '']) => ({
    specifier,
    to: resolveSpecifier(path, specifier),
    typeOnly: type !== undefined || (keyword === 'import' && namesOnlyTypes(clause)),
  }))
  for (const [, specifier = ''] of code.matchAll(DYNAMIC_IMPORT)) {
    imports.push({ specifier, to: resolveSpecifier(path, specifier), typeOnly: false })
  }
  return { path, code, imports }
}

/** `{ type A, type B }`: the compiler keeps the import for its side effects, but nothing of it is used. */
function namesOnlyTypes(clause: string | undefined): boolean {
  const names = /^\{([^}]*)\}\s*from\s*$/.exec(clause ?? '')?.[1]
  if (names === undefined) return false
  const parts = names.split(',').map((part) => part.trim())
  return parts.every((part) => part === '' || part.startsWith('type '))
}

function resolveSpecifier(from: string, specifier: string): string | null {
  if (specifier.startsWith('@/')) return specifier.slice(2)
  if (specifier.startsWith('.')) return join(dirname(from), specifier).split(sep).join('/')
  return null
}

/** Line breaks stay, and so do slashes inside quotes: an address is not a comment. */
function stripComments(source: string): string {
  return source.replace(
    /('(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`)|\/\*[\s\S]*?\*\/|(^|[^:\\/])\/\/[^\n]*/g,
    (match, quoted: string | undefined, before: string | undefined) =>
      quoted ?? (before === undefined ? match.replace(/[^\n]/g, '') : before),
  )
}

function listFiles(dir: string): string[] {
  if (!existsSync(dir)) return []
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name)
    return entry.isDirectory() ? listFiles(path) : [path]
  })
}

/** Every circle of imports that binds code, each once, as the paths along it. */
export function findCycles(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = []
  const state = new Map<string, 'open' | 'done'>()
  const trail: string[] = []
  const visit = (node: string) => {
    state.set(node, 'open')
    trail.push(node)
    for (const next of edges.get(node) ?? []) {
      if (state.get(next) === 'open') cycles.push([...trail.slice(trail.indexOf(next)), next])
      else if (!state.has(next)) visit(next)
    }
    trail.pop()
    state.set(node, 'done')
  }
  for (const node of edges.keys()) if (!state.has(node)) visit(node)
  return cycles
}
