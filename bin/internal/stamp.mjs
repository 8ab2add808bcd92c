import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'

/** SHA-256 of a file's content, in hex. */
export function hashFile(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}

/**
 * One hash over the names and contents of all files of `entries` (files or folders; what does not exist is left out) that `accepts`
 * lets through, given their path from `root` with slashes. The order in which the file system lists them does not matter.
 */
export function hashTree(root, entries, accepts = () => true) {
  const hash = createHash('sha256')
  for (const file of entries.flatMap((entry) => listFiles(join(root, entry))).sort()) {
    const name = relative(root, file).split(sep).join('/')
    if (accepts(name)) hash.update(`${name}\0${hashFile(file)}\n`)
  }
  return hash.digest('hex')
}

function listFiles(path) {
  if (!existsSync(path)) return []
  try {
    return readdirSync(path, { withFileTypes: true }).flatMap((entry) => {
      const child = join(path, entry.name)
      if (entry.isDirectory()) return listFiles(child)
      return entry.isFile() ? [child] : []
    })
  } catch (error) {
    if (error.code === 'ENOTDIR') return [path]
    throw error
  }
}

/**
 * Runs `make` unless the stamp says that it was done for `wanted`. The stamp is taken away before and written after, so that
 * what failed or was ended half-way is done again. Gives whether it ran.
 */
export async function ensureStamped({ file, wanted, isThere = () => true, make }) {
  if (existsSync(file) && readFileSync(file, 'utf8').trim() === wanted && isThere()) return false
  rmSync(file, { force: true })
  await make()
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${wanted}\n`)
  return true
}
