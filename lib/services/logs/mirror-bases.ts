import { isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import { findSpentBases } from '../../domain/retention/spent-bases.ts'
import type { ServiceContext } from '../context.ts'
import { findRecipients } from '../encryption/find-recipients.ts'
import { isSameSet } from '../encryption/key-needs.ts'
import { getStore, type Store } from '../stores/find-store.ts'
import { DEFAULT_STORE_ID } from '../stores/schemas.ts'
import { basesFolder, putBase, removeFormerBase, toBaseColumns, withBasePlace } from './base-places.ts'
import { type BaseAt, type ClusterBase, isSoundSomewhere, listClusterBases, withClusterBase } from './cluster-bases.ts'
import type { MirrorTarget } from './mirror-logs.ts'
import { type BaseNeeds, findBaseNeeds, pruneBases, pruneStore } from './prune-bases.ts'

export interface MirroredBases {
  /** That are to be there and are not. */
  readonly missing: number
  /** Why one of them could not be read. */
  readonly elsewhere: string | null
}

/**
 * Bases go where the pieces go: those that a keep rule would keep, the newest first; damaged ones that somebody wants mended are put anew
 * beside the former, which goes when its successor is in the catalog. `assertOwned` is asked before each.
 */
export async function mirrorBases(
  context: ServiceContext,
  target: MirrorTarget,
  assertOwned: () => Promise<void>,
): Promise<MirroredBases> {
  const cluster = { id: target.clusterId, name: target.clusterName }
  const { storeId } = target
  const rows = await context.db.logBase.findMany({
    where: { clusterId: cluster.id, storeId },
    select: { zxid: true, sha256: true, mendAskedAt: true, formerDir: true },
  })
  const bases = await listClusterBases(context, cluster)
  if (bases.length === 0 && rows.length === 0) return { missing: 0, elsewhere: null }
  const needs = await findBaseNeeds(context, cluster)
  const wanted = await findRecipients(context, cluster.id)
  const store = await getStore(context, storeId)
  if (storeId === DEFAULT_STORE_ID) await enterHere(context, cluster.id, bases)
  for (const { zxid, formerDir } of rows) {
    if (formerDir !== null) await removeFormerBase(context, { clusterId: cluster.id, storeId, zxid })
  }
  let missing = 0
  let elsewhere: string | null = null
  for (const base of withoutSpent(bases, needs)) {
    const row = rows.find(({ zxid }) => zxid === base.zxid)
    const isAsked = row !== undefined && row.mendAskedAt !== null
    if (!isWanted(base, { row, isAsked, storeId, wanted })) continue
    throwIfAborted(context.signal)
    await assertOwned()
    try {
      if (!(await put(context, { cluster, store, base, isAsked, wanted }))) missing++
    } catch (error) {
      if (!isArkeeperError(error) || error.code === 'CANCELLED') throw error
      missing++
      elsewhere ??= error.message
    }
  }
  if (storeId === DEFAULT_STORE_ID) await pruneBases(context, cluster, needs)
  else await pruneStore(context, cluster, { storeId, needs })
  return { missing, elsewhere }
}

interface Known {
  readonly row: { readonly sha256: string } | undefined
  readonly isAsked: boolean
  readonly storeId: string
  readonly wanted: readonly string[]
}

function isWanted(base: ClusterBase, { row, isAsked, storeId, wanted }: Known): boolean {
  if (isAsked) return isSoundSomewhere(base)
  // Written there first, by whoever follows.
  if (storeId === DEFAULT_STORE_ID) return false
  const isThere = row !== undefined && row.sha256 !== ''
  if (!isThere) return isSoundSomewhere(base)
  const renewed = base.places.find((at) => isRenewed(at, wanted))
  return (
    renewed !== undefined &&
    renewed.sha256 !== row.sha256 &&
    !base.places.some((at) => at.storeId === storeId && isRenewed(at, wanted))
  )
}

/** Where it is encrypted to the keys of now, and what lies in a store is not, it takes its place. */
const isRenewed = ({ manifest }: BaseAt, wanted: readonly string[]) =>
  wanted.length > 0 && isSameSet(manifest.encryption?.recipients ?? [], wanted)

/** Bases that no rule would keep are not sent first, only to be removed again. */
function withoutSpent(bases: readonly ClusterBase[], needs: BaseNeeds): ClusterBase[] {
  const sound = bases.filter(isSoundSomewhere)
  const spent = new Set(findSpentBases(sound, needs))
  return sound.filter((base) => !spent.has(base))
}

async function put(
  context: ServiceContext,
  input: {
    readonly cluster: { readonly id: string; readonly name: string }
    readonly store: Store
    readonly base: ClusterBase
    readonly isAsked: boolean
    readonly wanted: readonly string[]
  },
): Promise<boolean> {
  const { cluster, store, base, isAsked, wanted } = input
  const key = { clusterId: cluster.id, storeId: store.id, zxid: base.zxid }
  const others = base.places.filter(({ storeId, isDamaged }) => storeId !== store.id && !isDamaged)
  const sources = others.toSorted((a, b) => Number(isRenewed(b, wanted)) - Number(isRenewed(a, wanted)))
  const [first] = sources
  if (first === undefined) return false
  const isDone = await withBasePlace(context, key, first.manifest, async (there) => {
    if (there !== null && !isAsked && (there.sha256 === first.sha256 || !isRenewed(first, wanted))) return null
    return withClusterBase(context, { ...base, places: sources }, (from, { manifest, dir }) =>
      putBase(context, store, {
        from,
        manifest,
        folder: basesFolder(cluster.name),
        name: dir.split('/').at(-1),
        former: there?.dir ?? null,
      }),
    )
  })
  if (isDone) await removeFormerBase(context, key)
  return isDone
}

/** What lies in the folder of this host goes into the catalog, so that it is read again and its damage known. */
async function enterHere(context: ServiceContext, clusterId: string, bases: readonly ClusterBase[]): Promise<void> {
  const rows = await context.db.logBase.findMany({
    where: { clusterId, storeId: DEFAULT_STORE_ID },
    select: { zxid: true, sha256: true },
  })
  for (const { zxid, places } of bases) {
    const here = places.find(({ isHere }) => isHere)
    if (here === undefined || rows.some((row) => row.zxid === zxid && row.sha256 === here.sha256)) continue
    await withBasePlace(context, { clusterId, storeId: DEFAULT_STORE_ID, zxid }, here.manifest, async () =>
      toBaseColumns(here.manifest, here.dir, context.clock.now()),
    )
  }
}
