import type { LogSource } from '../../domain/txnlog/ports.ts'
import { getDataDir } from './data-dir.ts'
import { logSourcesOf } from './log-file.ts'

/** See LogArchivePort. */
export async function listMemberLogs(dataLogDir: string): Promise<LogSource[]> {
  return logSourcesOf(await getDataDir(dataLogDir))
}
