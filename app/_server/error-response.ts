import 'server-only'
import { randomUUID } from 'node:crypto'
import { CancelledError, isArkeeperError, TimeoutError } from '@/lib/base/errors.ts'
import { currentLogFields } from '@/lib/base/log-fields.ts'
import { ZnodeError, type ZnodeErrorCode } from '@/lib/domain/znode/errors.ts'
import { getRuntime } from '@/lib/runtime/runtime.ts'
import type { ErrorView } from '@/lib/services/error-view.ts'
import { ServiceError, type ServiceErrorCode } from '@/lib/services/errors.ts'

const SERVICE_STATUS: Record<ServiceErrorCode, number> = {
  NOT_FOUND: 404,
  INVALID_INPUT: 400,
  FORBIDDEN: 403,
  SIGNED_OUT: 401,
  NAME_TAKEN: 409,
  CLUSTER_READ_ONLY: 409,
  CONFIRMATION_MISMATCH: 409,
  PLAN_CHANGED: 409,
  APPROVAL_NEEDED: 409,
  WRONG_STATE: 409,
  LAST_GOOD_BACKUP: 409,
  BACKUP_PINNED: 409,
  BACKUP_HELD: 409,
  ARCHIVE_DAMAGED: 502,
  STORE_LOCKED: 409,
  STORE_IN_USE: 409,
  REMOVAL_UNFINISHED: 502,
  SECRET_UNREADABLE: 500,
  FORWARD_FAILED: 502,
  WRITE_REFUSED: 409,
  OUTCOME_UNKNOWN: 502,
  TOO_MANY: 409,
  NO_SOURCE: 502,
}
const ZNODE_STATUS: Record<ZnodeErrorCode, number> = { BAD_PATH: 400, NO_NODE: 404, UNREADABLE: 403, OUT_OF_ORDER: 500 }

export function statusOf(error: unknown): number {
  if (error instanceof ServiceError) return SERVICE_STATUS[error.code]
  if (error instanceof ZnodeError) return ZNODE_STATUS[error.code]
  if (error instanceof TimeoutError) return 504
  if (error instanceof CancelledError) return 499
  // What is left of our own errors are failures of the world outside: a cluster, a store, a database.
  return isArkeeperError(error) ? 502 : 500
}

/** What a person is told. An unexpected error is logged under an id, and only the id is shown. */
export async function toErrorView(error: unknown): Promise<ErrorView> {
  if (isArkeeperError(error)) {
    return {
      code: error.code,
      message: error.message,
      unaffected: error.unaffected,
      remedy: error.remedy,
      fields: readFields(error.details.fields),
    }
  }
  // The request's own name, so that all that was logged on the way is found with it.
  const { requestId } = currentLogFields()
  const id = typeof requestId === 'string' ? requestId : randomUUID().slice(0, 8)
  const { log } = await getRuntime()
  log.error({ errorId: id, err: error }, 'An unexpected error ended a request')
  return {
    code: 'INTERNAL',
    message: 'Something unexpected went wrong',
    remedy: `look for ${id} in the log of the web process`,
    id,
  }
}

function readFields(fields: unknown): Readonly<Record<string, string>> | undefined {
  if (typeof fields !== 'object' || fields === null) return undefined
  const texts = Object.entries(fields).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  return texts.length > 0 ? Object.fromEntries(texts) : undefined
}
