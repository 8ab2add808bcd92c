import { formatHex64 } from '../../base/hex64.ts'
import { RecordCursor } from '../../domain/snapshot/record.ts'
import { TxnLogError } from '../../domain/txnlog/errors.ts'
import type { BaseTree, LogSource } from '../../domain/txnlog/ports.ts'
import { HistoryReader, type HistoryStop } from '../../domain/txnlog/read-history.ts'
import { type ReplayResult, replayLog } from '../../domain/txnlog/replay.ts'
import { patchStream } from '../../domain/znode/patch-stream.ts'
import { ROOT } from '../../domain/znode/path.ts'
import type { ZnodeStream } from '../../domain/znode/znode.ts'
import type { AgeKeys } from '../age/age-keys.ts'
import { type LoadedSnapshot, loadSnapshotFile } from './open-archive.ts'
import { readAhead, readSpan } from './read-blocks.ts'
import { logProblems, type ReplayProof, replayProblems, stopProblems } from './replay-proof.ts'
import { detectCompression } from './snapshot-file.ts'
import { SnapshotTree } from './snapshot-tree.ts'
import type { BaseFile, OpenDataDirOptions, VerifyProblem } from './store.ts'

export async function loadBase(
  file: BaseFile,
  { signal, keys }: { readonly signal?: AbortSignal; readonly keys?: AgeKeys },
): Promise<LoadedSnapshot> {
  const held = await file.fetch?.()
  try {
    const path = held?.path ?? file.path
    return await loadSnapshotFile(path, await detectCompression(path, keys), signal, keys)
  } finally {
    await held?.release()
  }
}

/** Why a snapshot cannot serve. Never leaves the opening of histories. */
export abstract class Refusal extends Error {}

export class TooNew extends Refusal {
  readonly from: bigint
  constructor(from: bigint) {
    super('too new')
    this.from = from
  }
}

export class Unreachable extends Refusal {
  readonly reached: bigint
  readonly stop: HistoryStop | null
  readonly windowEnd: bigint
  constructor(reached: bigint, stop: HistoryStop | null, windowEnd: bigint) {
    super('out of reach')
    this.reached = reached
    this.stop = stop
    this.windowEnd = windowEnd
  }
}

/** What logs are replayed over, open. */
export interface ReplayTree {
  toBase(file: BaseFile, signal: AbortSignal | undefined): Promise<{ base: BaseTree; windowKnown: boolean }>
  /** All znodes in path order, once a call. What lacks its ACL list has LATER_ACL. */
  readAll(file: BaseFile, signal: AbortSignal | undefined): ZnodeStream
}

export function treeOf(loaded: LoadedSnapshot): ReplayTree {
  return {
    toBase: (file, signal) => toBase(file, loaded, signal),
    readAll: (file, signal) => {
      const view = new SnapshotTree({
        name: file.name,
        source: loaded.source,
        index: loaded.index,
        // What lacks its list gets it from the patch; else the writer refuses it.
        acls: loaded.head.acls.withLater(),
        ownerless: 'persistent',
        unreadable: [],
      })
      return view.readSubtree(ROOT, { includeSystem: true, signal })
    },
  }
}

export interface ReplayInputs {
  readonly logs: readonly LogSource[]
  readonly file: BaseFile
  readonly tree: ReplayTree
  readonly problems: readonly VerifyProblem[]
  readonly to: bigint | null
  readonly options: Omit<OpenDataDirOptions, 'logDir' | 'to'>
}

export interface ReplayedBase {
  readonly result: ReplayResult
  readonly proof: ReplayProof
  /** The whole tree at `result.zxid`, read from the base as it goes: once for each call, while the base is open. */
  stream(): ZnodeStream
}

/** Replays logs over a base that is open. Throws a Refusal where it cannot serve, or what `replayLog` throws. */
export async function replayBase(input: ReplayInputs): Promise<ReplayedBase> {
  const { logs, file, tree, to, options } = input
  const { base, windowKnown } = await tree.toBase(file, options.signal)
  if (to !== null && base.windowEnd > to) throw new TooNew(base.windowEnd)
  let history: HistoryReader | null = null
  const result = await replayLog({
    base,
    digestsAt: options.digestsAt,
    signal: options.signal,
    onProgress: options.onProgress,
    readEntries: async function* () {
      // The second time only as far as the first: a running server may have written more.
      const isFirst = history === null
      const reader = new HistoryReader(logs, { after: base.zxid, to: history?.lastZxid ?? to, signal: options.signal })
      history ??= reader
      yield* reader.readEntries()
      if (!isFirst) return
      const reached = reader.lastZxid
      const short = to === null ? reached < base.windowEnd : reader.stop?.kind !== 'target'
      if (short) throw new Unreachable(reached, reader.stop, base.windowEnd)
    },
  })
  const read: HistoryReader = history ?? new HistoryReader([], { after: base.zxid, to })
  const { stop } = read
  const proof: ReplayProof = {
    zxid: result.zxid,
    // The digest is made of the kinds, too.
    kindsKnown: file.kindsKnown !== false || result.digest?.match === true,
    exact: result.digest === null ? windowKnown && isUnrefuted(result) : result.digest.match,
    snapshot: { name: file.name, zxid: file.zxid, windowEnd: base.windowEnd },
    applied: result.applied,
    digest: result.digest,
    digests: result.digests,
    compared: result.compared,
    firstMismatch: result.firstMismatch,
    conflicts: result.conflicts,
    gaps: stop?.kind === 'gap' ? [stop.gap] : [],
    torn: read.torn,
    problems: [
      ...replayProblems(result, { windowKnown }),
      ...stopProblems(stop, result.zxid),
      ...input.problems,
      ...logProblems(read),
    ],
  }
  return {
    result,
    proof,
    stream: () => patchStream(tree.readAll(file, options.signal), result.patch),
  }
}

/** What was written of a replayed tree must have the digest that the replay computed. Throws TxnLogError INCONSISTENT. */
export function assertSameDigest(
  written: bigint,
  { zxid, utf8Digest }: Pick<ReplayResult, 'zxid' | 'utf8Digest'>,
): void {
  if (written === utf8Digest) return
  throw new TxnLogError(
    'INCONSISTENT',
    `the tree at ${formatHex64(zxid)} has the digest ${formatHex64(written)}, by its transactions ${formatHex64(utf8Digest)}: snapshot and logs do not fit each other`,
    { unaffected: 'nothing was written', remedy: 'replay from another snapshot, or to an earlier zxid' },
  )
}

/** Where servers say nothing of the last state, nothing that they said on the way may speak against it. */
function isUnrefuted({ firstMismatch, conflicts }: ReplayResult): boolean {
  return firstMismatch === null && conflicts.firstOutside === null
}

/**
 * A snapshot without blocks (servers before 3.6, or with digests off) does not say where its window ends: at the latest change that it shows,
 * or later by a deletion that left no trace.
 */
export async function toBase(
  file: BaseFile,
  loaded: LoadedSnapshot,
  signal: AbortSignal | undefined,
): Promise<{ base: BaseTree; windowKnown: boolean }> {
  const { head, tail, source, index } = loaded
  // Zxid 0 with digest 0 is what a server writes while it knows none.
  const known = tail.digest !== null && tail.digest.zxid !== 0n ? tail.digest : null
  const digest = file.digest === undefined ? known : { zxid: file.zxid, value: file.digest }
  const visit: BaseTree['visit'] = async (visitor) => {
    const cursor = new RecordCursor()
    for await (const raw of readAhead(index.blocks, (block) => readSpan(source, index, block), signal)) {
      for (let at = 0; cursor.read(raw, at, raw.length) === 'record'; at = cursor.end) visitor(cursor, cursor.path())
    }
  }
  const { zxid } = file
  const told = file.isExact ? zxid : (file.windowEnd ?? tail.lastZxid ?? digest?.zxid ?? null)
  const end = told ?? (await findLastChange(visit))
  const base = { zxid, windowEnd: end > zxid ? end : zxid, digest, sessions: head.sessions, acls: head.acls, visit }
  return { base, windowKnown: told !== null }
}

async function findLastChange(visit: BaseTree['visit']): Promise<bigint> {
  let last = 0n
  await visit(({ bytes, statAt }) => {
    // czxid, mzxid, pzxid of StatPersisted.
    for (const at of [statAt, statAt + 8, statAt + 52]) {
      const zxid = bytes.readBigInt64BE(at)
      if (zxid > last) last = zxid
    }
  })
  return last
}
