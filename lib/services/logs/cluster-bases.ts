import { relative } from 'node:path'
import { type ArkeeperError, formatErrorLine, isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import { formatHex64 } from '../../base/hex64.ts'
import type { Manifest } from '../../domain/snapshot/manifest.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { withArchive } from '../stores/archive-folder.ts'
import { DEFAULT_STORE_ID } from '../stores/schemas.ts'
import { listPlacedBases, sumOfFiles } from './base-places.ts'
import { logFolder } from './log-folder.ts'

/** One place of a base that this host can read. */
export interface BaseAt {
  readonly storeId: string
  /** Within the store. */
  readonly dir: string
  readonly manifest: Manifest
  readonly sha256: string
  /** It was read again and is not what was written. */
  readonly isDamaged: boolean
  /** In the folder of this host. */
  readonly isHere: boolean
}

/** A base of the stream, wherever it lies. */
export interface ClusterBase {
  readonly zxid: bigint
  readonly takenAtMs: number
  /** What is sound, and on this host, first; one at least. */
  readonly places: readonly BaseAt[]
}

/**
 * The bases of a followed cluster, newest first: in the folder of this host by its files, in stores by the catalog. What lies in the folder of
 * another host alone is left out: it comes to the stores when that host's worker has its turn.
 */
export async function listClusterBases(
  context: Pick<ServiceContext, 'db' | 'archives' | 'paths'>,
  cluster: { readonly id: string; readonly name: string },
): Promise<ClusterBase[]> {
  const placed = await listPlacedBases(context, { clusterId: cluster.id })
  const here = await context.archives.logs.bases(logFolder(context, cluster.name))
  const places: (BaseAt & { readonly zxid: bigint })[] = here.map(({ dir, zxid, manifest }) => {
    const sha256 = sumOfFiles(manifest)
    const row = placed.find((one) => one.storeId === DEFAULT_STORE_ID && one.zxid === zxid && one.sha256 === sha256)
    const within = relative(context.paths.storeDir, dir)
    const isDamaged = row?.verifyOk === false
    return { storeId: DEFAULT_STORE_ID, dir: within, zxid, manifest, sha256, isDamaged, isHere: true }
  })
  for (const { storeId, dir, zxid, manifest, sha256, verifyOk } of placed) {
    if (storeId === DEFAULT_STORE_ID) continue
    places.push({ storeId, dir, zxid, manifest, sha256, isDamaged: verifyOk === false, isHere: false })
  }
  return [...Map.groupBy(places, ({ zxid }) => zxid)]
    .map(([zxid, each]) => {
      const sorted = each.toSorted(byWorth)
      return { zxid, takenAtMs: sorted[0]!.manifest.takenAtMs, places: sorted }
    })
    .toSorted((a, b) => (a.zxid < b.zxid ? 1 : -1))
}

function byWorth(a: BaseAt, b: BaseAt): number {
  return Number(a.isDamaged) - Number(b.isDamaged) || Number(b.isHere) - Number(a.isHere)
}

/** Nobody has found it damaged at one of its places. */
export const isSoundSomewhere = ({ places }: ClusterBase) => places.some(({ isDamaged }) => !isDamaged)

/** Uses the base where it can be had: at its best place, or at the next. `use` may throw for a fault of the place. */
export async function withClusterBase<T>(
  context: ServiceContext,
  base: ClusterBase,
  use: (dir: string, at: BaseAt) => Promise<T>,
): Promise<T> {
  let fault: ArkeeperError | null = null
  for (const at of base.places) {
    try {
      return await withArchive(context, { storeId: at.storeId, dir: at.dir }, (dir) => use(dir, at))
    } catch (error) {
      throwIfAborted(context.signal)
      if (!isArkeeperError(error)) throw error
      fault ??= error
      context.log.info(
        { store: at.storeId, base: formatHex64(base.zxid), error: formatErrorLine(error) },
        'Tried a base',
      )
    }
  }
  throw (
    fault ??
    new ServiceError('NOT_FOUND', `The base at ${formatHex64(base.zxid)} lies in no place that this host can read`)
  )
}
