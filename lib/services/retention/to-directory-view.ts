import { formatHex64 } from '../../base/hex64.ts'
import { type PurgeFate, type PurgePlan, planPurge } from '../../domain/retention/autopurge.ts'
import { growthOf } from '../../domain/retention/disk-growth.ts'
import type { ServerSettings } from '../../domain/retention/server-settings.ts'
import type { LogsMeasure } from './measure-logs.ts'
import type { FileOnDisk, MemberFiles } from './read-member-files.ts'
import type { DirectoryView, FileListView, FileView, LogFileView, TriggerView } from './views.ts'

/** Rows of one table. A directory that was never purged has thousands. */
const SHOWN_MAX = 60

export function toDirectoryView(
  found: MemberFiles,
  measure: LogsMeasure,
  settings: ServerSettings,
  trigger: TriggerView,
): DirectoryView {
  const plan = planPurge({
    snapshots: found.snapshots,
    logs: found.logs.map(({ file }) => file),
    snapRetainCount: settings.snapRetainCount.value,
  })
  const rate = measure.total?.mean ?? null
  const newest = found.snapshots.find(({ isValid }) => isValid)
  return {
    snapshotDir: found.snapshotDir,
    logDir: found.logDir,
    snapshots: toList(found.snapshots, plan, (each, file) => ({ ...file, isValid: each.isValid })),
    logs: toList(found.logs, plan, (each, file, newer) => toLogView(each, file, measure, newer)),
    misplaced: found.misplaced,
    parked: [...found.snapshots, ...found.logs].filter(({ file }) => file.isParked).map(({ file }) => file.name),
    space: found.space,
    logSpace: found.logSpace,
    oldestKept: plan.oldestKept === null ? null : formatHex64(plan.oldestKept),
    growth:
      rate === null
        ? null
        : growthOf({
            rate,
            betweenSnapshots: trigger.betweenMs,
            snapshotBytes: newest?.diskBytes ?? 0,
            freeBytes: Math.min(found.space.freeBytes, found.logSpace?.freeBytes ?? Number.POSITIVE_INFINITY),
          }),
  }
}

function toList<File extends FileOnDisk, View>(
  files: readonly File[],
  plan: PurgePlan,
  toView: (file: File, view: FileView, newer: File | undefined) => View,
): FileListView<View> {
  const fateOf = (file: File): PurgeFate => plan.fates.get(file.file.name) ?? 'kept'
  const purged = files.filter((file) => fateOf(file) === 'purged')
  return {
    shown: files.slice(0, SHOWN_MAX).map((each, index) =>
      toView(
        each,
        {
          name: each.file.name,
          fate: fateOf(each),
          zxid: each.file.zxid === null ? null : formatHex64(each.file.zxid),
          modifiedAt: new Date(each.modifiedMs).toISOString(),
          sizeBytes: each.sizeBytes,
          diskBytes: each.diskBytes,
          isParked: each.file.isParked,
        },
        files[index - 1],
      ),
    ),
    count: files.length,
    diskBytes: sum(files),
    purgedCount: purged.length,
    purgedDiskBytes: sum(purged),
  }
}

function toLogView(log: FileOnDisk, file: FileView, measure: LogsMeasure, newer: FileOnDisk | undefined): LogFileView {
  const measured = measure.byName.get(log.file.name)
  const beforeNewer = newer?.file.zxid ? newer.file.zxid - 1n : null
  const last = measured?.isWhole ? measured.lastZxid : beforeNewer
  return {
    ...file,
    lastZxid: last === null ? null : formatHex64(last),
    measured:
      measured === undefined || measured.txns === 0
        ? null
        : {
            txns: measured.txns,
            bytes: measured.bytes,
            firstAt: new Date(measured.firstMs).toISOString(),
            lastAt: new Date(measured.lastMs).toISOString(),
            isWhole: measured.isWhole,
          },
    fault: measured?.fault ?? null,
  }
}

const sum = (files: readonly FileOnDisk[]) => files.reduce((total, { diskBytes }) => total + diskBytes, 0)
