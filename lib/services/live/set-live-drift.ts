import type { z } from 'zod'
import { parsePath } from '../../domain/znode/path.ts'
import { getClusterForWriting } from '../clusters/armed.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { setLiveDriftSchema } from './schemas.ts'

/** Chooses the backup that a cluster is held against write by write; null: none any more. */
export async function setLiveDrift(context: ServiceContext, input: z.input<typeof setLiveDriftSchema>): Promise<void> {
  const { clusterId, backupId, path: text } = parseInput(setLiveDriftSchema, input)
  const { id, name } = await getClusterForWriting(context, clusterId)
  const path = parsePath(text)
  const what = { action: 'follow.set-drift', cluster: { id, name }, path } as const
  if (backupId === null) {
    await mutate(context, { ...what, after: { baseline: null } }, async (tx) => {
      await tx.followDrift.deleteMany({ where: { clusterId: id } })
    })
    return
  }
  const backup = await context.db.backup.findFirst({
    where: { id: backupId, clusterId: id, deletedAt: null },
    select: { id: true },
  })
  if (!backup) throw new ServiceError('NOT_FOUND', `There is no backup ${backupId} of ${name}`)
  const now = new Date(context.clock.now())
  const nothing = { zxid: null, at: null, added: null, removed: null, changed: null, isCut: false, error: {} }
  const data = { backupId, path, state: 'counting', ...nothing, nextRunAt: now, leaseOwner: null, leaseUntil: null }
  await mutate(context, { ...what, after: { baseline: backupId } }, async (tx) => {
    await tx.followDrift.upsert({
      where: { clusterId: id },
      create: { clusterId: id, createdById: context.actor.id, createdAt: now, ...data },
      update: { ...data, paths: [], createdById: context.actor.id },
      select: { clusterId: true },
    })
  })
}
