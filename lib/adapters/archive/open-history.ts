import { CancelledError, isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import { formatHex64 } from '../../base/hex64.ts'
import { SnapshotError } from '../../domain/snapshot/errors.ts'
import type { BodyCounts, SnapshotEnds } from '../../domain/snapshot/write-snapshot.ts'
import { TxnLogError } from '../../domain/txnlog/errors.ts'
import type { LogSource } from '../../domain/txnlog/ports.ts'
import { HistoryReader } from '../../domain/txnlog/read-history.ts'
import { ROOT } from '../../domain/znode/path.ts'
import type { AgeKeys } from '../age/age-keys.ts'
import { AgeError } from '../age/errors.ts'
import type { ByteSource } from './byte-source.ts'
import { ArchiveError } from './errors.ts'
import type { LoadedSnapshot } from './open-archive.ts'
import {
  assertSameDigest,
  loadBase,
  Refusal,
  type ReplayInputs,
  replayBase,
  TooNew,
  toBase,
  treeOf,
  Unreachable,
} from './replay-base.ts'
import { fuzzyProblem, logProblems, type ReplayProof, stopProblems } from './replay-proof.ts'
import { SnapshotTree } from './snapshot-tree.ts'
import type { BaseFile, DataDirReader, OpenDataDirOptions, VerifyProblem } from './store.ts'
import { writeTempTree } from './temp-tree.ts'
import { toProblem } from './verify-archive.ts'

/** The tree of a data directory at one zxid, lying in a temporary file without a name. */
export class DataDirTree extends SnapshotTree implements DataDirReader {
  readonly dir: string
  readonly proof: ReplayProof
  readonly sessions: ReadonlyMap<bigint, number>
  readonly counts: BodyCounts
  /** The whole tree as a native snapshot: head, body as it lies in the source, tail. */
  readonly native: { readonly ends: SnapshotEnds; readonly body: ByteSource }

  constructor(
    input: ConstructorParameters<typeof SnapshotTree>[0],
    facts: Pick<DataDirTree, 'dir' | 'proof' | 'sessions' | 'counts' | 'native'>,
  ) {
    super(input)
    this.dir = facts.dir
    this.proof = facts.proof
    this.sessions = facts.sessions
    this.counts = facts.counts
    this.native = facts.native
  }
}

/** Snapshots that logs can be replayed over, and the logs: of one directory, or gathered from many places. */
export interface HistoryPlace {
  /** Whose snapshots they are, and whose logs: for messages. */
  readonly name: string
  readonly logsName: string
  /** In the order in which they are tried. */
  readonly bases: readonly BaseFile[]
  readonly logs: readonly LogSource[]
}

/**
 * The tree at a zxid: of the first base that can serve it, with the logs replayed. Without `to` it is the last one that the logs prove; where
 * they prove none, the first sound base as it lies (`proof.exact` is false). Errors as of `openDataDir`.
 */
export async function openHistory(
  place: HistoryPlace,
  options: Omit<OpenDataDirOptions, 'logDir'> & { readonly keys?: AgeKeys },
): Promise<DataDirTree> {
  const to = options.to ?? null
  const problems: VerifyProblem[] = []
  const refusals: Refusal[] = []
  let fallback: BaseFile | null = null
  let doubtful: DataDirTree | null = null
  let sound = 0
  let hopeless = -1n
  let locked: AgeError | null = null
  for (const file of place.bases) {
    throwIfAborted(options.signal)
    if (to !== null && file.zxid > to) {
      refusals.push(new TooNew(file.zxid))
      continue
    }
    // From there the same logs lead to the same end.
    if (file.zxid < hopeless) continue
    const loaded = await load(file, problems, options).catch((error: unknown) => {
      // Another base may be one that can be read.
      if (!(error instanceof AgeError) || error.code !== 'KEY_MISSING') throw error
      locked ??= error
      return null
    })
    if (loaded === null) continue
    sound++
    try {
      const tree = await replayOver({ place, file, tree: treeOf(loaded), problems, to, options })
      const { digest, firstMismatch } = tree.proof
      if (digest === null ? firstMismatch === null : digest.match) {
        await doubtful?.close()
        return tree
      }
      // A sound file may still be the wrong tree (cut behind its first checksum, put there by hand): one older is asked.
      if (doubtful) {
        await tree.close()
        break
      }
      doubtful = tree
      problems.push(
        ...tree.proof.problems.filter(({ code }) => code === 'DIGEST_MISMATCH').map(fromSnapshot(file.name)),
      )
    } catch (error) {
      if (!(error instanceof Refusal)) {
        await doubtful?.close()
        throw error
      }
      refusals.push(error)
      fallback ??= file
      if (to === null && error instanceof Unreachable) {
        const window = { from: error.reached + 1n, to: error.windowEnd }
        problems.push(fuzzyProblem(file.name, window), ...stopProblems(error.stop, error.reached))
      }
      // An older base comes no further, unless what is missing lies at the very beginning.
      if (to !== null && error instanceof Unreachable && error.reached > file.zxid) hopeless = error.reached
    } finally {
      await loaded.source.close()
    }
  }
  if (doubtful !== null) return doubtful
  if (locked !== null) throw locked
  if (to !== null && refusals.length > 0) throw unreachableError(place, to, refusals)
  if (fallback !== null) return openAsItLies(place, fallback, problems, options)
  const faults = problems.map(({ file, message }) => `${file}: ${message}`)
  const message = sound + faults.length === 0 ? 'holds no snapshot' : `holds no sound snapshot (${faults.join('; ')})`
  throw new ArchiveError('NO_VALID_SNAPSHOT', `${place.name} ${message}`)
}

const fromSnapshot = (name: string) => (one: VerifyProblem) => ({
  ...one,
  message: `${name}: ${one.message}`,
  file: name,
})

/** Null for a damaged one: as a server does, it is passed over for the next older. */
async function load(
  file: BaseFile,
  problems: VerifyProblem[],
  { signal, keys }: { readonly signal?: AbortSignal; readonly keys?: AgeKeys },
): Promise<LoadedSnapshot | null> {
  try {
    return await loadBase(file, { signal, keys })
  } catch (error) {
    if (error instanceof CancelledError || !isArkeeperError(error) || !(error instanceof SnapshotError)) throw error
    problems.push(toProblem(error, file.name))
    return null
  }
}

async function replayOver({
  place,
  ...input
}: Omit<ReplayInputs, 'logs'> & { readonly place: HistoryPlace }): Promise<DataDirTree> {
  const { result, proof, stream } = await replayBase({ ...input, logs: place.logs })
  const tree = await writeTempTree(stream(), result)
  try {
    assertSameDigest(tree.ends.digest, result)
  } catch (error) {
    await tree.source.close()
    throw error
  }
  return toTree(place, tree, result.sessions, proof)
}

function toTree(
  place: HistoryPlace,
  tree: Awaited<ReturnType<typeof writeTempTree>>,
  sessions: ReadonlyMap<bigint, number>,
  proof: ReplayProof,
): DataDirTree {
  const ownerless = proof.kindsKnown ? 'persistent' : 'unknown'
  const { source, index, acls, ends, counts } = tree
  const name = `${place.name} at ${formatHex64(proof.zxid)}`
  return new DataDirTree(
    { name, source, index, acls, ownerless, unreadable: [] },
    { dir: place.name, proof, sessions, counts, native: { ends, body: source } },
  )
}

/** What is left where no state can be proven: better than nothing, and labelled so. */
async function openAsItLies(
  place: HistoryPlace,
  file: BaseFile,
  problems: readonly VerifyProblem[],
  options: Pick<OpenDataDirOptions, 'signal'> & { readonly keys?: AgeKeys },
): Promise<DataDirTree> {
  const { path } = file
  const loaded = await loadBase(file, options)
  try {
    const { base } = await toBase(file, loaded, options.signal)
    const { index, source, head } = loaded
    const view = new SnapshotTree({
      name: path,
      source,
      index,
      acls: head.acls,
      ownerless: 'persistent',
      unreadable: [],
    })
    const stream = view.readSubtree(ROOT, { includeSystem: true, signal: options.signal })
    const tree = await writeTempTree(stream, { sessions: head.sessions, signal: options.signal })
    const probe = new HistoryReader(place.logs, { after: file.zxid, to: null, signal: options.signal })
    for await (const _ of probe.readEntries()) throwIfAborted(options.signal)
    const none = { exists: 0, missing: 0 }
    const proof: ReplayProof = {
      zxid: file.zxid,
      kindsKnown: file.kindsKnown !== false,
      exact: false,
      snapshot: { name: file.name, zxid: file.zxid, windowEnd: base.windowEnd },
      applied: 0,
      digest: null,
      digests: new Map(),
      compared: 0,
      firstMismatch: null,
      conflicts: { inside: none, outside: none, firstOutside: null },
      gaps: probe.stop?.kind === 'gap' ? [probe.stop.gap] : [],
      torn: probe.torn,
      problems: [...problems, ...logProblems(probe)],
    }
    return toTree(place, tree, head.sessions, proof)
  } finally {
    await loaded.source.close()
  }
}

function unreachableError(place: HistoryPlace, to: bigint, refusals: readonly Refusal[]): TxnLogError {
  const unaffected = 'nothing was written'
  const zxid = formatHex64(to)
  const short = refusals.find((refusal) => refusal instanceof Unreachable)
  if (short?.stop?.kind === 'gap') {
    const [after, before] = [formatHex64(short.stop.gap.after), formatHex64(short.stop.gap.before)]
    return new TxnLogError(
      'LOG_GAP',
      `${zxid} cannot be reached: the logs of ${place.logsName} go on after ${after} with ${before} only`,
      {
        unaffected,
        remedy: `give the missing log, or a zxid up to ${after}`,
        details: { after, before, reachable: short.reached },
      },
    )
  }
  if (short?.stop?.kind === 'damage') {
    const { error, file } = short.stop
    return new TxnLogError(error.code, `${zxid} cannot be reached: ${file}: ${error.message}`, {
      unaffected,
      remedy: `give a sound copy of the log, or a zxid up to ${formatHex64(short.reached)}`,
      details: { ...error.details, reachable: short.reached },
      cause: error,
    })
  }
  if (short) {
    const reached = formatHex64(short.reached)
    return new TxnLogError(
      'LOG_TOO_SHORT',
      `${zxid} cannot be reached: the logs of ${place.logsName} end at ${reached}`,
      {
        unaffected,
        remedy: `give a zxid up to ${reached}`,
        details: { reachable: short.reached },
      },
    )
  }
  const from = refusals.flatMap((refusal) => (refusal instanceof TooNew ? [refusal.from] : []))
  const oldest = from.reduce((a, b) => (b < a ? b : a))
  return new TxnLogError('SNAPSHOT_TOO_NEW', `${zxid} lies before every snapshot of ${place.name}`, {
    unaffected,
    remedy: `give a zxid from ${formatHex64(oldest)} on, or an older snapshot with its logs`,
  })
}
