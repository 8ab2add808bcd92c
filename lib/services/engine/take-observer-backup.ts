import type { DataDirReader } from '../../adapters/archive/store.ts'
import { formatServer } from '../../adapters/zookeeper/connect-string.ts'
import type { ClusterTarget } from '../../adapters/zookeeper/connection.ts'
import type { QuorumTarget } from '../../adapters/zookeeper/observer.ts'
import { countOf } from '../../base/count-of.ts'
import { formatHex64 } from '../../base/hex64.ts'
import type { Consistency } from '../../domain/snapshot/manifest.ts'
import { ROOT } from '../../domain/znode/path.ts'
import type { ZnodeStream } from '../../domain/znode/znode.ts'
import type { EngineContext } from '../context.ts'
import { assertRoots } from './assert-roots.ts'
import { chrootedTree } from './chrooted-tree.ts'
import { EngineError } from './errors.ts'
import { notATree } from './not-a-tree.ts'
import { type OnProgress, ProgressMeter } from './progress.ts'
import { type ReceivedTree, receiveTree } from './receive-tree.ts'
import { parseRoots } from './scope.ts'
import { withStagingDir } from './staging.ts'
import type { TakenBackup } from './take-backup.ts'
import { chrootOf, streamRoots, writeServerTree } from './write-server-tree.ts'

export interface TakeObserverBackupInput {
  readonly quorum: QuorumTarget
  /** The same ensemble's client ports, where they are known: they tell its chroot and version. Nobody signs in there. */
  readonly target: ClusterTarget | null
  /** Throws where what is heard at this zxid is not the cluster that is meant: nothing is made of it then. Absent: the addresses are believed. */
  readonly assertOurs?: (zxid: bigint) => Promise<void>
  readonly clusterName: string
  /** Subtrees, relative to the chroot; none means the whole tree. */
  readonly paths: readonly string[]
  readonly parentDir: string
  readonly note?: string
  readonly onProgress?: OnProgress
}

export interface TakenObserverBackup extends TakenBackup {
  /** What was listened to, and what came of it: one line for people. */
  readonly heard: string
}

/**
 * A backup of a running ensemble by listening to its leader as an observer does: the whole tree, then every transaction that was committed while
 * it was sent, replayed over it. Exact at one zxid, proved by the digest that the leader sends with each transaction (3.6+), with the kinds,
 * times to live and sequence counters that no client sees. Nothing of the ensemble is changed, not even a session is opened. On any failure
 * no archive is left.
 */
export async function takeObserverBackup(
  context: EngineContext,
  input: TakeObserverBackupInput,
): Promise<TakenObserverBackup> {
  const roots = parseRoots(input.paths)
  const startedAtMs = context.clock.now()
  const meter = new ProgressMeter(context.clock, input.onProgress)
  return withStagingDir(input.parentDir, async (dir) => {
    meter.report('Looking for the leader', { done: 0 })
    // Nearly always all of it is wanted: then it is put in order while it comes, and goes straight into the archive.
    const whole = roots.length === 1 && roots[0] === ROOT && chrootOf(input.target) === ROOT
    const received = await receiveTree(context, {
      quorum: input.quorum,
      dir,
      inOrder: whole,
      onBytes: (bytes) => meter.report('Receiving the tree of the leader', { done: bytes, bytes }),
    })
    try {
      await input.assertOurs?.(received.zxid)
      const version = await findVersion(context, input.target)
      const made = { context, input, received, roots, version, startedAtMs, meter }
      return await (whole ? takeWhole(made) : takeParts(made))
    } catch (error) {
      throw notATree(error, received.peer)
    } finally {
      await received.records?.discard()
    }
  })
}

interface Made {
  readonly context: EngineContext
  readonly input: TakeObserverBackupInput
  readonly received: ReceivedTree
  readonly roots: readonly string[]
  readonly version: string | null
  readonly startedAtMs: number
  readonly meter: ProgressMeter
}

async function takeWhole(made: Made): Promise<TakenObserverBackup> {
  const { context, received } = made
  const { base, records, logs, zxid: to } = received
  const wanted = { base, logs, to, ...followReplay(made) }
  const moment = await (records ?? context.archives).streamMoment(wanted)
  if (moment === null) throw doesNotFit(received, null)
  let dir: string | null = null
  try {
    const written = await write(made, { stream: moment.readAll(), ...moment })
    dir = written.dir
    moment.assertWritten(BigInt(written.manifest.digest?.computed ?? 0))
    dir = null
    return written
  } finally {
    if (dir !== null) await context.archives.remove(dir)
    await moment.close()
  }
}

async function takeParts(made: Made): Promise<TakenObserverBackup> {
  const { context, input, received, roots } = made
  const name = `the leader at ${formatServer(received.peer)}`
  const { base, logs, zxid: to } = received
  const reader = await context.archives.openMoment({ name, bases: [base], logs, to, ...followReplay(made) })
  try {
    const tree = chrootedTree(reader, chrootOf(input.target))
    await assertRoots(tree, roots, context.signal)
    const { proof, sessions } = reader
    return await write(made, { stream: streamRoots(tree, roots, context), proof, sessions })
  } finally {
    await reader.close()
  }
}

function followReplay({ context, received, meter }: Made) {
  const onProgress = (applied: number) =>
    meter.report('Replaying what came meanwhile', { done: applied, total: received.transactions })
  return { signal: context.signal, onProgress }
}

async function write(
  { context, input, received, roots, version, startedAtMs, meter }: Made,
  { stream, proof, sessions }: Pick<DataDirReader, 'proof' | 'sessions'> & { readonly stream: ZnodeStream },
): Promise<TakenObserverBackup> {
  const consistency = judge(received, proof)
  const facts = { source: 'observer', zookeeperVersion: version, unreadable: [], sessions } as const
  const written = await writeServerTree(context, input, {
    stream,
    roots,
    patch: [],
    facts: { ...facts, zxid: received.zxid, consistency },
    startedAtMs,
    meter,
    total: null,
  })
  return { ...written, heard: describe(received, consistency) }
}

/** Asks no session for it: `srvr` is answered without one. */
async function findVersion(context: EngineContext, target: ClusterTarget | null): Promise<string | null> {
  if (target === null) return null
  const answers = await context.zookeeper.serverStatus(target)
  return answers.find(({ status }) => status?.version)?.status?.version ?? null
}

function judge(received: ReceivedTree, { exact, digest, firstMismatch }: DataDirReader['proof']): Consistency {
  if (!exact || digest?.match === false || firstMismatch !== null) throw doesNotFit(received, { digest, firstMismatch })
  const at = formatHex64(received.zxid)
  const proof = digest ? 'digest' : received.transactions > 0 ? 'replay' : 'quiet'
  return { class: 'exact', proof, from: at, to: at, moved: [], movedKnown: true }
}

function doesNotFit(
  { zxid }: ReceivedTree,
  found: Pick<DataDirReader['proof'], 'digest' | 'firstMismatch'> | null,
): EngineError {
  const digest = found?.digest
  return new EngineError(
    'DIGEST_MISMATCH',
    digest
      ? `The tree that the leader sent has the digest ${formatHex64(digest.computed)} at ${formatHex64(zxid)}, by the leader's own word it is ${formatHex64(digest.expected)}`
      : `What the leader sent does not fit together at ${formatHex64(found?.firstMismatch ?? zxid)}`,
    {
      unaffected: 'no archive was made; the ensemble was not touched',
      remedy:
        'look at digest_mismatches_count of the members: one of them may hold another tree than the others; take the backup from another source meanwhile',
    },
  )
}

function describe({ peer, base, transactions, zxid }: ReceivedTree, { proof }: Consistency): string {
  const meanwhile = transactions > 0 ? ` and ${countOf(transactions, 'transaction')} that came meanwhile` : ''
  const how = proof === 'digest' ? 'proved by digest' : proof === 'replay' ? 'gap-free' : 'nothing moved meanwhile'
  return `the leader at ${formatServer(peer)}: its tree at ${formatHex64(base.zxid)}${meanwhile} give ${formatHex64(zxid)}, ${how}`
}
