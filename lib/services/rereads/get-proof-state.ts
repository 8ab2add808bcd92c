import { toPaths } from '../backups/find-backup.ts'
import { getClusterForWriting } from '../clusters/armed.ts'
import { GOOD_BACKUP } from '../clusters/last-good-backup.ts'
import type { ServiceContext } from '../context.ts'
import { type ClusterProof, findProof } from '../drills/find-proof.ts'
import { type ArchivePlaceRow, listArchivePlaces } from './list-places.ts'
import { REREAD_DAYS } from './schemas.ts'
import type { DamagedPlaceView, ProofStateView } from './views.ts'

const DAY_MS = 86_400_000
const MEGABYTE = 1_000_000

/** How well a cluster's backups are proved: what was read again, what is damaged, what drills say. Throws NOT_FOUND. */
export async function getProofState(
  context: Pick<ServiceContext, 'db' | 'clock'>,
  clusterId: string,
): Promise<ProofStateView> {
  const { db, clock } = context
  const { id } = await getClusterForWriting(context, clusterId)
  const schedule = await db.rereadSchedule.findUnique({ where: { clusterId: id } })
  const everyDays = schedule?.everyDays ?? REREAD_DAYS.default
  const places = await listArchivePlaces(db, id)
  const since = clock.now() - everyDays * DAY_MS
  const within = places.filter((place) => (lastReadOf(place) ?? 0) >= since)
  const oldest = places.toSorted((a, b) => (lastReadOf(a) ?? 0) - (lastReadOf(b) ?? 0) || (a.id < b.id ? -1 : 1))[0]
  const bytes = sumOf(places)
  const proof = await findProof(db, id)
  return {
    clusterId: id,
    places: places.length,
    bytes,
    readWithin: {
      days: everyDays,
      places: within.length,
      bytes: sumOf(within),
      share: bytes === 0 ? null : sumOf(within) / bytes,
    },
    neverReadAgain: places.filter(({ readAtMs }) => readAtMs === null).length,
    oldest: oldest
      ? { backupId: oldest.backupId, takenAt: toIso(oldest.takenAtMs), readAt: toIsoOrNull(lastReadOf(oldest)) }
      : null,
    damaged: await listDamaged(db, id, places),
    drills: toDrills(proof),
    schedule: {
      enabled: schedule?.enabled ?? true,
      everyDays,
      megabytesPerDayMax: schedule?.bytesPerDayMax ? Number(schedule.bytesPerDayMax / BigInt(MEGABYTE)) : null,
      fromHour: schedule?.fromHour ?? 0,
      toHour: schedule?.toHour ?? 0,
      timeZone: schedule?.timeZone ?? 'UTC',
      nextRunAt: schedule?.enabled ? schedule.nextRunAt.toISOString() : null,
      lastRunAt: schedule?.lastRunAt?.toISOString() ?? null,
      lastTurn: schedule?.lastOutcome ?? null,
    },
  }
}

/** Reading an archive back when it is stored counts as well. */
function lastReadOf({ readAtMs, storedAtMs, wasReadBack }: ArchivePlaceRow): number | null {
  return readAtMs ?? (wasReadBack ? storedAtMs : null)
}

async function listDamaged(
  db: ServiceContext['db'],
  clusterId: string,
  places: readonly ArchivePlaceRow[],
): Promise<DamagedPlaceView[]> {
  const damaged = places.filter(({ readOk }) => readOk === false)
  if (damaged.length === 0) return []
  const good = await db.backup.findMany({
    where: { clusterId, ...GOOD_BACKUP },
    orderBy: [{ takenAt: 'desc' }, { id: 'desc' }],
    select: { id: true, takenAt: true, scopePaths: true },
  })
  const scopes = await db.backup.findMany({
    where: { id: { in: damaged.map(({ backupId }) => backupId) } },
    select: { id: true, scopePaths: true },
  })
  const stores = await db.store.findMany({ select: { id: true, name: true } })
  const nameOf = (storeId: string) => stores.find(({ id }) => id === storeId)?.name ?? 'Built-in folder'
  const keyOf = (paths: unknown) => toPaths(paths).toSorted().join('\n')
  return damaged.map((place) => {
    const scope = keyOf(scopes.find(({ id }) => id === place.backupId)?.scopePaths)
    const others = good.filter((each) => each.id !== place.backupId && keyOf(each.scopePaths) === scope)
    const nearest = others.toSorted((a, b) => distance(a.takenAt, place) - distance(b.takenAt, place))[0]
    const sound = places.find(
      (each) => each.backupId === place.backupId && each.id !== place.id && each.readOk !== false,
    )
    return {
      backupId: place.backupId,
      takenAt: toIso(place.takenAtMs),
      storeName: nameOf(place.storeId),
      isCopy: place.copyId !== null,
      foundAt: toIsoOrNull(place.readAtMs),
      soundIn: sound ? { storeName: nameOf(sound.storeId), isRead: sound.readOk === true } : null,
      nearest: nearest ? { backupId: nearest.id, takenAt: nearest.takenAt.toISOString() } : null,
    }
  })
}

const distance = (takenAt: Date, place: ArchivePlaceRow) => Math.abs(takenAt.getTime() - place.takenAtMs)

function toDrills({ lastProved, failed }: ClusterProof): ProofStateView['drills'] {
  return {
    lastProved: lastProved && { backupId: lastProved.backupId, provedAt: lastProved.provedAt.toISOString() },
    failed: failed && { backupId: failed.backupId, drilledAt: failed.drilledAt.toISOString() },
  }
}

const sumOf = (places: readonly ArchivePlaceRow[]) => places.reduce((sum, { bytes }) => sum + bytes, 0)
const toIso = (ms: number) => new Date(ms).toISOString()
const toIsoOrNull = (ms: number | null) => (ms === null ? null : toIso(ms))
