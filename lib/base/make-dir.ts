import { mkdir } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/**
 * Makes a folder and its missing parents; one that is there already is fine. Throws the file system's own error (ENOENT, EACCES, ENOTDIR …).
 * Not `mkdir({ recursive: true })`: on a file system that answers ENOENT for a child of an existing folder (/proc) Node.js tries for ever.
 */
export async function makeDir(path: string, mode?: number): Promise<void> {
  const missing: string[] = []
  for (let at = resolve(path); ; at = dirname(at)) {
    const fault = await tryMakeDir(at, mode)
    if (fault === null) break
    if (fault.code !== 'ENOENT' || dirname(at) === at) throw fault
    missing.push(at)
  }
  for (const at of missing.reverse()) {
    const fault = await tryMakeDir(at, mode)
    if (fault !== null) throw fault
  }
}

async function tryMakeDir(path: string, mode: number | undefined): Promise<NodeJS.ErrnoException | null> {
  try {
    await mkdir(path, { mode })
    return null
  } catch (error) {
    if (!isErrnoException(error)) throw error
    return error.code === 'EEXIST' || error.code === 'EISDIR' ? null : error
  }
}

function isErrnoException(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
}
