import { countOf } from '../../base/count-of.ts'
import { formatErrorLine, isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import type { JobPayload } from '../../jobs/definitions.ts'
import { writeAudit } from '../audit/write-audit.ts'
import type { ServiceContext } from '../context.ts'
import type { JobResult, JobRun } from '../jobs/job-run.ts'
import { lookPast } from '../seen-by.ts'
import { ClusterFinder } from './cluster-finder.ts'
import { getStore, listStores, type Store } from './find-store.ts'
import { judgeDamaged } from './judge-damaged.ts'
import { type KnownPlaces, listKnownPlaces, markMissing } from './mark-missing.ts'
import { type RescannedLogs, rescanLogs } from './rescan-logs.ts'
import { type Archive, settleArchive } from './settle-archive.ts'
import { walkStore } from './walk-store.ts'

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
  fault: { readonly code: string; readonly message: string } | null
  logs: RescannedLogs | null
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
  const damaged = new Map<string, Set<string>>()
  const found: { readonly store: Store; readonly archive: Archive }[] = []
  for (const store of stores) {
    const report = emptyReport(store)
    reports.set(store.id, report)
    known.set(store.id, await listKnownPlaces(context, store.id))
    damaged.set(store.id, new Set())
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
          damaged.get(store.id)?.add(one.dir)
          if (report.damaged.length < DAMAGED_LISTED_MAX) report.damaged.push({ dir: one.dir, message: one.message })
          // Its place has the name of the cluster in it, and a job of no cluster is seen by more people than that.
          await run.log('error', `${store.name}: an archive is damaged; the list of stores says which`)
        }
      }
    } catch (error) {
      throwIfAborted(context.signal)
      if (!isArkeeperError(error)) throw error
      // What the store says names what lies in it: that is for the page of the stores.
      report.fault = { code: error.code, message: formatErrorLine(error) }
      await run.log('error', `${store.name} could not be read to its end (${error.code}); the list of stores says why`)
    }
  }
  // A copy must find the backup that it is of.
  found.sort((a, b) => Number(a.archive.note?.copy ?? false) - Number(b.archive.note?.copy ?? false))
  const clusters = new ClusterFinder(context, (level, message) => run.log(level, message))
  for (let at = 0; at < found.length; at += BATCH) {
    throwIfAborted(context.signal)
    run.assertOwned()
    for (const { store, archive } of found.slice(at, at + BATCH)) {
      const report = reports.get(store.id)
      if (report) await settleArchive(context, { store, archive, report, clusters, jobId: run.job.id })
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
  for (const [storeId, dirs] of damaged) {
    const judged = await judgeDamaged(context, storeId, [...dirs], run)
    if (judged > 0) await run.log('error', `${countOf(judged, 'archive')} of the catalog found damaged, and told there`)
  }
  for (const report of reports.values()) {
    const before = known.get(report.storeId)
    if (report.fault !== null || !before) continue
    const dirs = found.filter(({ store }) => store.id === report.storeId).map(({ archive }) => archive.dir)
    report.missing = await markMissing(
      context,
      report.storeId,
      new Set([...dirs, ...(damaged.get(report.storeId) ?? [])]),
      before,
    )
    if (report.missing > 0) {
      await run.log('warn', `${report.name}: ${countOf(report.missing, 'archive')} of the catalog not there any more`)
    }
  }
  for (const store of stores) {
    const report = reports.get(store.id)
    if (!report || report.fault !== null) continue
    try {
      run.assertOwned()
      report.logs = await rescanLogs(context, store)
      const { strangers } = report.logs
      if (strangers.length > 0) {
        await run.log(
          'warn',
          `${store.name}: transaction logs of ${countOf(strangers.length, 'cluster')} that nobody knows; add one of the folder's name, then rescan`,
        )
      }
    } catch (error) {
      throwIfAborted(context.signal)
      if (!isArkeeperError(error) || error.code === 'LEASE_LOST') throw error
      report.fault = { code: error.code, message: formatErrorLine(error) }
      await run.log('error', `${store.name} could not be read to its end (${error.code}); the list of stores says why`)
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
    logs: null,
  }
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
    logPieces: sum((one) => one.logs?.pieces ?? 0),
    unread: reports.filter(({ fault }) => fault !== null).length,
  }
  const now = new Date(context.clock.now())
  const message = [
    `${countOf(counts.archives, 'archive')} in ${countOf(reports.length, 'store')}`,
    `${counts.added} added to the catalog`,
    ...(counts.copies > 0 ? [countOf(counts.copies, 'copy', 'copies')] : []),
    ...(counts.logPieces > 0 ? [`${countOf(counts.logPieces, 'piece')} of transaction logs`] : []),
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
            message: `${unread.name} could not be read to its end (${unread.fault?.code}): the list of stores says why`,
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
        const { storeId, name: _, fault, logs, ...rest } = report
        if (fault !== null) {
          await tx.store.updateMany({
            where: { id: storeId },
            data: {
              rescannedAt: now,
              rescanReport: { ...rest, fault: fault.message, damaged: rest.damaged.map((one) => ({ ...one })) },
            },
          })
          continue
        }
        const data = {
          usedBytes: BigInt(report.bytes),
          usedArchives: report.archives,
          countedAt: now,
          rescannedAt: now,
          rescanReport: {
            ...rest,
            damaged: rest.damaged.map((one) => ({ ...one })),
            logPieces: logs?.pieces ?? 0,
          },
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
