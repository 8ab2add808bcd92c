import type { NativeSnapshot } from '../../adapters/archive/store.ts'
import { formatHex64 } from '../../base/hex64.ts'
import type { Consistency } from '../../domain/snapshot/manifest.ts'
import { EngineError } from './errors.ts'

/** What a server's own snapshot proves about itself. */
export type NativeJudgement =
  | { readonly kind: 'exact'; readonly zxid: bigint; readonly consistency: Consistency }
  /** Transactions were applied while it was written: which of them each znode shows cannot be told from the file. */
  | { readonly kind: 'fuzzy'; readonly from: bigint; readonly to: bigint }

/**
 * Judges a snapshot by its name's zxid (`startZxid`: the last one applied when writing began) and by the blocks at its end.
 * Where the window is empty and the digests differ, the tree is not what the server had: throws DIGEST_MISMATCH.
 */
export function judgeNativeSnapshot(native: NativeSnapshot, startZxid: bigint): NativeJudgement {
  const { digest, lastZxid } = native
  const end = lastZxid ?? digest?.zxid ?? null
  if (end === null || end > startZxid) return { kind: 'fuzzy', from: startZxid, to: end ?? startZxid }
  const zxid = formatHex64(startZxid)
  const window = { from: zxid, to: zxid, moved: [], movedKnown: true }
  if (digest === null || digest.zxid !== startZxid) {
    return { kind: 'exact', zxid: startZxid, consistency: { class: 'exact', proof: 'quiet', ...window } }
  }
  if (digest.stored !== digest.computed) {
    throw new EngineError(
      'DIGEST_MISMATCH',
      `The snapshot at ${zxid} holds a tree with the digest ${formatHex64(digest.computed)}, the server says ${formatHex64(digest.stored)}`,
      {
        unaffected: 'no archive was made; the cluster was only read',
        remedy:
          'look at digest_mismatches_count of the servers, and take the backup over the client port or from another server',
      },
    )
  }
  return { kind: 'exact', zxid: startZxid, consistency: { class: 'exact', proof: 'digest', ...window } }
}
