import { formatHex64 } from '../../base/hex64.ts'
import type { ServiceContext } from '../context.ts'
import { toRecipients } from '../encryption/key-needs.ts'
import { drillReportSchema } from '../engine/drill-report.ts'
import { BUILT_IN_NAME } from '../stores/find-store.ts'
import { DEFAULT_STORE_ID } from '../stores/schemas.ts'
import { findLastGood, toPaths } from './find-backup.ts'
import { toSourceFaults } from './source-faults.ts'
import type { BackupPlace, BackupView } from './views.ts'

export interface BackupRow {
  readonly id: string
  readonly clusterId: string
  readonly clusterName: string
  readonly source: string
  readonly purpose: string
  readonly status: string
  readonly zxid: bigint
  readonly zxidFrom: bigint
  readonly zxidTo: bigint
  readonly consistency: string
  readonly proof: string | null
  readonly scopePaths: unknown
  readonly znodes: number
  readonly dataBytes: bigint
  readonly archiveBytes: bigint
  readonly takenAt: Date
  readonly durationMs: number
  readonly pinned: boolean
  readonly note: string
  readonly verifiedAt: Date | null
  readonly verifyOk: boolean | null
  readonly verifyDepth: string | null
  readonly recipients: unknown
  readonly drilledAt: Date | null
  readonly drillOk: boolean | null
  readonly drillReport: unknown
  readonly provedAt: Date | null
  readonly createdById: string | null
  readonly scheduleId: string | null
  readonly scheduleName: string | null
  readonly sourceFaults: unknown
  readonly removeAfter: Date | null
  readonly removeReason: string | null
  readonly storeId: string
  readonly missingAt: Date | null
  readonly copies: readonly { readonly storeId: string; readonly state: string; readonly verifyOk: boolean | null }[]
  readonly holds: readonly { readonly placedByName: string; readonly reason: string; readonly until: Date | null }[]
}

/** Rows as pages show them; what only the other rows can tell (last good, names) is looked up once for all. */
export async function toBackupViews(
  context: Pick<ServiceContext, 'db' | 'clock'>,
  rows: readonly BackupRow[],
): Promise<BackupView[]> {
  const lastGood = await findLastGood(
    context,
    rows.map((row) => row.clusterId),
  )
  const names = await findNames(
    context,
    rows.map((row) => row.createdById),
  )
  const stores = await context.db.store.findMany({ select: { id: true, name: true } })
  const storeNames = new Map([...stores.map(({ id, name }) => [id, name] as const), [DEFAULT_STORE_ID, BUILT_IN_NAME]])
  return rows.map((row) => ({
    id: row.id,
    clusterId: row.clusterId,
    clusterName: row.clusterName,
    purpose: row.purpose === 'safety' || row.purpose === 'scheduled' ? row.purpose : 'manual',
    source: row.source,
    schedule: row.scheduleId === null ? null : { id: row.scheduleId, name: row.scheduleName ?? row.scheduleId },
    sourceFaults: toSourceFaults(row.sourceFaults),
    status: row.status === 'complete' ? 'complete' : 'partial',
    consistency: row.consistency === 'exact' ? 'exact' : 'fuzzy',
    proof: row.proof,
    zxid: formatHex64(row.zxid),
    zxidFrom: formatHex64(row.zxidFrom),
    zxidTo: formatHex64(row.zxidTo),
    scopePaths: toPaths(row.scopePaths),
    znodes: row.znodes,
    dataBytes: Number(row.dataBytes),
    archiveBytes: Number(row.archiveBytes),
    takenAt: row.takenAt.toISOString(),
    durationMs: row.durationMs,
    pinned: row.pinned,
    note: row.note,
    verifiedAt: row.verifiedAt?.toISOString() ?? null,
    verifyOk: row.verifyOk,
    verifyDepth: row.verifyDepth === 'sums' ? 'sums' : 'all',
    places: toPlaces(row, storeNames),
    recipients: toRecipients(row.recipients),
    drill: toDrillView(row),
    isLastGood: lastGood.has(row.id),
    createdByName: row.createdById === null ? null : (names.get(row.createdById) ?? null),
    goes: row.removeAfter && { after: row.removeAfter.toISOString(), reason: row.removeReason ?? '' },
    hold: toHold(row.holds, context.clock.now()),
  }))
}

/** Where it was put first, then the others. */
function toPlaces(row: BackupRow, names: ReadonlyMap<string, string>): BackupView['places'] {
  const nameOf = (storeId: string) => names.get(storeId) ?? 'a store that was removed'
  const soundOf = (verifyOk: boolean | null): BackupPlace['state'] => (verifyOk === false ? 'damaged' : 'there')
  const first = row.missingAt === null ? soundOf(row.verifyOk) : 'missing'
  return [
    { storeId: row.storeId, store: nameOf(row.storeId), state: first },
    ...row.copies.map(
      ({ storeId, state, verifyOk }): BackupPlace => ({
        storeId,
        store: nameOf(storeId),
        state:
          state === 'present'
            ? soundOf(verifyOk)
            : state === 'missing'
              ? 'missing'
              : state === 'queued' || state === 'copying'
                ? 'coming'
                : 'failed',
      }),
    ),
  ]
}

/** The first that stands. */
function toHold(holds: BackupRow['holds'], nowMs: number): BackupView['hold'] {
  const hold = holds.find(({ until }) => until === null || until.getTime() > nowMs)
  return hold ? { by: hold.placedByName, reason: hold.reason, until: hold.until?.toISOString() ?? null } : null
}

function toDrillView({ drilledAt, drillOk, provedAt, drillReport }: BackupRow): BackupView['drill'] {
  if (drilledAt === null || drillOk === null) return null
  const report = drillReportSchema.safeParse(drillReport).data
  return {
    at: drilledAt.toISOString(),
    ok: drillOk,
    provedAt: provedAt?.toISOString() ?? null,
    durationMs: report?.durationMs ?? null,
    serverVersion: report?.serverVersion ?? null,
  }
}

/** Names of people by id; who was removed has none. */
export async function findNames(
  context: Pick<ServiceContext, 'db'>,
  ids: readonly (string | null)[],
): Promise<Map<string, string>> {
  const wanted = [...new Set(ids.filter((id) => id !== null))]
  if (wanted.length === 0) return new Map()
  const people = await context.db.user.findMany({ where: { id: { in: wanted } }, select: { id: true, name: true } })
  return new Map(people.map((person) => [person.id, person.name]))
}
