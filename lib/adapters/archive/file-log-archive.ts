import { basename } from 'node:path'
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
export function createFileLogArchive(options: { readonly hash?: HashPath } = {}): LogArchivePort {
  const indexes = new PieceIndexes(options.hash)
  const finder = new TouchFinder(indexes)
  return {
    list: listSegments,
    append: appendLogs,
    memberLogs: listMemberLogs,
    sources: (dir, segments) =>
      segments.map((segment) => ({
        name: basename(segmentFile(dir, segment.first)),
        zxid: segment.first,
        place: dir,
        bytes: segment.rawBytes,
        open: () => unpackSegment(dir, segment, 0),
      })),
    read: readSegment,
    findTouches: (dir, path, asked) => finder.find(dir, path, asked),
    minutes: (dir, segment, { signal } = {}) => indexes.readMinutes(dir, segment, signal),
    removeOldest: removeSegments,
    verify: verifySegments,
  }
}
