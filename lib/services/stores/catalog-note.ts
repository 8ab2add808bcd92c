import { randomBytes } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import type { ObjectStore } from '../../adapters/s3/object-store.ts'
import { formatErrorLine, isArkeeperError } from '../../base/errors.ts'
import type { ServiceContext } from '../context.ts'
import { type ArchivePlace, type FolderContext, folderIn, placeIn } from './archive-folder.ts'
import { getStore, openBucket } from './find-store.ts'

/**
 * What the catalog knows of a backup and its manifest cannot: lies beside the manifest in every place, may change, and is not needed to read
 * the archive. A rescan takes it from there.
 */
export const CATALOG_NOTE = 'catalog.json'
const BYTES_MAX = 1 << 20

/** Ids of ours, and nothing that stands for several, or leads elsewhere as a part of a path: what lies in a store anybody may have put there. */
const ID = z.string().regex(/^(?!default$)[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/)

const holdSchema = z.object({
  reason: z.string(),
  placedById: z.string().nullable(),
  placedByName: z.string(),
  placedAt: z.iso.datetime(),
  until: z.iso.datetime().nullable(),
})

export const catalogNoteSchema = z.object({
  schema: z.literal(1),
  backup: ID,
  cluster: z.object({ id: ID, name: z.string(), connectString: z.string().nullable() }),
  /** False where it was put first. */
  copy: z.boolean(),
  purpose: z.string(),
  schedule: z.object({ id: z.string(), name: z.string() }).nullable(),
  pinned: z.boolean(),
  note: z.string(),
  createdById: z.string().nullable(),
  jobId: z.string().nullable(),
  createdAt: z.iso.datetime(),
  holds: z.array(holdSchema),
})
export type CatalogNote = z.infer<typeof catalogNoteSchema>

type NoteContext = FolderContext

/** Into every place where the backup lies. What fails is logged: the catalog itself is right, and the next change tries again. */
export async function noteInStores(context: NoteContext, backupId: string): Promise<void> {
  const known = await findNote(context, backupId)
  if (known === null) return
  for (const [at, copy] of known.places) await writeNote(context, at, { ...known.note, copy })
}

/** Beside one that was just put there, and is not in the catalog yet. `copy`: it is not where the backup is put first. */
export async function noteBeside(
  context: NoteContext,
  backupId: string,
  at: ArchivePlace,
  { copy }: { readonly copy: boolean },
): Promise<void> {
  const known = await findNote(context, backupId)
  if (known !== null) await writeNote(context, at, { ...known.note, copy })
}

/** Beside a backup that is whole in its store, and about to come into the catalog. */
export async function noteBesideNew(
  context: NoteContext & Pick<ServiceContext, 'actor'>,
  at: ArchivePlace,
  backup: {
    readonly id: string
    readonly clusterId: string
    readonly clusterName: string
    readonly purpose: string
    readonly note: string
    readonly jobId: string
    readonly schedule?: CatalogNote['schedule']
  },
): Promise<void> {
  const { id, clusterId, clusterName, purpose, note, jobId, schedule = null } = backup
  await writeNote(context, at, {
    schema: 1,
    backup: id,
    cluster: await clusterOf(context, clusterId, clusterName),
    copy: false,
    pinned: false,
    purpose,
    note,
    jobId,
    schedule,
    createdById: context.actor.id,
    createdAt: new Date(context.clock.now()).toISOString(),
    holds: [],
  })
}

/** With its address, for the day when only the stores are left. */
async function clusterOf({ db }: NoteContext, id: string, name: string): Promise<CatalogNote['cluster']> {
  const row = await db.cluster.findUnique({ where: { id }, select: { connectString: true } })
  return { id, name, connectString: row?.connectString ?? null }
}

async function findNote(context: NoteContext, backupId: string) {
  const { db, log } = context
  try {
    const row = await db.backup.findFirst({
      where: { id: backupId, deletedAt: null },
      include: {
        copies: { where: { state: 'present' } },
        holds: { where: { liftedAt: null }, orderBy: { id: 'asc' } },
      },
    })
    if (!row) return null
    const note: Omit<CatalogNote, 'copy'> = {
      schema: 1,
      backup: row.id,
      cluster: await clusterOf(context, row.clusterId, row.clusterName),
      purpose: row.purpose,
      schedule: row.scheduleId === null ? null : { id: row.scheduleId, name: row.scheduleName ?? '' },
      pinned: row.pinned,
      note: row.note,
      createdById: row.createdById,
      jobId: row.jobId,
      createdAt: row.createdAt.toISOString(),
      holds: row.holds.map(({ reason, placedById, placedByName, placedAt, until }) => ({
        reason,
        placedById,
        placedByName,
        placedAt: placedAt.toISOString(),
        until: until?.toISOString() ?? null,
      })),
    }
    const places: [ArchivePlace, boolean][] = row.copies.map((copy) => [copy, true])
    if (row.missingAt === null) places.push([row, false])
    return { note, places }
  } catch (error) {
    log.warn({ backup: backupId, error: formatErrorLine(error) }, 'What is known of a backup could not be read')
    return null
  }
}

async function writeNote(context: NoteContext, at: ArchivePlace, note: CatalogNote): Promise<void> {
  const text = `${JSON.stringify(note, null, 2)}\n`
  try {
    const store = await getStore(context, at.storeId)
    if (store.kind === 's3') {
      const bucket = await openBucket(context, store)
      return await bucket.replaceText(`${placeIn(at.dir)}/${CATALOG_NOTE}`, text, context.signal)
    }
    const dir = folderIn(store, at.dir)
    const aside = join(dir, `.tmp-${process.pid}-${HOST}-${randomBytes(4).toString('hex')}`)
    await writeFile(aside, text, { flag: 'wx', mode: 0o600 })
    await rename(aside, join(dir, CATALOG_NOTE))
  } catch (error) {
    const fields = { backup: note.backup, store: at.storeId, error: formatErrorLine(error) }
    context.log.warn(fields, 'What is known of a backup could not be noted beside it')
  }
}

const HOST = hostname().replaceAll(/[^A-Za-z0-9.]/g, '_')

/** Null where there is none, or none that can be understood: the archive is as good without it. */
export async function readNoteInFolder(dir: string): Promise<CatalogNote | null> {
  return parseNote(await readFile(join(dir, CATALOG_NOTE), 'utf8').catch(() => ''))
}

export async function readNoteInBucket(
  bucket: ObjectStore,
  dir: string,
  signal: AbortSignal | undefined,
): Promise<CatalogNote | null> {
  try {
    return parseNote(await bucket.getText(`${dir}/${CATALOG_NOTE}`, BYTES_MAX, signal))
  } catch (error) {
    if (isArkeeperError(error) && (error.code === 'OBJECT_MISSING' || error.code === 'OBJECT_DAMAGED')) return null
    throw error
  }
}

function parseNote(text: string): CatalogNote | null {
  try {
    return catalogNoteSchema.safeParse(JSON.parse(text)).data ?? null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
