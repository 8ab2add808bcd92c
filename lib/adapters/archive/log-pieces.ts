import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import { makeDir } from '../../base/make-dir.ts'
import { type AgeKeys, HeldKeys, NO_KEYS } from '../age/age-keys.ts'
import { ArchiveError, isErrnoError, toArchiveError } from './errors.ts'
import { AGE_SUFFIX, readContent } from './file-form.ts'
import type { LogPiecePort, PieceFile } from './log-archive.ts'
import {
  findSegmentGaps,
  findSegmentZxid,
  formatSegment,
  type LogSegment,
  parseSegment,
  segmentFile,
  segmentFilesOf,
  segmentIndex,
  segmentManifest,
} from './log-segment.ts'
import { findFileSize } from './read-manifest.ts'
import { findSegment, verifySegment } from './read-segments.ts'
import { hashSealed } from './sealed-bytes.ts'
import { SealedFile } from './sealed-file.ts'
import { syncDir, tempName } from './temp-dir.ts'
import { NewFile, sha256Of, writeNewFile } from './write-file.ts'

type Named = Parameters<LogPiecePort['namesOf']>[0]
type PutOptions = Parameters<LogPiecePort['put']>[3]

export function createLogPieces(keys: AgeKeys = NO_KEYS): LogPiecePort {
  return {
    parse: (manifest, name) =>
      parseSegment(typeof manifest === 'string' ? manifest : JSON.stringify(manifest ?? null), name),
    namesOf: (segment) => ({
      data: basename(segmentFile('.', segment)),
      index: basename(segmentIndex('.', segment)),
      manifest: basename(segmentManifest('.', segment.first)),
    }),
    findFirst: (name) => findSegmentZxid(name, 'manifest'),
    findGaps: findSegmentGaps,
    find: (dir, first) => findPiece(dir, first, keys),
    files: async (dir, segment) => ({
      data: await describeFile(segmentFile(dir, segment)),
      index: await findFile(segmentIndex(dir, segment)),
      manifest: { name: basename(segmentManifest(dir, segment.first)), text: formatSegment(segment) },
    }),
    put: (from, to, segment, options) => putPiece(from, to, segment, keys, options),
    verify: (dir, segment, options) => verifySegment(dir, segment, { ...options, keys }),
    reencrypt: (dir, segment, into, recipients) => reencryptPiece({ dir, segment, into, recipients, keys }),
    remove: removePiece,
  }
}

async function findPiece(dir: string, first: bigint, keys: AgeKeys): Promise<LogSegment | null> {
  const sizes = await Promise.all(segmentFilesOf(dir, first).map(findFileSize))
  if (sizes.every((size) => size === null)) return null
  try {
    return await findSegment(dir, first, keys)
  } catch (error) {
    if (!isArkeeperError(error) || error.code === 'CANCELLED') throw error
    return null
  }
}

async function describeFile(path: string): Promise<PieceFile> {
  const hash = createHash('sha256')
  let bytes = 0
  try {
    for await (const chunk of createReadStream(path)) {
      hash.update(chunk)
      bytes += chunk.length
    }
  } catch (error) {
    throw toArchiveError(error, `reading ${path}`)
  }
  return { name: basename(path), path, bytes, sha256: hash.digest('hex') }
}

async function findFile(path: string): Promise<PieceFile | null> {
  return (await findFileSize(path)) === null ? null : describeFile(path)
}

async function putPiece(
  from: string,
  to: string,
  segment: LogSegment,
  keys: AgeKeys,
  options: PutOptions = {},
): Promise<void> {
  const aside: string[] = []
  const asideOf = (name: string) => {
    const path = join(/* turbopackIgnore: true */ to, tempName() + (name.endsWith(AGE_SUFFIX) ? AGE_SUFFIX : ''))
    aside.push(path)
    return path
  }
  try {
    await makeDir(to)
    const data = segmentFile(to, segment)
    const dataAside = asideOf(data)
    await copyFile(segmentFile(from, segment), dataAside, options.signal)
    const { bytes, sha256 } = segment.sealed ?? segment
    const found = await describeFile(dataAside)
    if (found.bytes !== bytes || found.sha256 !== sha256) {
      throw new ArchiveError(
        'READ_BACK_FAILED',
        `${basename(data)} of ${from} is not the file that its manifest names`,
        {
          unaffected: 'what is in other places is as it was',
          remedy: 'a copy in another store may be whole: verify it, then put it back',
        },
      )
    }
    const index = segmentIndex(to, segment)
    const indexAside = asideOf(index)
    const hasIndex = await tryCopy(segmentIndex(from, segment), indexAside)
    const manifest = segmentManifest(to, segment.first)
    const manifestAside = asideOf(manifest)
    await writeNewFile(manifestAside, formatSegment(segment))
    if (options.replaces !== undefined) await assertIs(to, options.replaces, keys)
    await rename(dataAside, data)
    if (hasIndex) await rename(indexAside, index)
    await rename(manifestAside, manifest)
    await removeOtherForm(to, segment)
    await syncDir(to)
  } catch (error) {
    throw toArchiveError(error, `putting a piece of the log into ${to}`)
  } finally {
    for (const path of aside) await rm(path, { force: true })
  }
}

async function copyFile(from: string, to: string, signal?: AbortSignal): Promise<void> {
  const file = await NewFile.create(to)
  try {
    for await (const chunk of createReadStream(from)) {
      throwIfAborted(signal)
      await file.write(chunk)
    }
    await file.finish()
  } finally {
    await file.close()
  }
}

/** An index is made anew from its piece where it is missing. */
async function tryCopy(from: string, to: string): Promise<boolean> {
  try {
    await writeNewFile(to, await readFile(from))
    return true
  } catch (error) {
    if (isErrnoError(error) && error.code === 'ENOENT') return false
    throw error
  }
}

async function assertIs(dir: string, known: LogSegment, keys: AgeKeys): Promise<void> {
  const now = await findPiece(dir, known.first, keys)
  if (now !== null && (now.sealed ?? now).sha256 === (known.sealed ?? known).sha256) return
  throw new ArchiveError('FILES_CHANGED', `a piece of the log in ${dir} was changed meanwhile`, {
    unaffected: 'it was left as it is',
    remedy: 'nothing: the next run goes on from it',
  })
}

/** What was plain is encrypted now, or the other way round: the former file would be taken for another piece. */
async function removeOtherForm(dir: string, segment: LogSegment): Promise<void> {
  const { first } = segment
  const other: Named =
    segment.sealed === undefined ? { first, sealed: { recipients: [], bytes: 0, sha256: '' } } : { first }
  await rm(segmentFile(dir, other), { force: true })
  await rm(segmentIndex(dir, other), { force: true })
}

async function removePiece(dir: string, segment: Named): Promise<void> {
  try {
    await rm(segmentManifest(dir, segment.first), { force: true })
    await rm(segmentFile(dir, segment), { force: true })
    await rm(segmentIndex(dir, segment), { force: true })
  } catch (error) {
    throw toArchiveError(error, `removing a piece of the log in ${dir}`)
  }
}

/** As archives are encrypted anew: whoever kept a former file key reads nothing of what is written now. */
async function reencryptPiece(input: {
  readonly dir: string
  readonly segment: LogSegment
  readonly into: string
  readonly recipients: readonly string[]
  readonly keys: AgeKeys
}): Promise<LogSegment> {
  const { dir, segment, into, recipients } = input
  const held = new HeldKeys(input.keys)
  const content = await readContent(segmentFile(dir, segment), held)
  if (sha256Of(content) !== segment.sha256) {
    throw new ArchiveError(
      'READ_BACK_FAILED',
      `${basename(segmentFile(dir, segment))} does not hold what its manifest names`,
      { unaffected: 'it is as it was', remedy: 'a copy in another store may be whole: put it back first' },
    )
  }
  const target = { first: segment.first, sealed: { recipients: [...recipients], bytes: 0, sha256: '' } }
  const path = segmentFile(into, target)
  await seal(path, content, recipients, held)
  const { bytes, sha256, plain } = await hashSealed(path, held)
  if (plain.sha256 !== segment.sha256) {
    throw new ArchiveError('READ_BACK_FAILED', `what was read back of ${basename(path)} is not what was written`, {
      unaffected: 'the piece is as it was',
      remedy: 'check the disk of the work folder',
    })
  }
  const made: LogSegment = { ...segment, sealed: { recipients: [...recipients], bytes, sha256 } }
  const index = await readContent(segmentIndex(dir, segment), held).catch((error: unknown) => {
    if (isErrnoError(error) || isArkeeperError(error)) return null
    throw error
  })
  if (index !== null) await seal(segmentIndex(into, made), index, recipients, held)
  await writeNewFile(segmentManifest(into, made.first), formatSegment(made))
  return made
}

async function seal(path: string, content: Buffer, recipients: readonly string[], held: HeldKeys): Promise<void> {
  const file = await SealedFile.create(path, recipients)
  held.hold(file.header, file.fileKey)
  try {
    await file.write(content)
    await file.finish()
  } finally {
    await file.close()
  }
}
