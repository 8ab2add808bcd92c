import { exportAudit } from '../../audit/export-audit.ts'
import { listAudit } from '../../audit/list-audit.ts'
import type { auditOperations } from '../contract/audit.ts'
import { CSV, type Handlers, JSON_LINES } from '../handler.ts'
import { readIndex } from '../read-index.ts'

export const auditHandlers: Handlers<typeof auditOperations> = {
  listAudit: async (context, { query }) => {
    const { limit, after, ...filter } = query
    const { entries, next } = await listAudit(context, { filter: toFilter(filter), before: readIndex(after), limit })
    return { items: entries, next: next === null ? null : String(next) }
  },
  exportAudit: async (context, { query }) => {
    const { format, ...filter } = query
    return {
      name: `arkeeper-audit.${format}`,
      contentType: format === 'csv' ? CSV : JSON_LINES,
      pieces: exportAudit(context, { filter: toFilter(filter), format }),
    }
  },
}

function toFilter<Filter extends { readonly from?: number; readonly to?: number }>({ from, to, ...rest }: Filter) {
  return {
    ...rest,
    ...(from === undefined ? {} : { from: new Date(from).toISOString() }),
    ...(to === undefined ? {} : { to: new Date(to).toISOString() }),
  }
}
