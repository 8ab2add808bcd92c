import { formatHex64 } from '../../base/hex64.ts'
import type { ServiceContext } from '../context.ts'

/** What keep rules have removed of a log: what lies at or below it is no gap. */
export interface RemovedLog {
  readonly through: bigint
  /** Null: before it was noted. */
  readonly at: Date | null
}

export async function findRemoved({ db }: Pick<ServiceContext, 'db'>, clusterId: string): Promise<RemovedLog | null> {
  const row = await db.logKeeping.findUnique({
    where: { clusterId },
    select: { removedThrough: true, removedAt: true },
  })
  return row === null || row.removedThrough === null ? null : { through: row.removedThrough, at: row.removedAt }
}

/** `transactions up to 0x30 were removed by the keep rule on 2026-11-26` */
export function describeRemoved({ through, at }: RemovedLog): string {
  const when = at === null ? '' : ` on ${at.toISOString().slice(0, 10)}`
  return `transactions up to ${formatHex64(through)} were removed by the keep rule${when}`
}
