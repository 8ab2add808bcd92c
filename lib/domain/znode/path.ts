import { ZnodeError } from './errors.ts'

export const ROOT = '/'
/** Built-in subtree of every server: left out of diffs, restores and exports unless asked for by name. */
export const SYSTEM_ROOT = '/zookeeper'

// Characters that PathUtils.validatePath (ZooKeeper 3.8) refuses in a create.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters the server refuses
const FORBIDDEN = /[\u0000-\u001f\u007f-\u009f\ud800-\uf8ff\ufff0-\uffff]/

const BAD_NAME = /\/(\.{0,2})(?=\/|$)/

/** Null when the path is one the server accepts for an existing znode; else the reason, one clause without full stop. */
export function findPathFault(path: string): string | null {
  if (path === ROOT) return null
  if (path.length === 0) return 'the path is empty'
  if (!path.startsWith('/')) return 'the path does not start with /'
  if (path.endsWith('/')) return 'the path ends with /'
  const fault = FORBIDDEN.exec(path)
  if (fault)
    return `character U+${fault[0].charCodeAt(0).toString(16).padStart(4, '0')} at ${fault.index} is not allowed`
  // Nearly no path has either, and looking for them is much quicker than the expression.
  if (!path.includes('//') && !path.includes('/.')) return null
  const name = BAD_NAME.exec(path)?.[1]
  if (name !== undefined) return name === '' ? 'the path has an empty name' : `"${name}" is not allowed as a name`
  return null
}

/** Returns the path when the server would accept it; throws ZnodeError BAD_PATH with the reason otherwise. */
export function parsePath(text: string): string {
  const fault = findPathFault(text)
  if (fault !== null) {
    throw new ZnodeError('BAD_PATH', `"${text}" is not a znode path: ${fault}`, {
      remedy: 'give an absolute path such as /app/config',
    })
  }
  return text
}

/** Parent of any path but the root; the root is its own parent. */
export function parentPath(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash <= 0 ? ROOT : path.slice(0, slash)
}

/** Last name of the path; empty for the root. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

export function joinPath(parent: string, name: string): string {
  return parent === ROOT ? `/${name}` : `${parent}/${name}`
}

/** True when `path` is `root` itself or lies below it. A prefix ends at a slash: `/ab` is not within `/a`. */
export function isWithin(path: string, root: string): boolean {
  if (root === ROOT) return true
  return path.startsWith(root) && (path.length === root.length || path.charCodeAt(root.length) === 47)
}

export function isSystemPath(path: string): boolean {
  return isWithin(path, SYSTEM_ROOT)
}

/** Number of names: 0 for the root, 2 for /a/b. */
export function depthOf(path: string): number {
  if (path === ROOT) return 0
  let depth = 0
  for (let i = 0; i < path.length; i++) if (path.charCodeAt(i) === 47) depth++
  return depth
}

/** All ancestors from the root down to the parent: `/a/b` → [`/`, `/a`]; the root has none. */
export function ancestorsOf(path: string): string[] {
  if (path === ROOT) return []
  const ancestors = [ROOT]
  for (let i = path.indexOf('/', 1); i !== -1; i = path.indexOf('/', i + 1)) ancestors.push(path.slice(0, i))
  return ancestors
}
