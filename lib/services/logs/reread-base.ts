import { isArkeeperError } from '../../base/errors.ts'
import { formatHex64 } from '../../base/hex64.ts'
import type { RereadTarget } from '../../domain/retention/reread-plan.ts'
import { writeAudit } from '../audit/write-audit.ts'
import type { ServiceContext } from '../context.ts'
import { DEFAULT_STORE_ID } from '../stores/schemas.ts'
import { verifyPlace } from '../stores/verify-place.ts'
import { BASE_COLUMNS, type PlacedBase, toPlacedBase } from './base-places.ts'

export interface BaseTarget extends RereadTarget {
  readonly baseId: string
}

/** Bases of a cluster's stream, each of which is read again by itself, where its store answers. */
export async function listBaseTargets({ db }: Pick<ServiceContext, 'db'>, clusterId: string): Promise<BaseTarget[]> {
  const away = await db.logMirror.findMany({ where: { clusterId, error: { not: null } }, select: { storeId: true } })
  const rows = await db.logBase.findMany({
    where: { clusterId, sha256: { not: '' }, storeId: { notIn: away.map(({ storeId }) => storeId) } },
    select: { id: true, bytes: true, putAt: true, verifiedAt: true },
  })
  return rows.map(({ id, bytes, putAt, verifiedAt }) => ({
    id,
    baseId: id,
    bytes: Number(bytes),
    storedAtMs: putAt.getTime(),
    readAtMs: verifiedAt?.getTime() ?? null,
  }))
}

/** Reads one base out of its store, to its end, and keeps what came of it. One that was replaced meanwhile says nothing. */
export async function rereadBase(
  context: ServiceContext,
  cluster: { readonly id: string; readonly name: string },
  baseId: string,
): Promise<void> {
  const row = await context.db.logBase.findUnique({ where: { id: baseId }, select: BASE_COLUMNS })
  const place = row && toPlacedBase(row)
  if (!place) return
  const where = { id: place.id, sha256: place.sha256, dir: place.dir }
  const report = await verify(context, place)
  const isGone = report.problems.some(({ code }) => code === 'NOT_FOUND' || code === 'OBJECT_MISSING')
  // The built-in folder is of each host; what another one keeps is not missing here.
  if (isGone && place.storeId === DEFAULT_STORE_ID && (await isElsewhere(context, place))) {
    await context.db.logBase.deleteMany({ where })
    return
  }
  const fault = report.ok ? null : (report.problems[0]?.message ?? 'It is not what was written')
  const { count } = await context.db.logBase.updateMany({
    where,
    data: { verifiedAt: new Date(context.clock.now()), verifyOk: report.ok, fault },
  })
  if (fault === null || count === 0) return
  const after = { store: place.storeId, base: formatHex64(place.zxid) }
  await writeAudit(context.db, context, { action: 'logs.verify', cluster, outcome: 'failed', after, message: fault })
}

async function verify(context: ServiceContext, { storeId, dir }: PlacedBase) {
  try {
    return await verifyPlace(context, { storeId, dir })
  } catch (error) {
    // Of a folder that is not there its store says nothing else.
    if (!isArkeeperError(error) || error.code !== 'NOT_FOUND') throw error
    return { ok: false, problems: [{ code: error.code, message: error.message }] }
  }
}

async function isElsewhere({ db }: ServiceContext, { id, clusterId, zxid }: PlacedBase): Promise<boolean> {
  return (await db.logBase.count({ where: { clusterId, zxid, sha256: { not: '' }, id: { not: id } } })) > 0
}
