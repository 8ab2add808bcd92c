import type { AgeKeys } from '../age/age-keys.ts'
import { assertSameDigest, loadBase, Refusal, replayBase, treeOf } from './replay-base.ts'
import type { MomentStream, StreamMomentInput } from './store.ts'

/**
 * As `openHistory` of one base, for whoever reads the whole tree once: it is not written out in between, so that its digest is known only when it
 * has been written by the reader. Errors as of SnapshotError and TxnLogError; null where the logs do not lead to `to`.
 */
export async function streamMoment(input: StreamMomentInput, keys?: AgeKeys): Promise<MomentStream | null> {
  const { base: file, logs, to, signal, onProgress } = input
  const loaded = await loadBase(file, { signal, keys })
  try {
    const replayed = await replayBase({
      logs,
      file,
      tree: treeOf(loaded),
      problems: [],
      to,
      options: { signal, onProgress },
    })
    const { result, proof, stream } = replayed
    return {
      proof,
      sessions: result.sessions,
      readAll: stream,
      assertWritten: (digest) => assertSameDigest(digest, result),
      close: () => loaded.source.close(),
    }
  } catch (error) {
    await loaded.source.close()
    if (error instanceof Refusal) return null
    throw error
  }
}
