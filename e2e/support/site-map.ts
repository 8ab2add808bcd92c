import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { API_ROOT, OPERATION_LIST } from '../../lib/services/api/contract.ts'

const PROJECT = fileURLToPath(new URL('../..', import.meta.url))
const APP = join(PROJECT, 'app')
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** A URL as Next.js makes it from the folders: `/clusters/[clusterId]/tree`. */
export interface RouteHandler {
  readonly pattern: string
  readonly methods: readonly string[]
}

/** Every page of the product, read from the file system, so that a new one cannot be forgotten. */
export function listPages(): string[] {
  return findFiles('page.tsx').map(toPattern).sort()
}

/** Every route handler with the methods that it exports. */
export function listRouteHandlers(): RouteHandler[] {
  return findFiles('route.ts')
    .map((file) => ({ pattern: toPattern(file), methods: exportedMethods(readFileSync(file, 'utf8')) }))
    .flatMap((handler) => (handler.pattern === `${API_ROOT}/[...path]` ? listOperations() : [handler]))
    .sort((a, b) => a.pattern.localeCompare(b.pattern))
}

/** Behind one file lies the whole table of the API: each of its addresses is a door of its own. */
function listOperations(): RouteHandler[] {
  const paths = [...new Set(OPERATION_LIST.map(([, { path }]) => path))]
  return paths.map((path) => ({
    pattern: API_ROOT + path.replace(/\{(\w+)\}/g, '[$1]'),
    methods: OPERATION_LIST.filter(([, operation]) => operation.path === path).map(([, { method }]) => method),
  }))
}

export interface ServerAction {
  readonly id: string
  readonly name: string
}

/** Every server action that the build can be asked for, by the id that stands in the request. */
export function listServerActions(): ServerAction[] {
  const file = join(PROJECT, '.next', 'server', 'server-reference-manifest.json')
  const manifest: { node: Record<string, { exportedName: string }> } = JSON.parse(readFileSync(file, 'utf8'))
  return Object.entries(manifest.node).map(([id, { exportedName }]) => ({ id, name: exportedName }))
}

/** Fills `[name]` with values; a name without a value is a fault of the test, which knows every one. */
export function fillPattern(pattern: string, values: Readonly<Record<string, string>>): string {
  return pattern.replace(/\[(?:\.\.\.)?(\w+)\]/g, (_, name: string) => {
    const value = values[name]
    if (value === undefined) throw new Error(`no value for [${name}] of ${pattern}`)
    return encodeURIComponent(value)
  })
}

/** True when an address is one of the pattern's. */
export function isAddressOf(pattern: string, pathname: string): boolean {
  const source = pattern.replace(/[.*+?^${}()|\\]/g, '\\$&').replace(/\[\w+\]/g, '[^/]+')
  return new RegExp(`^${source}$`).test(pathname)
}

function findFiles(name: string): string[] {
  return readdirSync(APP, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name === name)
    .map((entry) => join(entry.parentPath, entry.name))
}

function toPattern(file: string): string {
  const folders = relative(APP, file).split('/').slice(0, -1)
  return `/${folders.filter((folder) => !/^\(.*\)$/.test(folder)).join('/')}`
}

function exportedMethods(source: string): string[] {
  const found = METHODS.filter((method) =>
    [
      new RegExp(`export\\s+(?:async\\s+)?function\\s+${method}\\b`),
      new RegExp(`export\\s+const\\s+${method}\\b`),
      new RegExp(`export\\s*\\{[^}]*\\b${method}\\b[^}]*\\}`),
    ].some((pattern) => pattern.test(source)),
  )
  if (found.length === 0) throw new Error('a route handler without a method')
  return found
}
