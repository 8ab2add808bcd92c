import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import type { Prisma } from '../../adapters/database/generated/client.ts'
import { formatErrorLine, isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import { formatHex64, parseHex64 } from '../../base/hex64.ts'
import { type Manifest, manifestSchema } from '../../domain/snapshot/manifest.ts'
import type { ServiceContext } from '../context.ts'
import type { Store } from '../stores/find-store.ts'
import { putInStore } from '../stores/put-in-store.ts'
import { removeArchive } from '../stores/remove-archive.ts'
import { assertMounted } from './place-pieces.ts'

/** Longer than sending one base takes; who holds it longer is gone. */
const WRITER_MS = 60 * 60_000

/** Where one base of a cluster's stream lies, or is to lie. */
export interface BaseKey {
  readonly clusterId: string
  readonly storeId: string
  readonly zxid: bigint
}

/** A base as the catalog has it in one store. */
export interface PlacedBase extends BaseKey {
  readonly id: string
  /** Within the store. */
  readonly dir: string
  readonly sha256: string
  readonly manifest: Manifest
  readonly takenAtMs: number
  readonly bytes: number
  readonly putAt: Date
  readonly verifiedAt: Date | null
  readonly verifyOk: boolean | null
}

export const BASE_COLUMNS = {
  id: true,
  clusterId: true,
  storeId: true,
  zxid: true,
  dir: true,
  sha256: true,
  manifest: true,
  takenAt: true,
  bytes: true,
  putAt: true,
  verifiedAt: true,
  verifyOk: true,
} as const satisfies Prisma.LogBaseSelect

type Row = Prisma.LogBaseGetPayload<{ select: typeof BASE_COLUMNS }>

/** Null: it is not there, or its row is of a version that is not understood. */
export function toPlacedBase({ takenAt, bytes, manifest: stored, ...row }: Row): PlacedBase | null {
  const manifest = manifestSchema.safeParse(stored).data
  if (row.sha256 === '' || manifest === undefined) return null
  return { ...row, manifest, takenAtMs: takenAt.getTime(), bytes: Number(bytes) }
}

export async function listPlacedBases(
  { db }: Pick<ServiceContext, 'db'>,
  where: { readonly clusterId: string; readonly storeId?: string },
): Promise<PlacedBase[]> {
  const rows = await db.logBase.findMany({
    where: { ...where, sha256: { not: '' } },
    orderBy: [{ zxid: 'desc' }, { id: 'asc' }],
    select: BASE_COLUMNS,
  })
  return rows.flatMap((row) => toPlacedBase(row) ?? [])
}

/** Of the list of its files with their sums: equal for what is the same in two places, another for what was encrypted anew. */
export function sumOfFiles({ files }: Pick<Manifest, 'files'>): string {
  const lines = files.map(({ name, bytes, sha256 }) => `${sha256} ${bytes} ${name}`).toSorted()
  return createHash('sha256').update(lines.join('\n')).digest('hex')
}

/** Of what a row says of a base that lies in a store now. */
export function toBaseColumns(manifest: Manifest, dir: string, nowMs: number) {
  return {
    dir,
    takenAt: new Date(manifest.takenAtMs),
    bytes: BigInt(manifest.files.reduce((sum, { bytes }) => sum + bytes, 0)),
    sha256: sumOfFiles(manifest),
    // A manifest is made of what JSON can hold, by its schema.
    manifest: manifest as Prisma.InputJsonObject,
    putAt: new Date(nowMs),
    verifiedAt: null,
    verifyOk: null,
    fault: null,
    mendAskedAt: null,
  }
}

type PutData = ReturnType<typeof toBaseColumns> & { readonly formerDir?: string | null }

/**
 * Does something with one base at one place, of all hosts one at a time; false while another does. As withPiecePlace: `work` gets what lies
 * there by the catalog, and gives what lies there then; null: as before.
 */
export async function withBasePlace(
  context: ServiceContext,
  key: BaseKey,
  fresh: Manifest | null,
  work: (there: PlacedBase | null) => Promise<PutData | 'removed' | null>,
): Promise<boolean> {
  const { db, clock } = context
  const where = { clusterId_storeId_zxid: key }
  if (fresh !== null) {
    const data = { ...toBaseColumns(fresh, '', clock.now()), ...key, id: context.newId(), sha256: '' }
    await db.logBase.upsert({ where, create: data, update: {}, select: { id: true } })
  }
  const writer = context.newId()
  const now = new Date(clock.now())
  const { count } = await db.logBase.updateMany({
    where: { ...key, OR: [{ writerUntil: null }, { writerUntil: { lt: now } }] },
    data: { writer, writerUntil: new Date(now.getTime() + WRITER_MS) },
  })
  if (count === 0) return false
  const free = { writer: null, writerUntil: null }
  try {
    const there = toPlacedBase(await db.logBase.findUniqueOrThrow({ where, select: BASE_COLUMNS }))
    const done = await work(there)
    if (done === 'removed') {
      await db.logBase.deleteMany({ where: { ...key, writer } })
      return true
    }
    const kept = await db.logBase.updateMany({ where: { ...key, writer }, data: { ...(done ?? {}), ...free } })
    // Whoever was quicker has told where it lies; what was put twice is found by the next rescan.
    if (kept.count === 0 && done !== null) {
      context.log.warn({ store: key.storeId, zxid: formatHex64(key.zxid) }, 'A base of the stream had two writers')
    }
    return true
  } catch (error) {
    await db.logBase.updateMany({ where: { ...key, writer }, data: free })
    throw error
  }
}

/** `<cluster>/logs/bases`, within a store. */
export const basesFolder = (clusterName: string) => `${clusterName}/logs/bases`

/** Puts a base that lies in `from` into a store, whole and proved or not at all; beside what lies there of it, never over it. */
export async function putBase(
  context: ServiceContext,
  store: Store,
  base: {
    readonly from: string
    readonly manifest: Manifest
    readonly folder: string
    readonly name?: string
    readonly former: string | null
  },
): Promise<PutData> {
  const { from, manifest, folder, name = basename(from), former } = base
  if (store.kind === 'folder') await assertMounted(store)
  const avoid = new Set(former === null ? [] : [former])
  const { dir } = await putInStore(context, store, { dir: from, folder, name, avoid }, () => undefined)
  return { ...toBaseColumns(manifest, dir, context.clock.now()), formerDir: former }
}

/** What the base of this place took the place of. What its store does not give up, as while it is locked, is tried again with the next run. */
export async function removeFormerBase(context: ServiceContext, key: BaseKey): Promise<void> {
  const row = await context.db.logBase.findUnique({
    where: { clusterId_storeId_zxid: key },
    select: { dir: true, formerDir: true },
  })
  if (row === null || row.formerDir === null) return
  try {
    if (row.formerDir !== row.dir) await removeBase(context, { storeId: key.storeId, dir: row.formerDir })
  } catch (error) {
    throwIfAborted(context.signal)
    if (!isArkeeperError(error)) throw error
    context.log.debug({ store: key.storeId, dir: row.formerDir, error: formatErrorLine(error) }, 'A former base stays')
    return
  }
  await context.db.logBase.updateMany({ where: { ...key, formerDir: row.formerDir }, data: { formerDir: null } })
}

/** One that is not there any more is as good as removed. */
export async function removeBase(
  context: ServiceContext,
  place: { readonly storeId: string; readonly dir: string },
): Promise<void> {
  try {
    await removeArchive(context, place)
  } catch (error) {
    if (!isGone(error)) throw error
  }
}

const isGone = (error: unknown) =>
  error instanceof Error && 'code' in error && (error.code === 'NOT_FOUND' || error.code === 'OBJECT_MISSING')

export const zxidOf = ({ zxid }: Manifest) => parseHex64(zxid) ?? 0n
