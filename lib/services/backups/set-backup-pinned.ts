import type { z } from 'zod'
import type { ServiceContext } from '../context.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { noteInStores } from '../stores/catalog-note.ts'
import { getBackupRow } from './find-backup.ts'
import { setBackupPinnedSchema } from './schemas.ts'

/** A pinned backup cannot be deleted. */
export async function setBackupPinned(
  context: ServiceContext,
  input: z.input<typeof setBackupPinnedSchema>,
): Promise<void> {
  const { backupId, pinned } = parseInput(setBackupPinnedSchema, input)
  const backup = await getBackupRow(context, backupId)
  await mutate(
    context,
    {
      action: 'backup.pin',
      cluster: { id: backup.clusterId, name: backup.clusterName },
      before: { backup: backupId, pinned: backup.pinned },
      after: { pinned },
    },
    async (tx) => {
      await tx.backup.update({
        where: { id: backupId },
        data: { pinned, ...(pinned ? { removeAfter: null, removeReason: null, keepRevision: null } : {}) },
        select: { id: true },
      })
    },
  )
  await noteInStores(context, backupId)
}
