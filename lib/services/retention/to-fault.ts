import { isArkeeperError } from '../../base/errors.ts'
import type { ErrorView } from '../error-view.ts'

/** One member's failure as the page shows it beside the others. What is no failure of ours is thrown on, and so is the reader's leaving. */
export function toFault(error: unknown): ErrorView {
  if (!isArkeeperError(error) || error.code === 'CANCELLED') throw error
  return { code: error.code, message: error.message, unaffected: error.unaffected, remedy: error.remedy }
}
