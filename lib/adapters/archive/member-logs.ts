import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { LogSource } from '../../domain/txnlog/ports.ts'
import { getDataDir } from './data-dir.ts'
import { isErrnoError, toArchiveError } from './errors.ts'
import { logSourcesOf } from './log-file.ts'

/** See LogArchivePort. */
export async function listMemberLogs(dataLogDir: string): Promise<LogSource[]> {
  const place = await getDataDir(dataLogDir)
  const found: LogSource[] = []
  for (const log of logSourcesOf(place)) {
    const bytes = await findDiskBytes(join(/* turbopackIgnore: true */ place.logDir, log.name))
    // A server purges as it likes.
    if (bytes !== null) found.push({ ...log, bytes })
  }
  return found
}

/** A log is preallocated: what was never written takes no place. Null when it is gone. */
async function findDiskBytes(path: string): Promise<number | null> {
  try {
    const { size, blocks } = await stat(path)
    return Math.min(size, blocks * 512)
  } catch (error) {
    if (isErrnoError(error) && error.code === 'ENOENT') return null
    throw toArchiveError(error, `looking at ${path}`)
  }
}
