import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { CancelledError, isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import { formatHex64 } from '../../base/hex64.ts'
import { ImportError } from '../../domain/imports/errors.ts'
import { SnapshotError } from '../../domain/snapshot/errors.ts'
import type { Manifest } from '../../domain/snapshot/manifest.ts'
import { TxnLogError } from '../../domain/txnlog/errors.ts'
import { type AgeKeys, NO_KEYS } from '../age/age-keys.ts'
import { type CheckedSnapshot, checkSnapshot } from './check-snapshot.ts'
import { plainName } from './file-form.ts'
import { findFileSize, readManifest, readWholeManifest, snapshotFileOf } from './read-manifest.ts'
import { hashSealed } from './sealed-bytes.ts'
import { detectCompression, findSnapshotZxid, readFileBytes, readSnapshotBytes } from './snapshot-file.ts'
import { INDEX_FILE } from './snapshot-index.ts'
import type { VerifyProblem, VerifyReport } from './store.ts'

type FileReport = VerifyReport['files'][number]

interface VerifyOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (znodes: number) => void
  readonly keys?: AgeKeys
}

/**
 * Reads every byte of an archive and reports all that is wrong with it; never changes anything. Throws only CancelledError, and
 * ArchiveError NOT_FOUND where there is nothing to verify: damage of any kind is in the report. Of an encrypted one without the key the
 * sums are checked, and the report says that it is no more than that.
 */
export async function verifyArchive(dir: string, options: VerifyOptions = {}): Promise<VerifyReport> {
  const problems: VerifyProblem[] = []
  let manifest: Manifest
  let snapshot: Manifest['files'][number]
  try {
    manifest = (await readManifest(dir)).manifest
    snapshot = snapshotFileOf(manifest, dir)
  } catch (error) {
    if (!isArkeeperError(error) || error.code === 'NOT_FOUND') throw error
    const problem = { code: error.code, message: error.message, file: 'manifest.json' }
    return { ok: false, files: [], checksumOk: false, znodes: 0, digest: null, problems: [problem] }
  }
  const named = findSnapshotZxid(snapshot.name)
  if (named === null || formatHex64(named) !== manifest.zxid) {
    const message = `a server would start ${snapshot.name} at another zxid than the ${manifest.zxid} of the manifest`
    problems.push({ code: 'ZXID_MISMATCH', message, file: snapshot.name })
  }
  const files: FileReport[] = []
  const keys = await findKeys(dir, manifest, problems, options.keys)
  for (const entry of manifest.files) {
    // Who deletes the index loses nothing: it is derived, and rebuilt when it is needed. One that was changed is still reported.
    if (plainName(entry.name) === INDEX_FILE && (await findFileSize(join(dir, entry.name))) === null) continue
    files.push(await verifyFile(dir, entry, problems, { ...options, keys: keys ?? undefined }))
  }
  if (manifest.encryption !== undefined && keys === null) {
    const ok = problems.length === 0
    const encryption = { recipients: manifest.encryption.recipients, opened: false }
    return { ok, files, checksumOk: ok, znodes: 0, digest: null, problems, encryption }
  }
  const isThere = files.some((file) => file.name === snapshot.name && file.bytes > 0)
  const checked = isThere
    ? await readWhole(join(dir, snapshot.name), snapshot.name, problems, { ...options, keys: keys ?? undefined })
    : null
  if (checked) compareWithManifest(checked, manifest, snapshot.name, problems)
  const computed = checked?.digest ? formatHex64(checked.digest.value) : null
  const digest =
    manifest.digest && computed
      ? {
          version: 2 as const,
          zxid: manifest.digest.zxid,
          stored: manifest.digest.computed,
          computed,
          match: manifest.digest.computed === computed,
        }
      : null
  if (digest && !digest.match) {
    const message = `the tree's digest is ${digest.computed}, the manifest says ${digest.stored}`
    problems.push({ code: 'DIGEST_MISMATCH', message, file: snapshot.name })
  }
  return {
    ok: problems.length === 0,
    files,
    checksumOk: checked !== null,
    znodes: checked?.znodes ?? 0,
    digest,
    problems,
    ...(manifest.encryption ? { encryption: { recipients: manifest.encryption.recipients, opened: true } } : {}),
  }
}

/** Null where the archive is encrypted and nothing at hand opens it. That both manifests are of one archive is looked at on the way. */
async function findKeys(
  dir: string,
  manifest: Manifest,
  problems: VerifyProblem[],
  keys: AgeKeys = NO_KEYS,
): Promise<AgeKeys | null> {
  if (manifest.encryption === undefined) return keys
  try {
    await readWholeManifest(dir, keys)
  } catch (error) {
    if (!isArkeeperError(error) || error.code === 'CANCELLED') throw error
    if (error.code === 'KEY_MISSING') return null
    // That it is missing is said with the others.
    if (error.code !== 'NOT_FOUND') problems.push(toProblem(error, manifest.encryption.manifest))
  }
  return keys
}

async function verifyFile(
  dir: string,
  entry: Manifest['files'][number],
  problems: VerifyProblem[],
  options: VerifyOptions,
): Promise<FileReport> {
  const path = join(dir, entry.name)
  const bytes = await findFileSize(path)
  const harmless =
    plainName(entry.name) === INDEX_FILE ? '; the data is not affected: the index is rebuilt when it is needed' : ''
  if (bytes === null) {
    problems.push({ code: 'FILE_MISSING', message: `${entry.name} is missing`, file: entry.name })
    return { name: entry.name, bytes: 0, sha256: '', ok: false }
  }
  const hash = createHash('sha256')
  for await (const chunk of readFileBytes(path)) {
    throwIfAborted(options.signal)
    hash.update(chunk)
  }
  const sha256 = hash.digest('hex')
  const opens =
    entry.plain === undefined || options.keys === undefined || (await verifyContent(path, entry, problems, options))
  if (bytes !== entry.bytes) {
    const message = `${entry.name} has ${bytes} bytes, the manifest says ${entry.bytes}${harmless}`
    problems.push({ code: 'SIZE_MISMATCH', message, file: entry.name })
  }
  if (sha256 !== entry.sha256) {
    const message = `the SHA-256 of ${entry.name} is ${sha256}, the manifest says ${entry.sha256}${harmless}`
    problems.push({ code: 'SHA256_MISMATCH', message, file: entry.name })
  }
  return { name: entry.name, bytes, sha256, ok: opens && bytes === entry.bytes && sha256 === entry.sha256 }
}

/** Decrypts a file to its end: every part of it is proven to be what was encrypted, and the content to be the one that was meant. */
async function verifyContent(
  path: string,
  { name, plain }: Manifest['files'][number],
  problems: VerifyProblem[],
  { keys = NO_KEYS, signal }: VerifyOptions,
): Promise<boolean> {
  try {
    const found = await hashSealed(path, keys, () => throwIfAborted(signal))
    if (found.plain.sha256 === plain?.sha256) return true
    const message = `the content of ${name} has the SHA-256 ${found.plain.sha256}, the manifest says ${plain?.sha256}`
    problems.push({ code: 'CONTENT_MISMATCH', message, file: name })
  } catch (error) {
    if (error instanceof CancelledError || !isArkeeperError(error)) throw error
    problems.push(toProblem(error, name))
  }
  return false
}

async function readWhole(
  path: string,
  file: string,
  problems: VerifyProblem[],
  options: VerifyOptions,
): Promise<CheckedSnapshot | null> {
  try {
    const compression = await detectCompression(path, options.keys)
    return await checkSnapshot(readSnapshotBytes(path, compression, options.keys), {
      order: 'path',
      digest: true,
      signal: options.signal,
      onProgress: options.onProgress,
    })
  } catch (error) {
    if (error instanceof CancelledError || !isArkeeperError(error)) throw error
    problems.push(toProblem(error, file))
    return null
  }
}

/** Code, message and, where the fault has one, the offset. */
export function toProblem(error: { code: string; message: string }, file: string): VerifyProblem {
  const hasPlace = error instanceof SnapshotError || error instanceof TxnLogError || error instanceof ImportError
  const offset = hasPlace ? error.offset : null
  return { code: error.code, message: error.message, file, ...(offset === null ? {} : { offset }) }
}

function compareWithManifest(
  checked: CheckedSnapshot,
  manifest: Manifest,
  file: string,
  problems: VerifyProblem[],
): void {
  const { fidelity } = manifest
  const pairs: readonly [string, number, number][] = [
    ['znodes', checked.znodes, manifest.znodes],
    ['bytes of data', checked.dataBytes, manifest.dataBytes],
    ['ephemeral znodes', checked.byKind.ephemeral, fidelity.ephemeral],
    ['container znodes', checked.byKind.container, fidelity.container],
    ['TTL znodes', checked.byKind.ttl, fidelity.ttl],
    ['znodes without owner', checked.byKind.persistent, fidelity.persistent + fidelity.unknownKind],
  ]
  for (const [what, found, expected] of pairs) {
    if (found === expected) continue
    const message = `the snapshot holds ${found} ${what}, the manifest says ${expected}`
    problems.push({ code: 'COUNT_MISMATCH', message, file })
  }
}
