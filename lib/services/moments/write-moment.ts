import { parseHex64 } from '../../base/hex64.ts'
import { invariant } from '../../base/invariant.ts'
import type { Consistency } from '../../domain/snapshot/manifest.ts'
import { ROOT } from '../../domain/znode/path.ts'
import type { ServiceContext } from '../context.ts'
import { splitConnectString } from '../engine/connect-string.ts'
import { type OnProgress, ProgressMeter } from '../engine/progress.ts'
import type { TakenBackup } from '../engine/take-backup.ts'
import type { MomentTree } from './open-moment.ts'
import type { MomentProofView } from './views.ts'

export interface WriteMomentInput {
  readonly tree: MomentTree
  readonly parentDir: string
  readonly cluster: { readonly name: string; readonly connectString: string }
  /** When the moment was: what the backup says of its age. */
  readonly atMs: number
  readonly note?: string
  readonly onProgress?: OnProgress
}

/** A moment as an archive like any other. */
export async function writeMoment(context: ServiceContext, input: WriteMomentInput): Promise<TakenBackup> {
  const { tree, cluster } = input
  const { proof } = tree
  const startedMs = context.clock.now()
  const meter = new ProgressMeter(context.clock, input.onProgress)
  const zxid = parseHex64(proof.zxid)
  invariant(zxid !== null, 'a proof holds its zxid as hex')
  return context.archives.write({
    parentDir: input.parentDir,
    stream: tree.reader.readSubtree(ROOT, { includeSystem: true, signal: context.signal }),
    describe: () => ({
      cluster: { ...cluster, chroot: splitConnectString(cluster.connectString).chroot },
      // Readers take owner-less znodes of a client's walk for unknown, and of files for persistent.
      source: proof.kindsKnown ? 'files' : 'client',
      zookeeperVersion: null,
      scope: { paths: [ROOT], kind: 'subtrees' },
      zxid,
      consistency: consistencyOf(proof),
      unreadable: [],
      ...(tree.sessions === null ? {} : { sessions: tree.sessions }),
      ...(input.note ? { note: input.note } : {}),
    }),
    startedAtMs: input.atMs,
    now: () => input.atMs + (context.clock.now() - startedMs),
    signal: context.signal,
    onProgress: ({ phase, znodes, dataBytes }) =>
      meter.report(phase === 'writing' ? 'Writing the archive' : 'Reading the archive back', {
        done: znodes,
        bytes: dataBytes,
      }),
  })
}

function consistencyOf({ zxid, exact, digest }: MomentProofView): Consistency {
  const window = { from: zxid, to: zxid, moved: [] }
  if (!exact) return { class: 'fuzzy', ...window, movedReread: false, movedKnown: false }
  return { class: 'exact', proof: digest === 'match' ? 'digest' : 'replay', ...window, movedKnown: true }
}
