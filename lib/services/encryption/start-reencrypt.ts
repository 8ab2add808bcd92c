import type { z } from 'zod'
import { countOf } from '../../base/count-of.ts'
import { enqueueJob } from '../../jobs/enqueue-job.ts'
import { getClusterForWriting } from '../clusters/armed.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { assertActorCan, mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { findRecipients } from './find-recipients.ts'
import { isSameSet, listEncrypted } from './key-needs.ts'
import { startReencryptSchema } from './schemas.ts'
import { listIdentities } from './unlock.ts'

/** Asks for every backup of a cluster to be encrypted to the keys of now. Refused while no private key at hand opens any of those that are not. */
export async function startReencrypt(
  context: ServiceContext,
  input: z.input<typeof startReencryptSchema>,
): Promise<{ readonly jobId: string }> {
  const { clusterId } = parseInput(startReencryptSchema, input)
  const { id, name } = await getClusterForWriting(context, clusterId)
  await assertActorCan(context, { action: 'encryption.rotate', cluster: { id, name } })
  const wanted = await findRecipients(context, id)
  if (wanted.length === 0) {
    throw new ServiceError(
      'WRONG_STATE',
      `New backups of ${name} are not encrypted, so there is no key to encrypt others to`,
      {
        unaffected: 'nothing was changed',
        remedy: 'turn encryption on first',
      },
    )
  }
  const rows = await listEncrypted(context, id)
  const stale = rows.filter(({ recipients }) => recipients === null || !isSameSet(recipients, wanted))
  const held = new Set((await listIdentities(context)).map(({ recipient }) => recipient))
  const closed = stale.filter(({ recipients }) => recipients !== null && !recipients.some((each) => held.has(each)))
  if (stale.length > 0 && closed.length === stale.length) {
    const keys = [...new Set(closed.flatMap(({ recipients }) => recipients ?? []))]
    const message = `No private key at hand opens ${countOf(closed.length, 'backup')} that would be encrypted anew: unlock one of ${keys.join(', ')} first`
    throw new ServiceError('WRONG_STATE', message, { unaffected: 'nothing was changed' })
  }
  const newId = context.newId()
  let jobId = newId
  const after = { keys: wanted, backups: stale.length, job: newId }
  await mutate(context, { action: 'encryption.rotate', cluster: { id, name }, after }, async (tx, record) => {
    const now = new Date(context.clock.now())
    const ofCluster = { kind: 'reencrypt', clusterId: id }
    // One that waits for what was being read goes on at once.
    const waiting = await tx.job.findFirst({
      where: { ...ofCluster, state: 'queued', runAfter: { gt: now } },
      orderBy: { id: 'asc' },
      select: { id: true },
    })
    if (waiting) {
      jobId = waiting.id
      record({ after: { job: jobId } })
      await tx.job.updateMany({ where: { id: jobId, state: 'queued' }, data: { runAfter: now } })
      return
    }
    const atWork = await tx.job.count({ where: { ...ofCluster, state: { in: ['queued', 'running'] } } })
    if (atWork > 0) {
      throw new ServiceError('WRONG_STATE', `Backups of ${name} are being encrypted anew already`, {
        unaffected: 'nothing was changed',
      })
    }
    await enqueueJob(tx, {
      id: newId,
      kind: 'reencrypt',
      payload: { clusterId: id },
      clusterId: id,
      subjectId: id,
      actor: context.actor,
      nowMs: context.clock.now(),
    })
  })
  return { jobId }
}
