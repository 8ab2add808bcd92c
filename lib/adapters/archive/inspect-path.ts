import { basename, join } from 'node:path'
import { CancelledError, isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import { formatHex64, parseHex64 } from '../../base/hex64.ts'
import { SnapshotError } from '../../domain/snapshot/errors.ts'
import type { Manifest } from '../../domain/snapshot/manifest.ts'
import { findGap, type Gap } from '../../domain/txnlog/continuity.ts'
import { HistoryReader } from '../../domain/txnlog/read-history.ts'
import { TXN_TYPE } from '../../domain/txnlog/txn.ts'
import type { AgeKeys } from '../age/age-keys.ts'
import { type CheckedSnapshot, checkSnapshot, findDigests } from './check-snapshot.ts'
import { clearEdge } from './clear-edge.ts'
import { type DataDir, getDataDir } from './data-dir.ts'
import { ArchiveError } from './errors.ts'
import { plainName } from './file-form.ts'
import { type FollowedGap, readFollowedGaps } from './followed-gaps.ts'
import { type ForeignFileFacts, inspectForeign } from './imports/inspect-foreign.ts'
import { withUnpackedDataDir } from './imports/unpack-data-dir.ts'
import { inspectLog, type LogFacts } from './inspect-log.ts'
import { logSourcesOf } from './log-file.ts'
import { identifyPath } from './open-path.ts'
import { findFileSize, readManifest, readWholeManifest } from './read-manifest.ts'
import { fuzzyProblem, gapProblem, stopProblems } from './replay-proof.ts'
import {
  type Compression,
  compressionOfName,
  detectCompression,
  findLogZxid,
  findSnapshotZxid,
  readSnapshotBytes,
} from './snapshot-file.ts'
import { INDEX_FILE } from './snapshot-index.ts'
import type { VerifyProblem } from './store.ts'
import { toProblem } from './verify-archive.ts'

export interface SnapshotFacts {
  readonly type: 'snapshot'
  readonly file: string
  /** From the name, which is what a server believes; else from the file; null where neither says. */
  readonly zxid: string | null
  readonly znodes: number
  readonly ephemerals: number
  readonly containers: number
  readonly ttls: number
  readonly dataBytes: number
  readonly sessions: number
  readonly acls: number
  readonly compression: Compression
  readonly pathOrder: boolean
  readonly checksum: { readonly stored: string; readonly computed: string; readonly ok: boolean } | null
  readonly digest: {
    readonly version: number
    readonly zxid: string
    readonly stored: string
    readonly computed: string
    readonly match: boolean
  } | null
  /** Last zxid applied while the file was written (3.9+); beyond the name's the file is fuzzy. */
  readonly lastZxid: string | null
  readonly problems: readonly VerifyProblem[]
}

export type PathFacts =
  | SnapshotFacts
  | LogFacts
  | {
      readonly type: 'datadir'
      readonly snapshots: readonly SnapshotFacts[]
      readonly logs: readonly LogFacts[]
      readonly replayableTo: string | null
      readonly gaps: readonly { readonly after: string; readonly before: string }[]
      /** Only of a directory that a follow has written and that has missed something. */
      readonly missed?: readonly FollowedGap[]
      readonly problems: readonly VerifyProblem[]
    }
  | ForeignFileFacts
  | { readonly type: 'archive'; readonly manifest: Manifest; readonly problems: readonly VerifyProblem[] }

/**
 * Facts of a snapshot file, a log, a data directory or an archive: the JSON of `arkeeper inspect`. Damage is in `problems`, not thrown;
 * thrown are a path that is not there or is none of these, and an archive without a sound manifest.
 */
export async function inspectPath(
  path: string,
  options: { signal?: AbortSignal; keys?: AgeKeys } = {},
): Promise<PathFacts> {
  const place = await identifyPath(path)
  if (place.kind === 'archive') return inspectArchive(place.dir, options.keys)
  if (place.kind === 'datadir') return inspectDataDir(place, options.signal)
  if (place.kind === 'foreign') return inspectForeign(place.path, place.form, options)
  if (place.kind === 'packed-datadir') {
    const inspect = async (dir: string) => inspectDataDir(await getDataDir(dir), options.signal)
    return withUnpackedDataDir(place.path, inspect, options.signal)
  }
  if (isLogFile(path)) return inspectLog(path, options.signal)
  return inspectSnapshot(path, options)
}

/** Facts of one snapshot file, alone or among the logs of its server; damage is in `problems`. */
export async function inspectSnapshot(
  path: string,
  { signal, hasLogs }: { signal?: AbortSignal; hasLogs?: boolean } = {},
): Promise<SnapshotFacts> {
  const file = basename(path)
  const named = findSnapshotZxid(file)
  let compression: Compression = 'none'
  try {
    compression = await detectCompression(path)
    const checked = await checkSnapshot(readSnapshotBytes(path, compression), { digest: true, hasLogs, signal })
    return factsOf(file, named, compression, checked)
  } catch (error) {
    if (error instanceof CancelledError || !isArkeeperError(error)) throw error
    if (error.code === 'BAD_MAGIC' && named === null) {
      throw new ArchiveError('NOT_A_SNAPSHOT', `${path} is not a snapshot: ${error.message}`, { cause: error })
    }
    return {
      ...unknownFacts(file, named, compression),
      checksum: checksumOf(error),
      problems: [toProblem(error, file)],
    }
  }
}

function factsOf(
  file: string,
  named: bigint | null,
  compression: Compression,
  checked: CheckedSnapshot,
): SnapshotFacts {
  const { head, tail, byKind } = checked
  const problems: VerifyProblem[] = []
  if (named !== null && compressionOfName(file) !== compression) {
    const message = `the content is ${compression}, but a server would read a file of this name as ${compressionOfName(file)}`
    problems.push({ code: 'WRONG_EXTENSION', message, file })
  }
  const zxid = named ?? tail.lastZxid ?? tail.digest?.zxid ?? null
  const digest = digestOf(checked)
  // A fuzzy file's own tree never had a digest: only where the window is empty does a difference mean damage.
  if (digest && !digest.match && zxid === tail.digest?.zxid) {
    const message = `the tree's digest is ${digest.computed}, the file says ${digest.stored}`
    problems.push({ code: 'DIGEST_MISMATCH', message, file })
  }
  const windowEnd = tail.lastZxid ?? tail.digest?.zxid ?? null
  if (checked.laterAcls > 0 && zxid !== null && windowEnd !== null && windowEnd <= zxid) {
    const message = `${checked.laterAcls} znodes have an ACL that the file lacks, though it is no fuzzy one`
    problems.push({ code: 'UNKNOWN_ACL', message, file })
  }
  return {
    type: 'snapshot',
    file,
    zxid: zxid === null ? null : formatHex64(zxid),
    znodes: checked.znodes,
    ephemerals: byKind.ephemeral,
    containers: byKind.container,
    ttls: byKind.ttl,
    dataBytes: checked.dataBytes,
    sessions: head.sessions.size,
    acls: head.acls.size,
    compression,
    pathOrder: checked.inPathOrder,
    checksum: checksumText(tail.checksum.stored, tail.checksum.computed),
    digest,
    lastZxid: tail.lastZxid === null ? null : formatHex64(tail.lastZxid),
    problems,
  }
}

function digestOf(checked: CheckedSnapshot): SnapshotFacts['digest'] {
  const found = findDigests(checked)
  if (found === null) return null
  const { version, zxid, stored, computed } = found
  return {
    version,
    zxid: formatHex64(zxid),
    stored: formatHex64(stored),
    computed: formatHex64(computed),
    match: stored === computed,
  }
}

function checksumOf(error: unknown): SnapshotFacts['checksum'] {
  if (!(error instanceof SnapshotError) || error.code !== 'CHECKSUM_MISMATCH') return null
  const { stored, computed } = error.details
  return typeof stored === 'bigint' && typeof computed === 'number' ? checksumText(stored, computed) : null
}

function checksumText(stored: bigint, computed: number): NonNullable<SnapshotFacts['checksum']> {
  return { stored: formatHex64(stored), computed: formatHex64(BigInt(computed)), ok: stored === BigInt(computed) }
}

function unknownFacts(file: string, named: bigint | null, compression: Compression): SnapshotFacts {
  return {
    type: 'snapshot',
    file,
    zxid: named === null ? null : formatHex64(named),
    znodes: 0,
    ephemerals: 0,
    containers: 0,
    ttls: 0,
    dataBytes: 0,
    sessions: 0,
    acls: 0,
    compression,
    pathOrder: false,
    checksum: null,
    digest: null,
    lastZxid: null,
    problems: [],
  }
}

export function isLogFile(path: string): boolean {
  return findLogZxid(basename(path)) !== null
}

async function inspectDataDir(place: DataDir, signal: AbortSignal | undefined): Promise<PathFacts> {
  const snapshots: SnapshotFacts[] = []
  const hasLogs = place.logs.length > 0
  for (const { name } of place.snapshots) {
    const facts = await inspectSnapshot(join(place.dir, name), { signal, hasLogs })
    snapshots.push(await clearEdge(place, facts, signal))
  }
  const logs: LogFacts[] = []
  for (const { name } of place.logs) logs.push(await inspectLog(join(place.logDir, name), signal))
  const problems = [...snapshots, ...logs].flatMap((facts) => facts.problems)
  if (snapshots.every((snapshot) => snapshot.problems.length > 0)) {
    const message = `${place.dir} holds no ${snapshots.length === 0 ? '' : 'sound '}snapshot`
    problems.push({ code: 'NO_VALID_SNAPSHOT', message, file: place.dir })
  }
  const { replayableTo, gaps, more } = await followLogs(place, snapshots, logs, signal)
  problems.push(...more)
  const missed = (await readFollowedGaps(place)) ?? []
  for (const { from, to, perhaps } of missed) {
    const gap = { after: (parseHex64(from) ?? 0n) - 1n, before: (parseHex64(to) ?? 0n) + 1n }
    // An end of an epoch that is missing is not seen in numbers.
    if (perhaps || gaps.some((known) => known.after < gap.before && known.before > gap.after)) continue
    gaps.push(gap)
    problems.push(gapProblem(gap, 'gaps.jsonl'))
  }
  const hex = gaps.map((gap) => ({ after: formatHex64(gap.after), before: formatHex64(gap.before) }))
  return {
    type: 'datadir',
    snapshots,
    logs,
    replayableTo,
    gaps: hex,
    ...(missed.length > 0 ? { missed } : {}),
    problems,
  }
}

/** How far the logs lead from the newest snapshot that they make a state, and every place where they do not go on. */
async function followLogs(
  place: DataDir,
  snapshots: readonly SnapshotFacts[],
  logs: readonly LogFacts[],
  signal: AbortSignal | undefined,
): Promise<{ replayableTo: string | null; gaps: Gap[]; more: VerifyProblem[] }> {
  const gaps: Gap[] = gapsBetween(logs)
  const more: VerifyProblem[] = gaps.map((gap) => gapProblem(gap, basename(place.logDir)))
  let replayableTo: bigint | null = null
  for (const [i, { zxid }] of place.snapshots.entries()) {
    const facts = snapshots[i]
    if (facts === undefined || facts.problems.length > 0) continue
    const windowEnd = [facts.lastZxid, facts.digest?.zxid, facts.zxid].map((text) => (text && parseHex64(text)) || 0n)
    const history = new HistoryReader(logSourcesOf(place), { after: zxid, to: null, signal })
    for await (const _ of history.readEntries()) throwIfAborted(signal)
    const gap = history.stop?.kind === 'gap' ? history.stop.gap : null
    if (gap && !gaps.some((known) => known.before === gap.before)) {
      gaps.push(gap)
      more.push(gapProblem(gap, facts.file))
    }
    if (history.stop?.kind === 'damage' && history.stop.error.code === 'FOREIGN_LOG') {
      more.push(...stopProblems(history.stop, history.lastZxid))
    }
    if (windowEnd.every((end) => end <= history.lastZxid)) {
      replayableTo = history.lastZxid
      break
    }
    const to = windowEnd.reduce((a, b) => (b > a ? b : a))
    more.push(fuzzyProblem(facts.file, { from: history.lastZxid + 1n, to }))
  }
  return { replayableTo: replayableTo === null ? null : formatHex64(replayableTo), gaps, more }
}

/** Between logs, by their first and last zxid; what is missing inside one is among its own problems. */
function gapsBetween(logs: readonly LogFacts[]): Gap[] {
  const gaps: Gap[] = []
  let last: bigint | null = null
  for (const { firstZxid, lastZxid } of logs) {
    if (firstZxid === null || lastZxid === null) continue
    const [from, to] = [parseHex64(firstZxid) ?? 0n, parseHex64(lastZxid) ?? 0n]
    const gap: Gap | null = last === null || from <= last ? null : findGap(last, { zxid: from, type: TXN_TYPE.create })
    if (gap) gaps.push(gap)
    if (last === null || to > last) last = to
  }
  return gaps
}

/** Manifest and sizes only; `verify` reads the content. */
async function inspectArchive(dir: string, keys: AgeKeys | undefined): Promise<PathFacts> {
  const { manifest } = keys === undefined ? await readManifest(dir) : await readWholeManifest(dir, keys)
  const problems: VerifyProblem[] = []
  for (const file of manifest.files) {
    const bytes = await findFileSize(join(dir, file.name))
    if (bytes === file.bytes || (bytes === null && plainName(file.name) === INDEX_FILE)) continue
    const message =
      bytes === null ? `${file.name} is missing` : `${file.name} has ${bytes} bytes, the manifest says ${file.bytes}`
    problems.push({ code: bytes === null ? 'FILE_MISSING' : 'SIZE_MISMATCH', message, file: file.name })
  }
  return { type: 'archive', manifest, problems }
}
