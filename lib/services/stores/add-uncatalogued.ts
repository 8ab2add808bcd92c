import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { countOf } from '../../base/count-of.ts'
import { isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import type { JobKind } from '../../jobs/definitions.ts'
import { writeAudit } from '../audit/write-audit.ts'
import type { ServiceContext } from '../context.ts'
import { ClusterFinder } from './cluster-finder.ts'
import { openBucket, type Store } from './find-store.ts'
import { type Archive, type SettleCounts, settleArchive } from './settle-archive.ts'
import { ARCHIVE_NAME, inspectArchive } from './walk-store.ts'

/** They put archives where no row is yet. */
const WRITERS: readonly JobKind[] = ['backup', 'import', 'copy', 'reencrypt', 'run-restore', 'physical-restore']

/**
 * Enters archives that lie in a store and in no row, as a worker leaves them that is killed between the two. By names alone: only what is not
 * known is looked into. Of clusters that are not known nothing is entered; that is for a rescan that somebody asks for. False when something
 * may be on its way into the catalog right now, so that it is to be looked at again.
 */
export async function addUncatalogued(context: ServiceContext, store: Store): Promise<boolean> {
  const unknown = await dropKnown(context, store, await listNames(context, store))
  if (unknown.length === 0) return true
  const found: Archive[] = []
  for (const dir of unknown) {
    throwIfAborted(context.signal)
    const archive = await lookInto(context, store, dir)
    if (archive !== null) found.push(archive)
  }
  // In this order: what was put there before is in its row by now, or by nobody's hand.
  const jobs = await context.db.job.findMany({
    where: { kind: { in: [...WRITERS] }, state: { in: ['queued', 'running'] } },
    select: { id: true, clusterId: true },
  })
  const left = new Set(await dropKnown(context, store, unknown))
  const names = new Map(
    (await context.db.cluster.findMany({ where: { removedAt: null }, select: { id: true, name: true } })).map(
      ({ id, name }) => [id, name],
    ),
  )
  const atWork = new Set(jobs.flatMap(({ clusterId }) => (clusterId === null ? [] : [clusterId])))
  const namesAtWork = new Set([...atWork].map((id) => names.get(id) ?? ''))
  const counts: SettleCounts = { added: 0, copies: 0, back: 0, leftovers: 0 }
  const clusters = new ClusterFinder(context, async () => undefined)
  let isAllSeen = true
  for (const archive of found) {
    if (!left.has(archive.dir)) continue
    const { note, dir } = archive
    const isAtWork =
      jobs.some(({ id }) => id === note?.jobId) || atWork.has(note?.cluster.id ?? '') || namesAtWork.has(dirname(dir))
    if (isAtWork) isAllSeen = false
    else if (names.has(note?.cluster.id ?? '') || [...names.values()].includes(dirname(dir))) {
      await settleArchive(context, { store, archive, report: counts, clusters, jobId: null })
    }
  }
  if (counts.added + counts.copies > 0) {
    const message = `${countOf(counts.added, 'archive')} and ${countOf(counts.copies, 'copy', 'copies')} that lay in ${store.name} entered into the catalog`
    context.log.warn({ store: store.id, ...counts }, message)
    const after = { id: store.id, store: store.name, added: counts.added, copies: counts.copies }
    await writeAudit(context.db, context, { action: 'backup.rescan', outcome: 'ok', after, message })
  }
  return isAllSeen
}

/** Places that have the name of an archive: folders of folders. */
async function listNames(context: ServiceContext, store: Store): Promise<string[]> {
  const found: string[] = []
  if (store.kind === 's3') {
    const bucket = await openBucket(context, store)
    for await (const cluster of bucket.listFolders('', context.signal)) {
      for await (const name of bucket.listFolders(`${cluster}/`, context.signal)) {
        if (ARCHIVE_NAME.test(name)) found.push(`${cluster}/${name}`)
      }
    }
    return found
  }
  // A folder that is not there yet, or is not mounted, holds nothing to be entered.
  for (const cluster of await readdir(store.path, { withFileTypes: true }).catch(() => [])) {
    if (!cluster.isDirectory() || cluster.name.startsWith('.')) continue
    for (const name of await readdir(join(store.path, cluster.name)).catch(() => [])) {
      if (ARCHIVE_NAME.test(name)) found.push(join(cluster.name, name))
    }
  }
  return found
}

async function dropKnown({ db }: ServiceContext, store: Store, dirs: readonly string[]): Promise<string[]> {
  if (dirs.length === 0) return []
  const where = { storeId: store.id }
  const select = { dir: true } as const
  const [backups, copies, formers, left] = await Promise.all([
    db.backup.findMany({ where, select }),
    db.backupCopy.findMany({ where, select }),
    db.formerCopy.findMany({ where, select }),
    db.backup.findMany({ where: { formerStoreId: store.id }, select: { formerDir: true } }),
  ])
  const known = new Set([...backups, ...copies, ...formers].map(({ dir }) => dir))
  for (const { formerDir } of left) known.add(formerDir ?? '')
  return dirs.filter((dir) => !known.has(dir))
}

/** Null for what is no whole archive: there is no row that it could be damaged for. */
async function lookInto(context: ServiceContext, store: Store, dir: string): Promise<Archive | null> {
  try {
    const found = await inspectArchive(context, store, dir)
    return found?.kind === 'archive' ? found : null
  } catch (error) {
    throwIfAborted(context.signal)
    if (!isArkeeperError(error)) throw error
    return null
  }
}
