import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { LogSegment } from '../../adapters/archive/log-archive.ts'
import { isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { keepBooks } from '../gate.ts'
import { storedOf, toPieceColumns } from '../logs/placed-pieces.ts'
import { MANIFEST_BYTES_MAX } from './bucket-archive.ts'
import { openBucket, type Store } from './find-store.ts'
import { enterBase, type FoundBases, findBasesIn, isMet, listKnownBases, markBaseMissing } from './rescan-bases.ts'
import { DEFAULT_STORE_ID } from './schemas.ts'

/** Folder of the pieces of a cluster, below its own. */
const LOGS = 'logs'

interface FoundLog {
  /** Folder of the cluster. */
  readonly folder: string
  readonly segments: readonly LogSegment[]
  readonly damaged: number
}

export interface RescannedLogs {
  /** Pieces that lie there. */
  pieces: number
  bytes: number
  added: number
  missing: number
  damaged: number
  /** Folders of clusters that nobody knows. */
  readonly strangers: string[]
}

/**
 * Pieces of transaction logs in a store, told by manifests and sizes alone, into the catalog. A known one that is not there any more is marked,
 * and put there anew where another store has it. Throws when the store itself cannot be listed.
 */
export async function rescanLogs(context: ServiceContext, store: Store): Promise<RescannedLogs> {
  const done: RescannedLogs = { pieces: 0, bytes: 0, added: 0, missing: 0, damaged: 0, strangers: [] }
  const met = new Map<string, Set<bigint>>()
  // Asked before the walk: what comes in meanwhile may lie where it has been already.
  const known = await context.db.logPiece.findMany({
    where: { storeId: store.id, sha256: { not: '' }, writer: null },
    orderBy: { id: 'asc' },
    select: { id: true, clusterId: true, first: true },
  })
  const knownBases = await listKnownBases(context, store.id)
  const metBases: FoundBases['bases'][number][] = []
  for await (const { folder, segments, damaged } of walkLogs(context, store)) {
    throwIfAborted(context.signal)
    const { bases, damaged: damagedBases } = await findBasesIn(context, store, folder)
    metBases.push(...bases)
    done.damaged += damaged + damagedBases
    done.pieces += segments.length
    done.bytes += segments.reduce((sum, segment) => sum + storedOf(segment).bytes, 0)
    if (segments.length + bases.length === 0) continue
    const clusterId = await findClusterOf(context, folder)
    if (clusterId === null) {
      done.strangers.push(folder)
      continue
    }
    const firsts = met.get(clusterId) ?? new Set<bigint>()
    met.set(clusterId, firsts)
    for (const segment of segments) {
      firsts.add(segment.first)
      if (await enter(context, { clusterId, storeId: store.id, dir: `${folder}/${LOGS}` }, segment)) done.added++
    }
    for (const base of bases) if (await enterBase(context, { clusterId, storeId: store.id }, base)) done.added++
    await keepBooks(context, { action: 'backup.rescan' }, (tx) => addMirror(context, tx, clusterId))
  }
  const goneBases = knownBases.filter((base) => !isMet(base, metBases))
  for (const base of goneBases) await markBaseMissing(context, base, store.id === DEFAULT_STORE_ID)
  const gone = known.filter(({ clusterId, first }) => !met.get(clusterId)?.has(first))
  done.missing = gone.length + goneBases.length
  for (const { id, clusterId, first } of gone) await markMissing(context, store, { id, clusterId, first })
  return done
}

/**
 * It stays in the catalog as missing, and is put there anew where another store has it. The built-in folder is of each host: what another one
 * keeps is not missing here.
 */
async function markMissing(
  context: ServiceContext,
  store: Store,
  { id, clusterId, first }: { readonly id: string; readonly clusterId: string; readonly first: bigint },
): Promise<void> {
  const others = await context.db.logPiece.count({ where: { clusterId, first, sha256: { not: '' }, id: { not: id } } })
  const verifiedAt = new Date(context.clock.now())
  await keepBooks(context, { action: 'backup.rescan' }, (tx) =>
    store.id === DEFAULT_STORE_ID && others > 0
      ? tx.logPiece.deleteMany({ where: { id } })
      : tx.logPiece.updateMany({
          where: { id, writer: null },
          data: { sha256: '', verifyOk: false, verifiedAt, fault: 'It is not there any more' },
        }),
  )
}

async function enter(
  context: ServiceContext,
  place: { readonly clusterId: string; readonly storeId: string; readonly dir: string },
  segment: LogSegment,
): Promise<boolean> {
  const { dir, ...of } = place
  const key = { ...of, first: segment.first }
  const row = await context.db.logPiece.findUnique({
    where: { clusterId_storeId_first: key },
    select: { sha256: true, last: true, writer: true },
  })
  // What is being written is told by its writer.
  if (row?.sha256 === storedOf(segment).sha256 || (row && row.writer !== null)) return false
  const data = { ...toPieceColumns(segment, dir, context.clock.now()), indexBytes: null, indexSha256: null }
  await keepBooks(context, { action: 'backup.rescan' }, (tx) =>
    tx.logPiece.upsert({
      where: { clusterId_storeId_first: key },
      create: { id: context.newId(), ...key, ...data },
      update: data,
      select: { id: true },
    }),
  )
  return true
}

/** So that what one store has comes to the others that the cluster names. */
async function addMirror(
  context: ServiceContext,
  tx: Parameters<Parameters<typeof keepBooks>[2]>[0],
  clusterId: string,
): Promise<void> {
  const nextRunAt = new Date(context.clock.now())
  await tx.logMirror.upsert({
    where: { clusterId_storeId: { clusterId, storeId: DEFAULT_STORE_ID } },
    create: { id: context.newId(), clusterId, storeId: DEFAULT_STORE_ID, nextRunAt, createdAt: nextRunAt },
    update: {},
    select: { id: true },
  })
}

/** By its name; where it was renamed, by the backups beside the log. */
async function findClusterOf({ db }: ServiceContext, folder: string): Promise<string | null> {
  const named = await db.cluster.findFirst({ where: { name: folder, removedAt: null }, select: { id: true } })
  if (named) return named.id
  const select = { clusterId: true } as const
  const orderBy = [{ createdAt: 'desc' as const }, { id: 'asc' as const }]
  const beside =
    (await db.backup.findFirst({ where: { dir: { startsWith: `${folder}/` } }, select, orderBy })) ??
    (await db.backup.findFirst({ where: { clusterName: folder }, select, orderBy }))
  return beside?.clusterId ?? null
}

async function* walkLogs(context: ServiceContext, store: Store): AsyncGenerator<FoundLog, void, void> {
  if (store.kind === 's3') {
    yield* walkBucket(context, await openBucket(context, store))
    return
  }
  const entries = await readdir(store.path, { withFileTypes: true }).catch((cause: unknown) => {
    throw new ServiceError('NOT_FOUND', `The folder of ${store.name} cannot be listed: ${store.path}`, { cause })
  })
  for (const entry of entries) {
    if (!entry.isDirectory() || entry.name.startsWith('.')) continue
    const { segments, problems } = await context.archives.logs.list(join(store.path, entry.name, LOGS))
    // Bases may be there without a piece.
    yield { folder: entry.name, segments, damaged: problems.length }
  }
}

async function* walkBucket(
  context: ServiceContext,
  bucket: Awaited<ReturnType<typeof openBucket>>,
): AsyncGenerator<FoundLog, void, void> {
  const { pieces } = context.archives.logs
  const { signal } = context
  for await (const folder of bucket.listFolders('', signal)) {
    const at = `${folder}/${LOGS}/`
    const sizes = new Map<string, number>()
    for await (const { key, bytes } of bucket.list(at, signal)) sizes.set(key.slice(at.length), bytes)
    const segments: LogSegment[] = []
    let damaged = 0
    for (const name of sizes.keys()) {
      if (pieces.findFirst(name) === null) continue
      try {
        const segment = pieces.parse(await bucket.getText(at + name, MANIFEST_BYTES_MAX, signal), name)
        if (sizes.get(pieces.namesOf(segment).data) === storedOf(segment).bytes) segments.push(segment)
        else damaged++
      } catch (error) {
        if (!isArkeeperError(error) || !['MANIFEST_INVALID', 'OBJECT_DAMAGED', 'OBJECT_MISSING'].includes(error.code)) {
          throw error
        }
        damaged++
      }
    }
    if (sizes.size > 0) yield { folder, segments: segments.toSorted((a, b) => (a.first < b.first ? -1 : 1)), damaged }
  }
}
