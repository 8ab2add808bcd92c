import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { CancelledError, isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import { formatHex64 } from '../../base/hex64.ts'
import type { AgeKeys } from '../age/age-keys.ts'
import { clearEdge } from './clear-edge.ts'
import { type DataDir, getDataDir, withListing } from './data-dir.ts'
import { inspectForeign } from './imports/inspect-foreign.ts'
import type { ForeignForm } from './imports/open-foreign.ts'
import { withUnpackedDataDir } from './imports/unpack-data-dir.ts'
import { inspectLog } from './inspect-log.ts'
import { inspectSnapshot, isLogFile } from './inspect-path.ts'
import { openListed } from './open-data-dir.ts'
import { identifyPath } from './open-path.ts'
import { readFileBytes } from './snapshot-file.ts'
import type { VerifyProblem, VerifyReport } from './store.ts'
import { toProblem, verifyArchive } from './verify-archive.ts'

interface VerifyOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number) => void
  readonly keys?: AgeKeys
}

/**
 * An archive, a snapshot file, a log or a data directory, read to its last byte; a data directory's logs are replayed and every digest in
 * them compared. Damage is in the report. Throws ArchiveError for a path that is not there or is none of these.
 */
export async function verifyPath(path: string, options: VerifyOptions = {}): Promise<VerifyReport> {
  const place = await identifyPath(path)
  // A folder with a snapshot alone is rather an archive that has lost its manifest: that must not pass for sound.
  const isArchive =
    place.kind === 'archive' ||
    (place.kind === 'datadir' && place.dir === path && basename(path) !== 'version-2' && place.logs.length === 0)
  if (isArchive) return verifyArchive(path, options)
  if (place.kind === 'foreign') return verifyForeign(place.path, place.form, options)
  if (place.kind === 'packed-datadir') {
    return withUnpackedDataDir(place.path, (dir) => verifyPath(dir, options), options.signal)
  }
  if (place.kind !== 'datadir') return verifyFile(path, options)
  return withListing(
    () => getDataDir(path),
    (listed) => verifyDataDir(listed, options),
  )
}

async function verifyFile(path: string, options: VerifyOptions): Promise<VerifyReport> {
  const facts = isLogFile(path) ? await inspectLog(path, options.signal) : await inspectSnapshot(path, options)
  const { problems } = facts
  const file = { name: basename(path), ...(await hashFile(path, options.signal)), ok: problems.length === 0 }
  const isSnapshot = facts.type === 'snapshot'
  return {
    ok: problems.length === 0,
    files: [file],
    checksumOk: isSnapshot ? facts.checksum?.ok === true : !hasDamage(problems),
    znodes: isSnapshot ? facts.znodes : 0,
    // A fuzzy file's own tree never had a digest: there is nothing to be held against.
    digest:
      isSnapshot && facts.digest && (facts.digest.match || facts.digest.zxid === facts.zxid)
        ? { ...facts.digest, version: 2 }
        : null,
    problems,
  }
}

/** Another tool's file has no sums of its own: that it can be read to its end as what it is, is all there is to prove. */
async function verifyForeign(path: string, form: ForeignForm, options: VerifyOptions): Promise<VerifyReport> {
  const { problems, znodes } = await inspectForeign(path, form, options)
  const ok = problems.length === 0
  const isFile = (await stat(path)).isFile()
  const files = isFile ? [{ name: basename(path), ...(await hashFile(path, options.signal)), ok }] : []
  return { ok, files, checksumOk: ok, znodes, digest: null, problems }
}

async function verifyDataDir(place: DataDir, options: VerifyOptions): Promise<VerifyReport> {
  const files: VerifyReport['files'][number][] = []
  const problems: VerifyProblem[] = []
  let checksumOk = true
  const add = async (dir: string, name: string) => {
    const path = join(/* turbopackIgnore: true */ dir, name)
    const facts = isLogFile(path)
      ? await inspectLog(path, options.signal)
      : await clearEdge(
          place,
          await inspectSnapshot(path, { signal: options.signal, hasLogs: place.logs.length > 0 }),
          options.signal,
        )
    problems.push(...facts.problems)
    if (facts.type === 'snapshot' ? facts.checksum?.ok !== true : hasDamage(facts.problems)) checksumOk = false
    files.push({ name, ...(await hashFile(path, options.signal)), ok: facts.problems.length === 0 })
  }
  for (const { name } of place.snapshots) await add(place.dir, name)
  for (const { name } of place.logs) await add(place.logDir, name)
  let znodes = 0
  let digest: VerifyReport['digest'] = null
  try {
    const tree = await openListed(place, { signal: options.signal, onProgress: options.onProgress })
    const { proof } = tree
    znodes = tree.counts.znodes
    if (proof.digest) {
      const { zxid, expected, computed, match } = proof.digest
      const hex = { stored: formatHex64(expected), computed: formatHex64(computed) }
      digest = { version: 2, zxid: formatHex64(zxid), ...hex, match }
    }
    // What the files themselves told already is not said twice.
    const known = new Set(problems.map(({ code, file }) => `${code} ${file}`))
    problems.push(...proof.problems.filter(({ code, file }) => !known.has(`${code} ${file}`)))
    await tree.close()
  } catch (error) {
    if (error instanceof CancelledError || !isArkeeperError(error) || error.code === 'NOT_FOUND') throw error
    problems.push(toProblem(error, basename(place.dir)))
  }
  return { ok: problems.length === 0, files, checksumOk, znodes, digest, problems }
}

const hasDamage = (problems: readonly VerifyProblem[]) =>
  problems.some(({ code }) => code !== 'BARE_CHECK' && code !== 'NAME_MISMATCH' && code !== 'LOG_GAP')

async function hashFile(path: string, signal: AbortSignal | undefined): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of readFileBytes(path)) {
    throwIfAborted(signal)
    hash.update(chunk)
    bytes += chunk.length
  }
  return { bytes, sha256: hash.digest('hex') }
}
