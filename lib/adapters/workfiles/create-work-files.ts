import type { Clock } from '../../base/clock.ts'
import type { PrismaClient } from '../database/generated/client.ts'
import { createDatabaseWorkFiles } from './database-work-files.ts'
import { createLocalWorkFiles } from './local-work-files.ts'
import type { WorkFilesPort } from './work-files.ts'

export interface WorkFilesSettings {
  readonly db: PrismaClient
  readonly clock: Clock
  readonly workDir: string
  readonly databaseUrl: string
  /** `folder`: the work folder is the same one on all hosts. Null: as the database is. */
  readonly workFiles: 'folder' | 'database' | null
}

/** A SQLite file is of one machine; a PostgreSQL server may have any number of hosts around it. */
export function createWorkFiles({ workFiles, databaseUrl, ...rest }: WorkFilesSettings): WorkFilesPort {
  const kept = workFiles ?? (/^postgres(ql)?:/.test(databaseUrl) ? 'database' : 'folder')
  return kept === 'database' ? createDatabaseWorkFiles(rest) : createLocalWorkFiles(rest.workDir)
}
