import type { OperationId, Operations } from './contract.ts'
import type { Handlers } from './handler.ts'
import { alertHandlers } from './handlers/alerts.ts'
import { auditHandlers } from './handlers/audit.ts'
import { backupHandlers } from './handlers/backups.ts'
import { clusterHandlers } from './handlers/clusters.ts'
import { diffHandlers } from './handlers/diffs.ts'
import { encryptionHandlers } from './handlers/encryption.ts'
import { followHandlers } from './handlers/follow.ts'
import { healthHandlers } from './handlers/health.ts'
import { jobHandlers } from './handlers/jobs.ts'
import { keepRulesHandlers } from './handlers/keep-rules.ts'
import { logHandlers } from './handlers/logs.ts'
import { restoreHandlers } from './handlers/restores.ts'
import { scheduleHandlers } from './handlers/schedules.ts'
import { searchHandlers } from './handlers/searches.ts'
import { storeHandlers } from './handlers/stores.ts'
import { transactionHandlers } from './handlers/transactions.ts'
import { treeHandlers } from './handlers/trees.ts'

/** What each operation does. One without a handler does not compile. */
export const HANDLERS: Handlers<Operations> & Record<OperationId, unknown> = {
  ...clusterHandlers,
  ...healthHandlers,
  ...transactionHandlers,
  ...followHandlers,
  ...treeHandlers,
  ...backupHandlers,
  ...keepRulesHandlers,
  ...logHandlers,
  ...storeHandlers,
  ...encryptionHandlers,
  ...diffHandlers,
  ...restoreHandlers,
  ...scheduleHandlers,
  ...searchHandlers,
  ...jobHandlers,
  ...alertHandlers,
  ...auditHandlers,
}
