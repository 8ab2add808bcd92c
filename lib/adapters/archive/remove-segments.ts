import { rm } from 'node:fs/promises'
import { ArchiveError, toArchiveError } from './errors.ts'
import { type LogSegment, segmentFile, segmentIndex, segmentManifest } from './log-segment.ts'
import { findFirsts } from './read-segments.ts'
import { syncDir } from './temp-dir.ts'

/**
 * The oldest pieces, one after the other, so that no gap is ever left. Of each the data file goes first: what is then left of it is listed by
 * nobody. Throws ArchiveError; what was removed before stays removed.
 */
export async function removeSegments(dir: string, pieces: readonly LogSegment[]): Promise<number> {
  const firsts = await findFirsts(dir)
  const isFromTheStart = pieces.every(({ first }, i) => firsts[i] === first) && pieces.length < firsts.length
  if (!isFromTheStart) {
    throw new ArchiveError('UNSUPPORTED', 'Only the oldest pieces of a transaction log can be removed, and never all', {
      unaffected: 'nothing was removed',
    })
  }
  let bytes = 0
  for (const piece of pieces) {
    const data = segmentFile(dir, piece)
    try {
      await rm(data)
      await rm(segmentIndex(dir, piece), { force: true })
      await rm(segmentManifest(dir, piece.first), { force: true })
    } catch (error) {
      throw toArchiveError(error, `removing ${data}`)
    }
    bytes += (piece.sealed ?? piece).bytes
  }
  await syncDir(dir)
  return bytes
}
