import type { z } from 'zod'
import type { ServiceContext } from '../context.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { noteInStores } from '../stores/catalog-note.ts'
import { getBackupRow } from './find-backup.ts'
import { setBackupNoteSchema } from './schemas.ts'

/** The note of the catalog. The one in the archive's manifest stays as it was when the backup was taken. */
export async function setBackupNote(
  context: ServiceContext,
  input: z.input<typeof setBackupNoteSchema>,
): Promise<void> {
  const { backupId, note } = parseInput(setBackupNoteSchema, input)
  const backup = await getBackupRow(context, backupId)
  await mutate(
    context,
    {
      action: 'backup.note',
      cluster: { id: backup.clusterId, name: backup.clusterName },
      before: { backup: backupId, note: backup.note },
      after: { note },
    },
    async (tx) => {
      await tx.backup.update({ where: { id: backupId }, data: { note }, select: { id: true } })
    },
  )
  await noteInStores(context, backupId)
}
