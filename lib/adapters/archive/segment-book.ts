import { stat } from 'node:fs/promises'
import { isArkeeperError } from '../../base/errors.ts'
import type { AgeKeys } from '../age/age-keys.ts'
import { toArchiveError } from './errors.ts'
import { type LogSegment, segmentFilesOf } from './log-segment.ts'
import { findSegment } from './read-segments.ts'

/** About 10 KiB each. */
const KEPT_MAX = 2000

interface Known {
  readonly size: number
  readonly mtimeMs: number
  readonly ino: number
  readonly segment: LogSegment
}

/** Manifests of pieces that were read already, as long as the piece is the same file: a look-up needs many, and most never change. */
export class SegmentBook {
  readonly #known = new Map<string, Known>()
  readonly #keys: AgeKeys

  constructor(keys: AgeKeys) {
    this.#keys = keys
  }

  /** Throws ArchiveError NOT_FOUND or MANIFEST_INVALID, and what describing a piece anew throws. */
  async find(dir: string, first: bigint): Promise<LogSegment> {
    const [path, sealed] = segmentFilesOf(dir, first)
    const { size, mtimeMs, ino } = await statOf(path).catch((error: unknown) => {
      if (!isArkeeperError(error) || error.code !== 'NOT_FOUND') throw error
      return statOf(sealed)
    })
    const known = this.#known.get(path)
    if (known && known.size === size && known.mtimeMs === mtimeMs && known.ino === ino) return known.segment
    const segment = await findSegment(dir, first, this.#keys)
    if (this.#known.size >= KEPT_MAX) this.#known.delete(this.#known.keys().next().value ?? path)
    // Of a piece that has grown meanwhile the former is found: asked for again, it does not fit the file.
    this.#known.set(path, { size, mtimeMs, ino, segment })
    return segment
  }
}

async function statOf(path: string) {
  try {
    return await stat(path)
  } catch (error) {
    throw toArchiveError(error, `looking at ${path}`)
  }
}
