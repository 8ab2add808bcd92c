import { join, relative } from 'node:path'
import { isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import type { Manifest } from '../../domain/snapshot/manifest.ts'
import type { ServiceContext } from '../context.ts'
import { keepBooks } from '../gate.ts'
import { basesFolder, sumOfFiles, toBaseColumns, zxidOf } from '../logs/base-places.ts'
import { openBucket, type Store } from './find-store.ts'
import { inspectArchive } from './walk-store.ts'

/** Bases in one folder of a cluster, which its rescan has found to be that of `clusterId`. */
export interface FoundBases {
  readonly bases: readonly { readonly dir: string; readonly manifest: Manifest }[]
  readonly damaged: number
}

/** Bases of a stream beside the log of a cluster, told by manifests and sizes alone. `folder`: of the cluster, in the store. */
export async function findBasesIn(context: ServiceContext, store: Store, folder: string): Promise<FoundBases> {
  if (store.kind === 'folder') {
    const found = await context.archives.logs.bases(join(store.path, folder, 'logs'))
    return { bases: found.map(({ dir, manifest }) => ({ dir: relative(store.path, dir), manifest })), damaged: 0 }
  }
  const bucket = await openBucket(context, store)
  const bases: { dir: string; manifest: Manifest }[] = []
  let damaged = 0
  for await (const name of bucket.listFolders(`${basesFolder(folder)}/`, context.signal)) {
    throwIfAborted(context.signal)
    const dir = `${basesFolder(folder)}/${name}`
    try {
      const found = await inspectArchive(context, store, dir)
      if (found?.kind === 'archive') bases.push({ dir, manifest: found.manifest })
      else damaged++
    } catch (error) {
      if (!isArkeeperError(error) || error.code === 'CANCELLED') throw error
      damaged++
    }
  }
  return { bases, damaged }
}

/** Into the catalog; false: it was known. Of two of the same zxid the one that the catalog has stays. */
export async function enterBase(
  context: ServiceContext,
  place: { readonly clusterId: string; readonly storeId: string },
  { dir, manifest }: FoundBases['bases'][number],
): Promise<boolean> {
  const key = { ...place, zxid: zxidOf(manifest) }
  const where = { clusterId_storeId_zxid: key }
  const row = await context.db.logBase.findUnique({ where, select: { sha256: true, dir: true, writer: true } })
  // What is being written is told by its writer.
  if (row !== null && (row.writer !== null || row.sha256 !== '')) return false
  const data = toBaseColumns(manifest, dir, context.clock.now())
  await keepBooks(context, { action: 'backup.rescan' }, (tx) =>
    tx.logBase.upsert({ where, create: { id: context.newId(), ...key, ...data }, update: data, select: { id: true } }),
  )
  return true
}

export interface KnownBase {
  readonly id: string
  readonly clusterId: string
  readonly zxid: bigint
  readonly dir: string
  readonly sha256: string
}

/** Asked before the walk: what comes in meanwhile may lie where it has been already. */
export function listKnownBases({ db }: ServiceContext, storeId: string): Promise<KnownBase[]> {
  return db.logBase.findMany({
    where: { storeId, sha256: { not: '' }, writer: null },
    orderBy: { id: 'asc' },
    select: { id: true, clusterId: true, zxid: true, dir: true, sha256: true },
  })
}

/** Whether what the catalog knows there was met. */
export function isMet(known: KnownBase, met: readonly FoundBases['bases'][number][]): boolean {
  return met.some(({ dir, manifest }) => dir === known.dir && sumOfFiles(manifest) === known.sha256)
}

/** As for pieces: it stays as missing, and is put there anew where another store has it. */
export async function markBaseMissing(context: ServiceContext, known: KnownBase, isBuiltIn: boolean): Promise<void> {
  const { id, clusterId, zxid } = known
  const others = await context.db.logBase.count({ where: { clusterId, zxid, sha256: { not: '' }, id: { not: id } } })
  const verifiedAt = new Date(context.clock.now())
  await keepBooks(context, { action: 'backup.rescan' }, (tx) =>
    isBuiltIn && others > 0
      ? tx.logBase.deleteMany({ where: { id } })
      : tx.logBase.updateMany({
          where: { id, writer: null },
          data: { sha256: '', verifyOk: false, verifiedAt, fault: 'It is not there any more' },
        }),
  )
}
