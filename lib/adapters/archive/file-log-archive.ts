import { basename } from 'node:path'
import { type AgeKeys, HeldKeys, NO_KEYS } from '../age/age-keys.ts'
import { appendLogs } from './append-logs.ts'
import { findTailTouches, joinTouches } from './find-tail-touches.ts'
import { TouchFinder } from './find-touches.ts'
import type { LogArchivePort, TailBox } from './log-archive.ts'
import { basesDir, listLogBases, removeBases } from './log-bases.ts'
import { createLogPieces } from './log-pieces.ts'
import { segmentFile } from './log-segment.ts'
import { FileLogTail, listTails, readTails, removeTails, type TailSpan } from './log-tail.ts'
import { listMemberLogs } from './member-logs.ts'
import type { HashPath } from './path-hash.ts'
import { PieceIndexes } from './piece-indexes.ts'
import { listSegments, readSegment, unpackSegment, verifySegments } from './read-segments.ts'
import { removeSegments } from './remove-segments.ts'
import { rollBackLogs } from './roll-back-logs.ts'

/** `hash`: of paths in indexes; another than the usual one is for tests. `box`: of sealed tails, which are not read without. */
export function createFileLogArchive(
  options: { readonly hash?: HashPath; readonly keys?: AgeKeys; readonly box?: TailBox | null } = {},
): LogArchivePort {
  const { keys = NO_KEYS, box = null } = options
  // More can be put behind what this process has encrypted, without a private key, as long as it lives.
  const held = new HeldKeys(keys)
  const indexes = new PieceIndexes(options.hash, keys)
  const finder = new TouchFinder(indexes, keys)
  return {
    list: (dir) => listSegments(dir, keys),
    append: (dir, input) => appendLogs(dir, input, held),
    openTail: (dir, holder) => new FileLogTail(dir, { holder, box: null }),
    tails: (dir) => listTails(dir, box),
    takeTails: async (dir, { names, ...input }) => {
      const tails = (await listTails(dir, box)).filter(({ name }) => names.includes(name))
      const spans = new Map<string, TailSpan>()
      const taken = await appendLogs(dir, { ...input, entries: readTails(tails, input.signal, spans) }, held)
      const { gaps } = await listSegments(dir, keys)
      // What was archived by another way meanwhile may begin behind a part of it: then nothing else holds that part.
      const isNeeded = (name: string) => {
        const span = spans.get(name)
        return span !== undefined && gaps.some(({ after, before }) => after < span.last && before > span.first)
      }
      await removeTails(
        dir,
        names.filter((name) => !isNeeded(name)),
      )
      return taken
    },
    rollBack: (dir, to) => rollBackLogs(dir, { to, keys: held }),
    bases: listLogBases,
    basesDir,
    removeBases,
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
    findTouches: async (dir, path, asked) => {
      // The tails first: what is put into a piece meanwhile is then found twice, and never not at all.
      const open = await findTailTouches(await listTails(asked.tailsIn ?? dir, box), path, asked)
      return joinTouches(open, await finder.find(dir, path, asked), asked)
    },
    minutes: (dir, segment, { signal } = {}) => indexes.readMinutes(dir, segment, signal),
    removeOldest: removeSegments,
    verify: (dir, options) => verifySegments(dir, { ...options, keys }),
    pieces: createLogPieces(keys),
  }
}
