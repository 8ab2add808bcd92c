import { link, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { formatHex64Bare } from '../../base/hex64.ts'
import { ArchiveError, isErrnoError } from './errors.ts'
import { type LogSegment, segmentFile } from './log-segment.ts'
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
  },
): Promise<void> {
  const { dir, behind, isGrown, isStill } = options
  const name = segmentFile(dir, segment)
  const put = async () => {
    if (!(await isStill())) throw changed(dir)
    if (isGrown) await rename(path, name)
    else await takeFreeName(path, name, dir)
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
  const claim = claimOf(dir, segment)
  try {
    const owner = findTempOwner(await readFile(claim, 'utf8'))
    if (owner !== null && !mayBeAlive(owner)) return true
    return Date.now() - (await stat(claim)).mtimeMs > CLAIM_MS
  } catch (error) {
    if (isErrnoError(error) && error.code === 'ENOENT') return false
    throw error
  }
}

async function takeFreeName(path: string, name: string, dir: string): Promise<void> {
  try {
    await link(path, name)
    await rm(path, { force: true })
  } catch (error) {
    if (!isErrnoError(error)) throw error
    if (error.code === 'EEXIST') throw changed(dir)
    if (!NO_LINKS.has(error.code ?? '')) throw error
    await rename(path, name)
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
