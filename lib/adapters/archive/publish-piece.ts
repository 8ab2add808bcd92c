import { link, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { isArkeeperError } from '../../base/errors.ts'
import { formatHex64Bare } from '../../base/hex64.ts'
import { makeDir } from '../../base/make-dir.ts'
import { SnapshotError } from '../../domain/snapshot/errors.ts'
import { TxnLogError } from '../../domain/txnlog/errors.ts'
import type { AgeKeys } from '../age/age-keys.ts'
import { ArchiveError, isErrnoError } from './errors.ts'
import { type LogSegment, segmentFile } from './log-segment.ts'
import { describeSegment } from './segment-builder.ts'
import { findTempOwner, mayBeAlive, tempName } from './temp-dir.ts'

/** A claim of a host that cannot be asked is left that long; behind it nobody touches the piece any more. */
const CLAIM_MS = 15 * 60_000
/** File systems without hard links. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])

/**
 * Gives a piece its name. Of two writers, wherever they run and wherever each of them was stopped, one does: whoever adds to an archive claims
 * first to be the only one that adds to its newest piece as it is, and looks then. A new piece takes a name that must be free besides. `isStill` says
 * whether the archive is what the piece was made for. Throws ArchiveError FILES_CHANGED.
 */
export async function publishPiece(
  path: string,
  segment: LogSegment,
  options: {
    readonly dir: string
    /** The newest there is; null: none. */
    readonly behind: LogSegment | null
    /** It takes the place of that one. */
    readonly isGrown: boolean
    readonly isStill: () => Promise<boolean>
    readonly keys: AgeKeys
  },
): Promise<void> {
  const { dir, behind, isGrown, isStill, keys } = options
  const name = segmentFile(dir, segment)
  const put = async () => {
    if (!(await isStill())) throw changed(dir)
    if (isGrown) await rename(path, name)
    else await takeName(path, name, { dir, first: segment.first, keys })
  }
  if (behind === null || (!isGrown && (await isLeftClaimed(dir, behind)))) return put()
  const claim = claimOf(dir, behind)
  await writeFile(claim, tempName(), { flag: 'wx' }).catch((error: unknown) => {
    throw isErrnoError(error) && error.code === 'EEXIST' ? changed(dir) : error
  })
  // Of a process that is killed the claim stays, and the piece as it is.
  try {
    await put()
  } finally {
    await rm(claim, { force: true })
  }
}

/** Whether somebody who is gone has claimed to add to this piece: then it stays as it is, and what follows begins another. */
export async function isLeftClaimed(dir: string, segment: LogSegment): Promise<boolean> {
  return isLeft(claimOf(dir, segment))
}

async function isLeft(claim: string): Promise<boolean> {
  try {
    const owner = findTempOwner(await readFile(claim, 'utf8'))
    if (owner !== null && !mayBeAlive(owner)) return true
    return Date.now() - (await stat(claim)).mtimeMs > CLAIM_MS
  } catch (error) {
    if (isErrnoError(error) && error.code === 'ENOENT') return false
    throw error
  }
}

interface NewPlace {
  readonly dir: string
  readonly first: bigint
  readonly keys: AgeKeys
}

async function takeName(path: string, name: string, place: NewPlace): Promise<void> {
  if (await takeFreeName(path, name)) return
  await layDamagedAside(name, place)
  if (!(await takeFreeName(path, name))) throw changed(place.dir)
}

/** False: it is taken. */
async function takeFreeName(path: string, name: string): Promise<boolean> {
  try {
    await link(path, name)
    await rm(path, { force: true })
  } catch (error) {
    if (!isErrnoError(error)) throw error
    if (error.code === 'EEXIST') return false
    if (!NO_LINKS.has(error.code ?? '')) throw error
    await rename(path, name)
  }
  return true
}

/** What no reader gets anything out of is not what another writer has put there: it must not hold up the log for ever. */
async function layDamagedAside(name: string, { dir, first, keys }: NewPlace): Promise<void> {
  const claim = join(/* turbopackIgnore: true */ dir, `claim.${formatHex64Bare(first)}-damaged`)
  if (await isLeft(claim)) await rm(claim, { force: true })
  await writeFile(claim, tempName(), { flag: 'wx' }).catch((error: unknown) => {
    throw isErrnoError(error) && error.code === 'EEXIST' ? changed(dir) : error
  })
  try {
    if (!(await isDamaged(name, keys))) throw changed(dir)
    const aside = join(/* turbopackIgnore: true */ dir, 'aside', `damaged${tempName().slice(4)}`)
    await makeDir(aside)
    await rename(name, join(/* turbopackIgnore: true */ aside, basename(name)))
  } finally {
    await rm(claim, { force: true })
  }
}

/** Not: that it is encrypted and no key is here, or that the disk does not answer. */
async function isDamaged(name: string, keys: AgeKeys): Promise<boolean> {
  try {
    await describeSegment(name, [], undefined, { keys })
    return false
  } catch (error) {
    if (error instanceof SnapshotError || error instanceof TxnLogError) return true
    if (error instanceof ArchiveError && error.code === 'MANIFEST_INVALID') return true
    if (isArkeeperError(error)) return false
    throw error
  }
}

function claimOf(dir: string, { first, sha256 }: LogSegment): string {
  return join(/* turbopackIgnore: true */ dir, `claim.${formatHex64Bare(first)}-${sha256.slice(0, 16)}`)
}

function changed(dir: string): ArchiveError {
  return new ArchiveError('FILES_CHANGED', `another writer adds to ${dir}, or has meanwhile`, {
    unaffected: 'what it wrote is as it was',
    remedy: 'nothing: the next run goes on behind it',
  })
}
