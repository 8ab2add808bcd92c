import { countOf } from '../../base/count-of.ts'
import { formatErrorLine, isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import type { JobPayload } from '../../jobs/definitions.ts'
import { writeAudit } from '../audit/write-audit.ts'
import { toBackupRow } from '../backups/backup-row.ts'
import type { ServiceContext } from '../context.ts'
import { keepBooks } from '../gate.ts'
import type { JobResult, JobRun } from '../jobs/job-run.ts'
import { lookPast } from '../seen-by.ts'
import { ClusterFinder } from './cluster-finder.ts'
import { getStore, listStores, type Store } from './find-store.ts'
import { type KnownPlaces, listKnownPlaces, markMissing } from './mark-missing.ts'
import { type FoundArchive, walkStore } from './walk-store.ts'

type Archive = Extract<FoundArchive, { readonly kind: 'archive' }>

export interface StoreRescan {
  readonly storeId: string
  readonly name: string
  archives: number
  bytes: number
  /** New rows of the catalog. */
  added: number
  /** New copies of backups that were known, or were added now. */
  copies: number
  /** Known ones that are not there. */
  missing: number
  /** There again. */
  back: number
  /** Deleted in the catalog, and still there. */
  leftovers: number
  readonly damaged: { readonly dir: string; readonly message: string }[]
  /** Why it could not be walked; null: it was. */
  fault: string | null
}

const DAMAGED_LISTED_MAX = 50
const BATCH = 50

/**
 * Rebuilds the catalog from what lies in the stores. Adds what is not known, marks what is gone, and never deletes a row. Where a backup lies
 * in several stores, the place that it was put first in is the backup, and the others are its copies.
 */
export function runRescan(context: ServiceContext, payload: JobPayload<'rescan'>, run: JobRun): Promise<JobResult> {
  // Also of clusters that whoever asked for it does not see: a row that looks as if it were not there would be made a second time.
  return lookPast(() => rescan(context, payload, run))
}

async function rescan(context: ServiceContext, payload: JobPayload<'rescan'>, run: JobRun): Promise<JobResult> {
  const stores = payload.storeId === null ? await listStores(context) : [await getStore(context, payload.storeId)]
  const reports = new Map<string, StoreRescan>()
  const known = new Map<string, KnownPlaces>()
  const found: { readonly store: Store; readonly archive: Archive }[] = []
  for (const store of stores) {
    const report = emptyReport(store)
    reports.set(store.id, report)
    known.set(store.id, await listKnownPlaces(context, store.id))
    try {
      for await (const one of walkStore(context, store)) {
        throwIfAborted(context.signal)
        report.archives++
        run.progress({
          stage: `Reading ${store.name}`,
          done: report.archives,
          total: null,
          bytes: report.bytes,
          ratePerSecond: 0,
          etaMs: null,
        })
        if (one.kind === 'archive') {
          report.bytes += one.archiveBytes
          found.push({ store, archive: one })
        } else {
          if (report.damaged.length < DAMAGED_LISTED_MAX) report.damaged.push({ dir: one.dir, message: one.message })
          // Its place has the name of the cluster in it, and a job of no cluster is seen by more people than that.
          await run.log('error', `${store.name}: an archive is damaged; the list of stores says which`)
        }
      }
    } catch (error) {
      throwIfAborted(context.signal)
      if (!isArkeeperError(error)) throw error
      report.fault = formatErrorLine(error)
      await run.log('error', `${store.name} could not be read to its end: ${report.fault}`)
    }
  }
  // A copy must find the backup that it is of.
  found.sort((a, b) => Number(a.archive.note?.copy ?? false) - Number(b.archive.note?.copy ?? false))
  const clusters = new ClusterFinder(context, run)
  for (let at = 0; at < found.length; at += BATCH) {
    throwIfAborted(context.signal)
    run.assertOwned()
    for (const { store, archive } of found.slice(at, at + BATCH)) {
      const report = reports.get(store.id)
      if (report) await settle(context, { store, archive, report, clusters, run })
    }
    run.progress({
      stage: 'Entering into the catalog',
      done: Math.min(at + BATCH, found.length),
      total: found.length,
      bytes: 0,
      ratePerSecond: 0,
      etaMs: null,
    })
  }
  for (const report of reports.values()) {
    const before = known.get(report.storeId)
    if (report.fault !== null || !before) continue
    const dirs = found.filter(({ store }) => store.id === report.storeId).map(({ archive }) => archive.dir)
    report.missing = await markMissing(
      context,
      report.storeId,
      new Set([...dirs, ...report.damaged.map(({ dir }) => dir)]),
      before,
    )
    if (report.missing > 0) {
      await run.log('warn', `${report.name}: ${countOf(report.missing, 'archive')} of the catalog not there any more`)
    }
  }
  return finish(context, [...reports.values()])
}

function emptyReport({ id, name }: Store): StoreRescan {
  return {
    storeId: id,
    name,
    archives: 0,
    bytes: 0,
    added: 0,
    copies: 0,
    missing: 0,
    back: 0,
    leftovers: 0,
    damaged: [],
    fault: null,
  }
}

async function settle(
  context: ServiceContext,
  input: {
    readonly store: Store
    readonly archive: Archive
    readonly report: StoreRescan
    readonly clusters: ClusterFinder
    readonly run: JobRun
  },
): Promise<void> {
  const { store, archive, report, clusters, run } = input
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
    jobId: note?.jobId ?? run.job.id,
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

async function finish(context: ServiceContext, reports: readonly StoreRescan[]): Promise<JobResult> {
  const sum = (of: (report: StoreRescan) => number) => reports.reduce((total, report) => total + of(report), 0)
  const counts = {
    archives: sum((one) => one.archives),
    added: sum((one) => one.added),
    copies: sum((one) => one.copies),
    missing: sum((one) => one.missing),
    back: sum((one) => one.back),
    leftovers: sum((one) => one.leftovers),
    damaged: sum((one) => one.damaged.length),
    unread: reports.filter(({ fault }) => fault !== null).length,
  }
  const now = new Date(context.clock.now())
  const message = [
    `${countOf(counts.archives, 'archive')} in ${countOf(reports.length, 'store')}`,
    `${counts.added} added to the catalog`,
    ...(counts.copies > 0 ? [countOf(counts.copies, 'copy', 'copies')] : []),
    ...(counts.missing > 0 ? [`${counts.missing} missing`] : []),
    ...(counts.back > 0 ? [`${counts.back} there again`] : []),
    ...(counts.damaged > 0 ? [`${counts.damaged} damaged`] : []),
    ...(counts.leftovers > 0 ? [`${counts.leftovers} that the catalog has deleted`] : []),
  ].join(', ')
  const unread = reports.find(({ fault }) => fault !== null)
  return {
    result: counts,
    message,
    ...(unread
      ? {
          failure: {
            code: 'STORE_NOT_READ',
            message: `${unread.name} could not be read to its end: ${unread.fault}`,
            unaffected: 'what was found is in the catalog; nothing was marked as missing in that store',
            remedy: 'test the store, then rescan it',
          },
        }
      : {}),
    commit: async (tx) => {
      await writeAudit(tx, context, {
        action: 'backup.rescan',
        outcome: unread ? 'failed' : 'ok',
        after: counts,
        message,
      })
      for (const report of reports) {
        const { storeId, name: _, ...rest } = report
        if (report.fault !== null) continue
        const data = {
          usedBytes: BigInt(report.bytes),
          usedArchives: report.archives,
          countedAt: now,
          rescannedAt: now,
          rescanReport: { ...rest, damaged: rest.damaged.map((one) => ({ ...one })) },
        }
        await tx.store.upsert({
          where: { id: storeId },
          update: data,
          create: { id: storeId, name: report.name, kind: 'folder', settings: {}, ...data },
        })
      }
    },
  }
}
