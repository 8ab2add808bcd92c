import type { z } from 'zod'
import { countOf } from '../../base/count-of.ts'
import { formatHex64 } from '../../base/hex64.ts'
import { parsePath } from '../../domain/znode/path.ts'
import { getClusterForWriting } from '../clusters/armed.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { unwatchPathSchema, WATCHED_MAX, watchPathSchema } from './schemas.ts'
import type { WatchedPathView } from './views.ts'

const HITS_SHOWN = 5

/** In order of path. Throws NOT_FOUND for a cluster that is not there. */
export async function listWatchedPaths(context: ServiceContext, clusterId: string): Promise<WatchedPathView[]> {
  const { id } = await getClusterForWriting(context, clusterId)
  const rows = await context.db.watchedPath.findMany({
    where: { clusterId: id },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
    select: {
      id: true,
      path: true,
      note: true,
      createdByName: true,
      createdAt: true,
      hits: { orderBy: [{ at: 'desc' }, { id: 'desc' }], take: HITS_SHOWN },
      _count: { select: { hits: true } },
    },
  })
  return rows.map(({ hits, _count, createdAt, ...row }) => ({
    ...row,
    createdAt: createdAt.toISOString(),
    hitCount: _count.hits,
    hits: hits.map(({ zxid, at, type, path, paths, sessionId }) => ({
      zxid: formatHex64(zxid),
      at: at.toISOString(),
      type,
      path,
      transactions: paths,
      session: formatHex64(sessionId),
    })),
  }))
}

/** What is written at or below it from now on is put on record by whoever follows the cluster, and raises an alert. */
export async function watchPath(
  context: ServiceContext,
  input: z.input<typeof watchPathSchema>,
): Promise<{ readonly watchedPathId: string }> {
  const { clusterId, path: text, note } = parseInput(watchPathSchema, input)
  const cluster = await getClusterForWriting(context, clusterId)
  const path = parsePath(text)
  const { id, name } = cluster
  const watchedPathId = context.newId()
  await mutate(context, { action: 'follow.watch-path', cluster: { id, name }, path, after: { note } }, async (tx) => {
    const known = await tx.watchedPath.count({ where: { clusterId: id, path } })
    if (known > 0) {
      const message = `${path} is watched already`
      const details = { fields: { path: message } }
      throw new ServiceError('INVALID_INPUT', message, { unaffected: 'nothing changed', details })
    }
    if ((await tx.watchedPath.count({ where: { clusterId: id } })) >= WATCHED_MAX) {
      throw new ServiceError('INVALID_INPUT', `${countOf(WATCHED_MAX, 'path')} of ${name} are watched already`, {
        unaffected: 'nothing changed',
        remedy: 'watch a path above several of them instead',
      })
    }
    await tx.watchedPath.create({
      data: {
        id: watchedPathId,
        clusterId: id,
        path,
        note,
        createdById: context.actor.id,
        createdByName: context.actor.name,
        createdAt: new Date(context.clock.now()),
      },
      select: { id: true },
    })
  })
  return { watchedPathId }
}

/** With what was recorded of it. */
export async function unwatchPath(context: ServiceContext, input: z.input<typeof unwatchPathSchema>): Promise<void> {
  const { clusterId, watchedPathId } = parseInput(unwatchPathSchema, input)
  const { id, name } = await getClusterForWriting(context, clusterId)
  const row = await context.db.watchedPath.findFirst({
    where: { id: watchedPathId, clusterId: id },
    select: { path: true, note: true },
  })
  const what = { action: 'follow.unwatch-path', cluster: { id, name }, path: row?.path ?? null } as const
  await mutate(context, { ...what, before: row && { note: row.note } }, async (tx) => {
    const { count } = await tx.watchedPath.deleteMany({ where: { id: watchedPathId, clusterId: id } })
    if (count === 0) throw new ServiceError('NOT_FOUND', 'This path is not watched', { unaffected: 'nothing changed' })
  })
}
