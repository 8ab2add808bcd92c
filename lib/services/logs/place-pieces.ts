import { mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { LogSegment } from '../../adapters/archive/log-archive.ts'
import { formatHex64 } from '../../base/hex64.ts'
import { makeDir } from '../../base/make-dir.ts'
import { ServiceError } from '../errors.ts'
import { folderIn, placeIn } from '../stores/archive-folder.ts'
import { type FolderStore, openBucket, type Store } from '../stores/find-store.ts'
import type { PieceContext } from './fetch-piece.ts'
import { PIECE_COLUMNS, type PlacedPiece, storedOf, toPieceColumns, toPlacedPiece } from './placed-pieces.ts'

/** Longer than sending one piece takes; who holds it longer is gone. */
const WRITER_MS = 10 * 60_000

/** Where one piece of a cluster's log lies, or is to lie. */
export interface PieceKey {
  readonly clusterId: string
  readonly storeId: string
  readonly first: bigint
}

type PutData = ReturnType<typeof toPieceColumns> & {
  readonly indexBytes: number | null
  readonly indexSha256: string | null
}

/**
 * Does something with one piece at one place, of all hosts one at a time; false while another does. `work` gets what lies there by the
 * catalog, and gives what lies there then; null: as before. A writer that was stopped for longer than its claim may have put something old in
 * place of something new: the place then counts as empty, and the next run puts the piece there anew.
 */
export async function withPiecePlace(
  context: PieceContext,
  key: PieceKey,
  fresh: LogSegment | null,
  work: (there: PlacedPiece | null) => Promise<PutData | 'removed' | null>,
): Promise<boolean> {
  const { db, clock } = context
  const writer = context.newId()
  const where = { clusterId_storeId_first: key }
  if (fresh !== null) {
    const { clusterId, storeId, first } = key
    const data = toPieceColumns(fresh, '', clock.now())
    const id = context.newId()
    await db.logPiece.upsert({
      where,
      create: { ...data, id, clusterId, storeId, first, sha256: '' },
      update: {},
      select: { id: true },
    })
  }
  const now = new Date(clock.now())
  const { count } = await db.logPiece.updateMany({
    where: { ...key, OR: [{ writerUntil: null }, { writerUntil: { lt: now } }] },
    data: { writer, writerUntil: new Date(now.getTime() + WRITER_MS) },
  })
  if (count === 0) return false
  const free = { writer: null, writerUntil: null }
  try {
    const row = await db.logPiece.findUniqueOrThrow({ where, select: PIECE_COLUMNS })
    const done = await work(toPlacedPiece(context, row))
    if (done === 'removed') {
      await db.logPiece.deleteMany({ where: { ...key, writer } })
      return true
    }
    const kept = await db.logPiece.updateMany({ where: { ...key, writer }, data: { ...(done ?? {}), ...free } })
    if (kept.count === 0 && done !== null) {
      await db.logPiece.updateMany({ where: key, data: { sha256: '' } })
      context.log.warn({ store: key.storeId, first: formatHex64(key.first) }, 'A piece of the log had two writers')
    }
    return true
  } catch (error) {
    await db.logPiece.updateMany({ where: { ...key, writer }, data: free })
    throw error
  }
}

/**
 * Rows of what is not to be had from a store any more, though it may still lie there. A writer that is sending one just now finds its claim gone,
 * and does not bring the sum back.
 */
export async function forgetPieces(
  { db }: PieceContext,
  which: { readonly clusterId: string; readonly first: bigint; readonly last?: { readonly gt: bigint } },
): Promise<void> {
  await db.logPiece.updateMany({ where: which, data: { sha256: '', writer: '' } })
}

/**
 * Sends a piece that lies in `from` to a store, its manifest last. `former`: what lies there now. Goes from a copy of the files: the piece may
 * be made longer meanwhile.
 */
export async function putPiece(
  context: PieceContext,
  store: Store,
  piece: {
    readonly from: string
    readonly segment: LogSegment
    readonly dir: string
    readonly former: LogSegment | null
  },
): Promise<PutData> {
  const { segment, dir, former } = piece
  const { pieces } = context.archives.logs
  if (store.kind === 'folder') {
    await assertMounted(store)
    const into = folderIn(store, dir)
    await pieces.put(piece.from, into, segment, { signal: context.signal })
    const { index } = await pieces.files(into, segment)
    return {
      ...toPieceColumns(segment, dir, context.clock.now()),
      indexBytes: index?.bytes ?? null,
      indexSha256: index?.sha256 ?? null,
    }
  }
  return withTempFolder(context, async (temp) => {
    await pieces.put(piece.from, temp, segment, { signal: context.signal })
    const bucket = await openBucket(context, store)
    const at = placeIn(dir)
    const { data, index, manifest } = await pieces.files(temp, segment)
    const { signal } = context
    for (const file of index === null ? [data] : [data, index]) {
      await bucket.replaceFile(`${at}/${file.name}`, file.path, { bytes: file.bytes, sha256: file.sha256, signal })
    }
    await bucket.replaceText(`${at}/${manifest.name}`, manifest.text, signal)
    if (former !== null) {
      const [names, old] = [pieces.namesOf(segment), pieces.namesOf(former)]
      const gone = [old.data, old.index].filter((name) => name !== names.data && name !== names.index)
      if (gone.length > 0)
        await bucket.remove(
          gone.map((name) => `${at}/${name}`),
          signal,
        )
    }
    return {
      ...toPieceColumns(segment, dir, context.clock.now()),
      indexBytes: index?.bytes ?? null,
      indexSha256: index?.sha256 ?? null,
    }
  })
}

/** A volume that is not there now must not become a folder of the disk below it. */
export async function assertMounted({ path, name }: FolderStore): Promise<void> {
  const found = await stat(path).catch(() => null)
  if (found?.isDirectory()) return
  throw new ServiceError('NOT_FOUND', `The folder of ${name} is not there: ${path}`, {
    unaffected: 'the log is archived in the built-in folder all the same',
    remedy: 'mount its volume, then test the store; what is missing there is sent by itself',
  })
}

/** The manifest goes first: from then on there is no piece, whatever becomes of its files. */
export async function removePiece(context: PieceContext, store: Store, piece: PlacedPiece): Promise<void> {
  const { pieces } = context.archives.logs
  if (store.kind === 'folder') return pieces.remove(folderIn(store, piece.dir), piece.segment)
  const { manifest, data, index } = pieces.namesOf(piece.segment)
  const at = placeIn(piece.dir)
  const bucket = await openBucket(context, store)
  await bucket.remove(
    [manifest, data, index].map((name) => `${at}/${name}`),
    context.signal,
  )
}

/** A folder of this host for a moment. */
export async function withTempFolder<T>(context: PieceContext, use: (dir: string) => Promise<T>): Promise<T> {
  const root = join(context.paths.workDir, 'logs')
  const dir = join(root, `.tmp-${process.pid}-${context.newId()}`)
  await makeDir(root, 0o700)
  await mkdir(dir, { mode: 0o700 })
  try {
    return await use(dir)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

/** Same content, and the same file. */
export const isSameFile = (a: LogSegment, b: LogSegment) => storedOf(a).sha256 === storedOf(b).sha256
