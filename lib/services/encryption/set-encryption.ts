import type { z } from 'zod'
import { getClusterForWriting } from '../clusters/armed.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { type Mutation, mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { ALL_CLUSTERS, setEncryptionSchema } from './schemas.ts'

/** Whether, and with whose list of keys, new archives are encrypted. Those that are there stay as they are. */
export async function setEncryption(
  context: ServiceContext,
  input: z.input<typeof setEncryptionSchema>,
): Promise<void> {
  const { clusterId, mode } = parseInput(setEncryptionSchema, input)
  const scope = clusterId ?? ALL_CLUSTERS
  const mutation: Mutation =
    clusterId === undefined
      ? { action: 'encryption.set-default', after: { mode } }
      : { action: 'encryption.set', cluster: await getClusterForWriting(context, clusterId), after: { mode } }
  await mutate(context, mutation, async (tx, record) => {
    const keys = await tx.encryptionRecipient.findMany({ where: { scope }, select: { recipient: true } })
    if (mode === 'own' && keys.length === 0) {
      throw new ServiceError('WRONG_STATE', 'There is no key yet that archives could be encrypted to', {
        unaffected: 'nothing was changed',
        remedy: 'add a public key first',
      })
    }
    const before = await tx.encryptionChoice.findUnique({ where: { scope }, select: { mode: true } })
    record({ before: { mode: before?.mode ?? 'default' }, after: { keys: keys.map(({ recipient }) => recipient) } })
    await tx.encryptionChoice.upsert({
      where: { scope },
      create: { scope, mode },
      update: { mode },
      select: { scope: true },
    })
  })
}
