import { constants } from 'node:fs'
import { type FileHandle, open, realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'
import type { Readable } from 'node:stream'
import { z } from 'zod'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { assertActorCan } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { type ArchiveFolder, openArchiveFolder } from '../stores/archive-folder.ts'
import { assertMaySeeAll } from '../values/assert-may-see-all.ts'
import { getBackupRow } from './find-backup.ts'
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
  const folder = await openArchiveFolder(context, await getBackupRow(context, backupId))
  try {
    const { handle, size } = await openPlainFile(folder, name)
    // As many bytes as were promised, whatever becomes of the file meanwhile; the stream closes it.
    const stream = handle.createReadStream(size > 0 ? { end: size - 1 } : {})
    stream.once('close', () => void folder.release())
    return { stream, bytes: size, contentType: contentTypeOf(name) }
  } catch (error) {
    await folder.release()
    throw error
  }
}

/** A link in the store could lead to anything that this process may read, so it is not followed. */
async function openPlainFile(folder: ArchiveFolder, name: string): Promise<{ handle: FileHandle; size: number }> {
  let handle: FileHandle | null = null
  try {
    const dir = await realpath(folder.dir)
    if (!dir.startsWith(`${await realpath(folder.root)}${sep}`)) throw missing(name)
    const file = join(dir, name)
    // Non-blocking, or a pipe of that name would be waited for.
    handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    const stat = await handle.stat()
    if (stat.isFile()) return { handle, size: stat.size }
    throw missing(name)
  } catch (cause) {
    await handle?.close()
    throw cause instanceof ServiceError ? cause : missing(name, cause)
  }
}

function missing(name: string, cause?: unknown): ServiceError {
  return new ServiceError('NOT_FOUND', `The file ${name} of the backup is missing in the store`, {
    cause,
    remedy: 'verify the backup; a copy of the store may still have it',
  })
}

function contentTypeOf(name: string): string {
  if (name.endsWith('.json')) return 'application/json'
  return name.endsWith('.gz') ? 'application/gzip' : 'application/octet-stream'
}
