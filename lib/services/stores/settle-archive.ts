import { toBackupRow } from '../backups/backup-row.ts'
import type { ServiceContext } from '../context.ts'
import { keepBooks } from '../gate.ts'
import type { ClusterFinder } from './cluster-finder.ts'
import type { Store } from './find-store.ts'
import type { FoundArchive } from './walk-store.ts'

export type Archive = Extract<FoundArchive, { readonly kind: 'archive' }>

/** What became of archives that were found. */
export interface SettleCounts {
  added: number
  copies: number
  back: number
  leftovers: number
}

/** Enters an archive that was found where the catalog knows of none; never takes a row away. */
export async function settleArchive(
  context: ServiceContext,
  input: {
    readonly store: Store
    readonly archive: Archive
    readonly report: SettleCounts
    readonly clusters: ClusterFinder
    readonly jobId: string | null
  },
): Promise<void> {
  const { store, archive, report, clusters, jobId } = input
  const { dir, manifest, note, archiveBytes } = archive
  const at = { storeId: store.id, dir }
  const { db } = context
  const here = await db.backup.findUnique({
    where: { storeId_dir: at },
    select: { id: true, deletedAt: true, missingAt: true },
  })
  if (here) {
    if (here.deletedAt !== null) report.leftovers++
    else if (here.missingAt !== null) {
      report.back++
      await keepBooks(context, { action: 'backup.rescan' }, (tx) =>
        tx.backup.updateMany({ where: { id: here.id }, data: { missingAt: null } }),
      )
    }
    return
  }
  const copy = await db.backupCopy.findUnique({ where: { storeId_dir: at }, select: { id: true, state: true } })
  if (copy) {
    if (copy.state !== 'missing') return
    report.back++
    await keepBooks(context, { action: 'backup.rescan' }, (tx) =>
      tx.backupCopy.updateMany({ where: { id: copy.id, state: 'missing' }, data: { state: 'present' } }),
    )
    return
  }
  const same = await db.backup.findFirst({
    where: { archiveId: manifest.id },
    select: { id: true, deletedAt: true, storeId: true },
    orderBy: { id: 'asc' },
  })
  if (same?.deletedAt != null) {
    report.leftovers++
    return
  }
  if (same) {
    // A second one in the same store is nobody's copy.
    const isTaken =
      same.storeId === store.id || (await db.backupCopy.count({ where: { backupId: same.id, storeId: store.id } })) > 0
    if (isTaken) {
      report.leftovers++
      return
    }
    const data = { ...at, backupId: same.id, state: 'present', archiveBytes: BigInt(archiveBytes) }
    await keepBooks(context, { action: 'backup.rescan' }, (tx) =>
      tx.backupCopy.create({
        data: { id: context.newId(), ...data, copiedAt: new Date(context.clock.now()) },
        select: { id: true },
      }),
    )
    report.copies++
    return
  }
  const cluster = await clusters.find(archive)
  const id =
    note !== null && (await db.backup.count({ where: { id: note.backup } })) === 0 ? note.backup : context.newId()
  const row = toBackupRow({
    id,
    clusterId: cluster.id,
    clusterName: cluster.name,
    purpose: purposeOf(archive),
    schedule: note?.schedule ?? undefined,
    manifest,
    place: at,
    archiveBytes,
    createdById: note?.createdById ?? null,
    jobId: note?.jobId ?? jobId,
    nowMs: note === null ? context.clock.now() : Date.parse(note.createdAt),
  })
  const holds = (note?.holds ?? []).map(({ placedAt, until, ...hold }) => ({
    ...hold,
    id: context.newId(),
    placedAt: new Date(placedAt),
    until: until === null ? null : new Date(until),
  }))
  await keepBooks(context, { action: 'backup.rescan' }, (tx) =>
    tx.backup.create({
      data: {
        ...row,
        ...(note === null ? {} : { pinned: note.pinned, note: note.note }),
        ...(holds.length === 0 ? {} : { holds: { create: holds } }),
      },
      select: { id: true },
    }),
  )
  report.added++
}

/** Without a note: what a restore took is of single znodes. */
function purposeOf({ manifest, note }: Archive): string {
  return note?.purpose ?? (manifest.scope.kind === 'touched' ? 'safety' : 'manual')
}
