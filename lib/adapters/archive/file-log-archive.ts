import { basename } from 'node:path'
import { appendLogs } from './append-logs.ts'
import type { LogArchivePort } from './log-archive.ts'
import { segmentFile } from './log-segment.ts'
import { listMemberLogs } from './member-logs.ts'
import { listSegments, readSegment, unpackSegment, verifySegments } from './read-segments.ts'

export function createFileLogArchive(): LogArchivePort {
  return {
    list: listSegments,
    append: appendLogs,
    memberLogs: listMemberLogs,
    sources: (dir, segments) =>
      segments.map((segment) => ({
        name: basename(segmentFile(dir, segment.first)),
        zxid: segment.first,
        open: () => unpackSegment(dir, segment, 0),
      })),
    read: readSegment,
    verify: verifySegments,
  }
}
