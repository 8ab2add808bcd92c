import 'server-only'
import { load } from '@/app/_server/load.ts'
import { getAuditState } from '@/lib/services/audit/get-audit-state.ts'
import { listAudit } from '@/lib/services/audit/list-audit.ts'
import type { AuditFilter } from '@/lib/services/audit/schemas.ts'

const PAGE = 100

export const loadAudit = (filter: AuditFilter, before: number | undefined) =>
  load((context) => listAudit(context, { filter, before, limit: PAGE }))

export const loadAuditState = () => load(getAuditState)
