import { alertOperations } from './contract/alerts.ts'
import { auditOperations } from './contract/audit.ts'
import { backupOperations } from './contract/backups.ts'
import { clusterOperations } from './contract/clusters.ts'
import { diffOperations } from './contract/diffs.ts'
import { encryptionOperations } from './contract/encryption.ts'
import { followOperations } from './contract/follow.ts'
import { healthOperations } from './contract/health.ts'
import { jobOperations } from './contract/jobs.ts'
import { keepRulesOperations } from './contract/keep-rules.ts'
import { logOperations } from './contract/logs.ts'
import { restoreOperations } from './contract/restores.ts'
import { scheduleOperations } from './contract/schedules.ts'
import { searchOperations } from './contract/searches.ts'
import { storeOperations } from './contract/stores.ts'
import { transactionOperations } from './contract/transactions.ts'
import { treeOperations } from './contract/trees.ts'
import type { Method, OperationShape } from './operation.ts'

export const API_ROOT = '/api/v1'

/** Every operation of the API, by its id. */
export const OPERATIONS = {
  ...clusterOperations,
  ...healthOperations,
  ...transactionOperations,
  ...followOperations,
  ...treeOperations,
  ...backupOperations,
  ...keepRulesOperations,
  ...logOperations,
  ...storeOperations,
  ...encryptionOperations,
  ...diffOperations,
  ...restoreOperations,
  ...scheduleOperations,
  ...searchOperations,
  ...jobOperations,
  ...alertOperations,
  ...auditOperations,
} as const
export type Operations = typeof OPERATIONS
export type OperationId = keyof Operations

export const OPERATION_LIST: readonly (readonly [OperationId, OperationShape])[] = Object.entries(OPERATIONS) as [
  OperationId,
  OperationShape,
][]

/** The operation that an address below the root names, and the values of its parameters; null for none. */
export function findOperation(
  method: string,
  segments: readonly string[],
): { readonly id: OperationId; readonly operation: OperationShape; readonly params: Record<string, string> } | null {
  for (const [id, operation] of OPERATION_LIST) {
    if (operation.method !== method) continue
    const params = matchPath(operation.path, segments)
    if (params !== null) return { id, operation, params }
  }
  return null
}

/** The methods that an address takes; none: there is no such address. */
export function methodsOf(segments: readonly string[]): Method[] {
  return OPERATION_LIST.filter(([, { path }]) => matchPath(path, segments) !== null).map(([, { method }]) => method)
}

function matchPath(path: string, segments: readonly string[]): Record<string, string> | null {
  const parts = path.slice(1).split('/')
  if (parts.length !== segments.length) return null
  const params: Record<string, string> = {}
  for (const [i, part] of parts.entries()) {
    const segment = segments[i] ?? ''
    const name = /^\{(\w+)\}$/.exec(part)?.[1]
    if (name !== undefined) params[name] = segment
    else if (part !== segment) return null
  }
  return params
}
