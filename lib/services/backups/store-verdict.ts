import type { Prisma } from '../../adapters/database/generated/client.ts'
import type { Transaction } from '../gate.ts'
import { hurryKeepRules } from '../keep-rules/run-due-keep-rules.ts'
import type { ArchivePlace } from '../stores/archive-folder.ts'
import { type VerdictReport, verifyReportSchema } from './verify-report.ts'

/**
 * What was found where an archive lies, for the catalog. Of what was read, and not of what has taken its place meanwhile (encrypted anew,
 * copied again): of that it says nothing.
 */
export async function storeVerdict(
  tx: Transaction,
  verdict: {
    readonly backupId: string
    readonly clusterId: string
    /** Null: where it was put first. */
    readonly copyId: string | null
    readonly place: ArchivePlace
    readonly report: VerdictReport
    readonly at: Date
  },
): Promise<void> {
  const { backupId, clusterId, copyId, place, report, at } = verdict
  const { storeId, dir } = place
  const data = {
    verifiedAt: at,
    verifyOk: report.ok,
    // The schema admits nothing but what JSON can hold.
    verifyReport: verifyReportSchema.parse(report) as unknown as Prisma.InputJsonObject,
  }
  const verifyDepth = report.encryption?.opened === false ? 'sums' : null
  const { count } =
    copyId === null
      ? await tx.backup.updateMany({ where: { id: backupId, storeId, dir }, data: { ...data, verifyDepth } })
      : await tx.backupCopy.updateMany({ where: { id: copyId, dir, state: 'present' }, data })
  if (report.ok || count === 0) return
  await tx.backup.updateMany({ where: { id: backupId }, data: { verifyFailures: { increment: 1 } } })
  // Found bad, it is no good one for the keep rules any more: another may have become the last good one.
  await hurryKeepRules(tx, clusterId, at.getTime())
}
