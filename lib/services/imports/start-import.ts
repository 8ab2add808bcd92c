import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { z } from 'zod'
import { formatBytes } from '../../base/format-bytes.ts'
import { makeDir } from '../../base/make-dir.ts'
import { enqueueJob } from '../../jobs/enqueue-job.ts'
import { getClusterTarget } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { assertActorCan, mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { startImportSchema, UPLOAD_BYTES_MAX } from './schemas.ts'
import { removeUpload, sweepUploads, UPLOAD, uploadFolder } from './uploads.ts'

export interface StartImportInput {
  readonly facts: z.input<typeof startImportSchema>
  readonly bytes: AsyncIterable<Uint8Array>
  readonly bytesMax?: number
}

/** Takes a file in, and asks the worker to make an archive of it. The file is streamed to the disk and is gone when the job has ended. */
export async function startImport(
  context: ServiceContext,
  input: StartImportInput,
): Promise<{ readonly jobId: string }> {
  const { clusterId, fileName, form, note } = parseInput(startImportSchema, input.facts)
  const { clusterName } = await getClusterTarget(context, clusterId)
  const cluster = { id: clusterId, name: clusterName }
  // Before the first byte: who may not import must not be able to fill the disk.
  await assertActorCan(context, { action: 'backup.import', cluster })
  await sweepUploads(context)
  const jobId = context.newId()
  const backupId = context.newId()
  try {
    const bytes = await receive(context, jobId, input.bytes, input.bytesMax ?? UPLOAD_BYTES_MAX)
    await mutate(
      context,
      { action: 'backup.import', cluster, after: { backup: backupId, job: jobId, file: fileName, form, bytes } },
      (tx) =>
        enqueueJob(tx, {
          id: jobId,
          kind: 'import',
          payload: { backupId, clusterId, fileName, form, note },
          clusterId,
          subjectId: backupId,
          actor: context.actor,
          nowMs: context.clock.now(),
        }),
    )
  } catch (error) {
    await removeUpload(context, jobId)
    throw error
  }
  return { jobId }
}

async function receive(
  context: ServiceContext,
  jobId: string,
  source: AsyncIterable<Uint8Array>,
  bytesMax: number,
): Promise<number> {
  const folder = await context.workFiles.begin(uploadFolder(jobId))
  try {
    await makeDir(folder.dir, 0o700)
    const bytes = await receiveIn(join(folder.dir, UPLOAD), source, { bytesMax, signal: context.signal })
    await folder.publish([UPLOAD])
    return bytes
  } finally {
    await folder.end()
  }
}

async function receiveIn(
  file: string,
  source: AsyncIterable<Uint8Array>,
  { bytesMax, signal }: { readonly bytesMax: number; readonly signal: AbortSignal | undefined },
): Promise<number> {
  let bytes = 0
  async function* bounded() {
    for await (const piece of source) {
      bytes += piece.length
      if (bytes > bytesMax) {
        throw new ServiceError(
          'INVALID_INPUT',
          `The file is larger than the ${formatBytes(bytesMax)} that can be uploaded`,
          {
            unaffected: 'nothing was imported',
            remedy: 'pack it with gzip, or make an archive of it with arkeeper import on the command line',
          },
        )
      }
      yield piece
    }
  }
  await pipeline(bounded(), createWriteStream(file, { flags: 'wx', mode: 0o600 }), { signal })
  if (bytes === 0) {
    throw new ServiceError('INVALID_INPUT', 'The file is empty', { unaffected: 'nothing was imported' })
  }
  return bytes
}
