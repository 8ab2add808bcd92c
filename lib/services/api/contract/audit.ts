import { z } from 'zod'
import { operation } from '../operation.ts'
import { count, id, nothing, pageOf, paging, time } from '../shapes.ts'

const outcome = z.enum(['started', 'ok', 'denied', 'failed'])
const facts = z.record(z.string(), z.unknown()).nullable()
const entry = z
  .object({
    id: count,
    at: time,
    actorName: z.string(),
    action: z.string(),
    clusterName: z.string().nullable(),
    path: z.string().nullable(),
    reason: z.string().nullable(),
    before: facts,
    after: facts,
    outcome,
    message: z.string().nullable(),
  })
  .meta({ id: 'AuditEntry' })

const filter = {
  clusterId: id.optional(),
  actor: z.string().max(200).optional().meta({ description: 'A part of the name' }),
  action: z.string().max(100).optional().meta({ description: '`backup.start`, or `backup` for all of them' }),
  outcome: outcome.optional(),
  path: z.string().max(1000).optional().meta({ description: 'It and what is below' }),
  from: z.coerce.number().int().min(0).optional().meta({ description: 'Milliseconds since 1970, inclusive' }),
  to: z.coerce.number().int().min(0).optional(),
}

export const auditOperations = {
  listAudit: operation({
    method: 'GET',
    path: '/audit',
    tag: 'audit',
    summary: 'Who did what, the latest first',
    action: null,
    params: nothing,
    query: z.object({ ...filter, ...paging(500, 50) }),
    body: null,
    answer: { kind: 'json', status: 200, schema: pageOf(entry) },
  }),
  exportAudit: operation({
    method: 'GET',
    path: '/audit/export',
    tag: 'audit',
    summary: 'The record itself, as JSON Lines or CSV',
    action: 'audit.export',
    params: nothing,
    query: z.object({ ...filter, format: z.enum(['jsonl', 'csv']).default('jsonl') }),
    body: null,
    answer: { kind: 'stream', status: 200, contentTypes: ['application/x-ndjson', 'text/csv'] },
  }),
} as const
