import type { AgeKeys } from '../age/age-keys.ts'
import { assertSameDigest, loadBase, Refusal, type ReplayTree, replayBase, treeOf } from './replay-base.ts'
import type { MomentStream, StreamMomentInput } from './store.ts'

/**
 * As `openHistory` of one base, for whoever reads the whole tree once: it is not written out in between, so that its digest is known only when it
 * has been written by the reader. Errors as of SnapshotError and TxnLogError; null where the logs do not lead to `to`.
 */
export async function streamMoment(input: StreamMomentInput, keys?: AgeKeys): Promise<MomentStream | null> {
  const loaded = await loadBase(input.base, { signal: input.signal, keys })
  const close = () => loaded.source.close()
  let moment: MomentStream | null = null
  try {
    moment = await streamReplay(treeOf(loaded), input, close)
    return moment
  } finally {
    if (moment === null) await close()
  }
}

/** `tree` with the logs behind it, as it is read. Null: they do not lead to `to`. `close` ends what the tree is read from. */
export async function streamReplay(
  tree: ReplayTree,
  input: StreamMomentInput,
  close: () => Promise<void>,
): Promise<MomentStream | null> {
  const { base: file, logs, to, signal, onProgress } = input
  try {
    const replayed = await replayBase({ logs, file, tree, problems: [], to, options: { signal, onProgress } })
    const { result, proof, stream } = replayed
    return {
      proof,
      sessions: result.sessions,
      readAll: stream,
      assertWritten: (digest) => assertSameDigest(digest, result),
      close,
    }
  } catch (error) {
    if (error instanceof Refusal) return null
    throw error
  }
}
