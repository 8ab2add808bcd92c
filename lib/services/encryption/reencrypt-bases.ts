import { basename } from 'node:path'
import type { ArchivePort } from '../../adapters/archive/store.ts'
import { formatErrorLine, isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import { formatHex64 } from '../../base/hex64.ts'
import { laterName } from '../../domain/snapshot/archive-name.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import type { JobRun } from '../jobs/job-run.ts'
import { basesFolder, putBase, removeFormerBase, withBasePlace } from '../logs/base-places.ts'
import { type ClusterBase, listClusterBases, withClusterBase } from '../logs/cluster-bases.ts'
import { withTempFolder } from '../logs/place-pieces.ts'
import { getStore } from '../stores/find-store.ts'
import { isSameSet } from './key-needs.ts'

interface Rotation {
  readonly cluster: { readonly id: string; readonly name: string }
  readonly wanted: readonly string[]
  /** Encrypts to `wanted`. */
  readonly archives: ArchivePort
  readonly run: JobRun
}

/** Of the bases of a stream, plain ones too: those that the next rotation encrypts anew. */
export function listStaleBases(bases: readonly ClusterBase[], wanted: readonly string[]): ClusterBase[] {
  if (wanted.length === 0) return []
  const isOf = (recipients: readonly string[] | undefined) => isSameSet(recipients ?? [], wanted)
  return bases.filter(({ places }) => !places.every(({ manifest }) => isOf(manifest.encryption?.recipients)))
}

/**
 * Encrypts the bases of a cluster's stream anew, each once, and puts that in place of the former wherever it lies: beside it first, which goes
 * when the catalog names the new one.
 */
export async function reencryptBases(
  context: ServiceContext,
  rotation: Rotation,
): Promise<{ readonly done: number; readonly failed: number }> {
  const { cluster, wanted, run } = rotation
  let done = 0
  let failed = 0
  for (const base of listStaleBases(await listClusterBases(context, cluster), wanted)) {
    throwIfAborted(context.signal)
    run.assertOwned()
    try {
      await reencryptBase(context, rotation, base)
      done++
    } catch (error) {
      if (!isArkeeperError(error) || error.code === 'CANCELLED' || error.code === 'LEASE_LOST') throw error
      failed++
      await run.log('error', `the base at ${formatHex64(base.zxid)}: ${formatErrorLine(error)}`)
    }
  }
  return { done, failed }
}

async function reencryptBase(
  context: ServiceContext,
  { cluster, wanted, archives }: Rotation,
  base: ClusterBase,
): Promise<void> {
  await withTempFolder(context, async (temp) => {
    const made = await withClusterBase(context, base, (dir, at) =>
      archives.reencrypt(dir, {
        parentDir: temp,
        // A name that was used once is never used again: other hosts may still hold the archive that had it.
        name: laterName(at.dir.split('/').at(-1) ?? basename(dir), 1),
        signal: context.signal,
      }),
    )
    for (const { storeId, dir, manifest } of base.places) {
      if (isSameSet(manifest.encryption?.recipients ?? [], wanted)) continue
      const key = { clusterId: cluster.id, storeId, zxid: base.zxid }
      const store = await getStore(context, storeId)
      const isDone = await withBasePlace(context, key, manifest, async () =>
        putBase(context, store, {
          from: made.dir,
          manifest: made.manifest,
          folder: basesFolder(cluster.name),
          former: dir,
        }),
      )
      if (!isDone) {
        throw new ServiceError('WRONG_STATE', 'This base is being written to just now', {
          unaffected: 'it is as it was',
          remedy: 'start the rotation again in a few minutes',
        })
      }
      await removeFormerBase(context, key)
    }
  })
}
