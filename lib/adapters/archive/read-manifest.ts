import { readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Manifest, manifestSchema } from '../../domain/snapshot/manifest.ts'
import { type AgeKeys, keyMissing } from '../age/age-keys.ts'
import { AgeError } from '../age/errors.ts'
import { ArchiveError, isErrnoError, toArchiveError } from './errors.ts'
import { AGE_SUFFIX, plainName, readContent } from './file-form.ts'

export const MANIFEST_FILE = 'manifest.json'
const SCHEMA = 2
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

/**
 * The manifest of an archive with all that it says: the encrypted one, where there is one, is read for the lists that the open one leaves
 * out, and must be of the same archive. Throws AgeError as well.
 */
export async function readWholeManifest(dir: string, keys: AgeKeys): Promise<{ manifest: Manifest; inner: Manifest }> {
  const { manifest } = await readManifest(dir)
  if (manifest.encryption === undefined) return { manifest, inner: manifest }
  const path = join(dir, manifest.encryption.manifest)
  const inner = parseManifest(await readEncrypted(path, keys, manifest.encryption.recipients), path)
  const misfit = findMisfit(manifest, inner)
  if (misfit !== null) {
    throw new ArchiveError('MANIFEST_INVALID', `${path} and the open manifest beside it differ: ${misfit}`, {
      remedy: 'a file of another archive lies here, or one of them was changed: use a copy of the archive',
    })
  }
  const { scope, consistency, fidelity, note, import: imported } = inner
  return { manifest: { ...manifest, scope, consistency, fidelity, note, import: imported }, inner }
}

async function readEncrypted(path: string, keys: AgeKeys, recipients: readonly string[]): Promise<string> {
  try {
    return (await readContent(path, keys)).toString()
  } catch (error) {
    if (error instanceof AgeError && error.code === 'KEY_MISSING') throw keyMissing(dirname(path), recipients)
    throw error
  }
}

/** What both say must be the same: a file that was put here from another archive is found by it. */
function findMisfit(open: Manifest, inner: Manifest): string | null {
  if (inner.id !== open.id) return `one is of the archive ${open.id}, the other of ${inner.id}`
  for (const file of open.files) {
    if (file.name === open.encryption?.manifest) continue
    const known = inner.files.find(({ name }) => name === plainName(file.name))
    if (known === undefined) return `${file.name} is in one of them only`
    if (known.bytes !== file.plain?.bytes || known.sha256 !== file.plain.sha256) return `the content of ${file.name}`
  }
  const facts = ({ zxid, znodes, takenAtMs, digest }: Manifest) => JSON.stringify([zxid, znodes, takenAtMs, digest])
  return facts(open) === facts(inner) ? null : 'zxid, znodes, time or digest'
}

/** The snapshot's entry. Throws MANIFEST_INVALID when the manifest names none. */
export function snapshotFileOf(manifest: Manifest, dir: string): Manifest['files'][number] {
  const file = manifest.files.find((entry) => entry.name.startsWith('snapshot.'))
  if (!file || file.name.includes('/')) {
    throw new ArchiveError('MANIFEST_INVALID', `the manifest of ${dir} names no snapshot file`)
  }
  if (file.name.endsWith(AGE_SUFFIX) !== (manifest.encryption !== undefined)) {
    throw new ArchiveError('MANIFEST_INVALID', `the manifest of ${dir} does not fit ${file.name}`)
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
