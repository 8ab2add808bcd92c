import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { z } from 'zod'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { assertActorCan } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { assertMaySeeAll } from '../values/assert-may-see-all.ts'
import { getBackup } from './get-backup.ts'

const MANIFEST = 'manifest.json'
const inputSchema = z.object({ backupId: z.string(), name: z.string() })

export interface BackupFile {
  readonly stream: Readable
  readonly bytes: number
  readonly contentType: string
}

/** One of the archive's own files, by a name that its manifest lists: nothing else on the disk can be asked for. */
export async function openBackupFile(context: ServiceContext, input: z.input<typeof inputSchema>): Promise<BackupFile> {
  const { backupId, name } = parseInput(inputSchema, input)
  const backup = await getBackup(context, backupId)
  const cluster = { id: backup.clusterId, name: backup.clusterName }
  await assertActorCan(context, { action: 'backup.download', cluster, after: { backup: backupId, file: name } })
  if (name !== MANIFEST && !backup.manifest.files.some((file) => file.name === name)) {
    throw new ServiceError('NOT_FOUND', `The backup has no file ${name}`)
  }
  await assertMaySeeAll(context, { action: 'backup.download', cluster, after: { backup: backupId, file: name } })
  const file = join(backup.archiveDir, name)
  let bytes: number
  try {
    bytes = (await stat(file)).size
  } catch (cause) {
    throw new ServiceError('NOT_FOUND', `The file ${name} of the backup is missing in the store`, {
      cause,
      remedy: 'verify the backup; a copy of the store may still have it',
    })
  }
  return { stream: createReadStream(file), bytes, contentType: contentTypeOf(name) }
}

function contentTypeOf(name: string): string {
  if (name.endsWith('.json')) return 'application/json'
  return name.endsWith('.gz') ? 'application/gzip' : 'application/octet-stream'
}
