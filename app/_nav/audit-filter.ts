import type { AuditFilter } from '@/lib/services/audit/schemas.ts'
import { readOneOf, readText, type SearchParams } from './search-params.ts'

/** The audit page and its export read the same query. */
export function readAuditFilter(params: SearchParams | URLSearchParams): AuditFilter {
  return {
    clusterId: readText(params, 'cluster'),
    actor: readText(params, 'actor'),
    action: readText(params, 'action'),
    outcome: readOneOf(params, 'outcome', ['started', 'ok', 'denied', 'failed']) ?? '',
    path: readText(params, 'path'),
    from: readText(params, 'from'),
    to: readText(params, 'to'),
  }
}
