import 'server-only'
import { load } from '@/app/_server/load.ts'
import { listAudit } from '@/lib/services/audit/list-audit.ts'
import type { AuditFilter } from '@/lib/services/audit/schemas.ts'

const PAGE = 100

export const loadAudit = (filter: AuditFilter, before: number | undefined) =>
  load((context) => listAudit(context, { filter, before, limit: PAGE }))
