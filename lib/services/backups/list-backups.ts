import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { BACKUP_COLUMNS } from './find-backup.ts'
import { toBackupViews } from './to-backup-view.ts'
import type { BackupView } from './views.ts'

const LIMIT_MAX = 500

export interface ListBackupsInput {
  readonly clusterId?: string
  /** Only those that this schedule has taken. */
  readonly scheduleId?: string
  /** Safety backups of restores too. Default false. */
  readonly includeSafety?: boolean
  /** Only those that wait for their removal, or that are held. */
  readonly only?: 'going' | 'held' | null
  /** `next` of the page before. */
  readonly before?: string | null
  readonly limit?: number
}

/** Newest first. `next` is null at the end. */
export async function listBackups(
  context: Pick<ServiceContext, 'db' | 'clock'>,
  input: ListBackupsInput = {},
): Promise<{ readonly backups: readonly BackupView[]; readonly next: string | null }> {
  const limit = Math.min(Math.max(input.limit ?? 100, 1), LIMIT_MAX)
  const cursor = input.before ? parseCursor(input.before) : null
  const rows = await context.db.backup.findMany({
    where: {
      deletedAt: null,
      ...(input.clusterId ? { clusterId: input.clusterId } : {}),
      ...(input.scheduleId ? { scheduleId: input.scheduleId } : {}),
      ...(input.includeSafety ? {} : { purpose: { not: 'safety' } }),
      ...(input.only === 'going' ? { removeAfter: { not: null } } : {}),
      ...(input.only === 'held'
        ? {
            holds: {
              some: { liftedAt: null, OR: [{ until: null }, { until: { gt: new Date(context.clock.now()) } }] },
            },
          }
        : {}),
      ...(cursor
        ? { OR: [{ takenAt: { lt: cursor.takenAt } }, { takenAt: cursor.takenAt, id: { lt: cursor.id } }] }
        : {}),
    },
    orderBy: [{ takenAt: 'desc' }, { id: 'desc' }],
    take: limit + 1,
    select: BACKUP_COLUMNS,
  })
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return {
    backups: await toBackupViews(context, page),
    next: rows.length > limit && last ? formatCursor(last) : null,
  }
}

export function formatCursor(row: { readonly takenAt: Date; readonly id: string }): string {
  return `${row.takenAt.toISOString()}~${row.id}`
}

/** An ISO time, alone or with the id that breaks ties between backups of one millisecond. */
export function parseCursor(text: string): { takenAt: Date; id: string } {
  const [time = '', id = ''] = text.split('~')
  const takenAt = new Date(time)
  if (Number.isNaN(takenAt.getTime())) throw new ServiceError('INVALID_INPUT', `"${text}" is not a place in the list`)
  return { takenAt, id }
}
