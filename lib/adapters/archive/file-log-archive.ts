import { basename } from 'node:path'
import { type AgeKeys, HeldKeys, NO_KEYS } from '../age/age-keys.ts'
import { appendLogs } from './append-logs.ts'
import { TouchFinder } from './find-touches.ts'
import type { LogArchivePort } from './log-archive.ts'
import { segmentFile } from './log-segment.ts'
import { listMemberLogs } from './member-logs.ts'
import type { HashPath } from './path-hash.ts'
import { PieceIndexes } from './piece-indexes.ts'
import { listSegments, readSegment, unpackSegment, verifySegments } from './read-segments.ts'
import { removeSegments } from './remove-segments.ts'

/** `hash`: of paths in indexes; another than the usual one is for tests. */
export function createFileLogArchive(
  options: { readonly hash?: HashPath; readonly keys?: AgeKeys } = {},
): LogArchivePort {
  const { keys = NO_KEYS } = options
  // More can be put behind what this process has encrypted, without a private key, as long as it lives.
  const held = new HeldKeys(keys)
  const indexes = new PieceIndexes(options.hash, keys)
  const finder = new TouchFinder(indexes, keys)
  return {
    list: (dir) => listSegments(dir, keys),
    append: (dir, input) => appendLogs(dir, input, held),
    memberLogs: listMemberLogs,
    sources: (dir, segments) =>
      segments.map((segment) => ({
        name: basename(segmentFile(dir, segment)),
        zxid: segment.first,
        place: dir,
        bytes: segment.rawBytes,
        open: () => unpackSegment(dir, segment, 0, keys),
      })),
    read: (dir, segment, options) => readSegment(dir, segment, { ...options, keys }),
    findTouches: (dir, path, asked) => finder.find(dir, path, asked),
    minutes: (dir, segment, { signal } = {}) => indexes.readMinutes(dir, segment, signal),
    removeOldest: removeSegments,
    verify: (dir, options) => verifySegments(dir, { ...options, keys }),
  }
}
