import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Manifest, manifestSchema } from '../../domain/snapshot/manifest.ts'
import { ArchiveError, isErrnoError, toArchiveError } from './errors.ts'

export const MANIFEST_FILE = 'manifest.json'
const SCHEMA = 1
/** Name of an archive's folder: UTC time, zxid, and a counter where two would be equal. */
export const ARCHIVE_NAME = /^\d{8}T\d{6}Z-[0-9a-f]{1,16}(-\d+)?$/

/** Throws ArchiveError NOT_FOUND, MANIFEST_MISSING or MANIFEST_INVALID. */
export async function readManifest(dir: string): Promise<{ manifest: Manifest; bytes: number }> {
  const path = join(dir, MANIFEST_FILE)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (!isErrnoError(error) || (error.code !== 'ENOENT' && error.code !== 'ENOTDIR')) {
      throw toArchiveError(error, `reading ${path}`)
    }
    if (await isMissing(dir)) throw new ArchiveError('NOT_FOUND', `${dir} does not exist`)
    throw new ArchiveError('MANIFEST_MISSING', `${dir} has no ${MANIFEST_FILE}, so it is not a whole archive`, {
      remedy: 'its snapshot file, if there is one, can still be read by itself',
    })
  }
  return { manifest: parseManifest(text, path), bytes: Buffer.byteLength(text) }
}

function parseManifest(text: string, path: string): Manifest {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new ArchiveError('MANIFEST_INVALID', `${path} is not JSON: ${error.message}`, { cause: error })
  }
  const parsed = manifestSchema.safeParse(json)
  if (parsed.success) return parsed.data
  const schema = typeof json === 'object' && json !== null && 'schema' in json ? json.schema : undefined
  if (typeof schema === 'number' && schema > SCHEMA) {
    throw new ArchiveError('MANIFEST_INVALID', `${path} has schema ${schema}; this Arkeeper reads up to ${SCHEMA}`, {
      remedy: 'use a newer Arkeeper',
    })
  }
  const issue = parsed.error.issues[0]
  throw new ArchiveError('MANIFEST_INVALID', `${path} is not valid: ${issue?.path.join('.')}: ${issue?.message}`, {
    cause: parsed.error,
  })
}

/** The snapshot's entry. Throws MANIFEST_INVALID when the manifest names none, UNSUPPORTED for an encrypted one. */
export function snapshotFileOf(manifest: Manifest, dir: string): Manifest['files'][number] {
  const file = manifest.files.find((entry) => entry.name.startsWith('snapshot.'))
  if (!file || file.name.includes('/')) {
    throw new ArchiveError('MANIFEST_INVALID', `the manifest of ${dir} names no snapshot file`)
  }
  if (file.name.endsWith('.age')) {
    throw new ArchiveError('UNSUPPORTED', `${file.name} in ${dir} is encrypted`, {
      remedy: 'decrypt it with age and the key of its operator, then give the decrypted file',
    })
  }
  return file
}

/** Size in bytes; null when there is no such file. */
export async function findFileSize(path: string): Promise<number | null> {
  try {
    const found = await stat(path)
    return found.isFile() ? found.size : null
  } catch (error) {
    if (isErrnoError(error) && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return null
    throw toArchiveError(error, `looking at ${path}`)
  }
}

async function isMissing(dir: string): Promise<boolean> {
  try {
    await stat(dir)
    return false
  } catch (error) {
    if (isErrnoError(error)) return true
    throw error
  }
}
