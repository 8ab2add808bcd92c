import { z } from 'zod'
import { operation } from '../operation.ts'
import { count, failure, hex64, id, nothing, pageOf, paging, time, treeRef } from '../shapes.ts'

const search = z
  .object({
    id,
    clusterId: id.nullable(),
    tree: treeRef,
    treeLabel: z.string(),
    path: z.string(),
    pathPattern: z.string(),
    valueForm: z.enum(['none', 'text', 'hex']),
    state: z.enum(['queued', 'running', 'ready', 'failed', 'cancelled']),
    jobId: id.nullable(),
    error: failure.nullable(),
    summary: z
      .object({
        hits: count,
        cut: z.enum(['hits', 'bytes']).nullable().meta({ description: 'Why not all hits are kept' }),
        looked: count,
        unreadableCount: count,
        durationMs: count,
      })
      .nullable(),
    createdAt: time,
    finishedAt: time.nullable(),
  })
  .meta({ id: 'Search' })

const hit = z
  .object({
    path: z.string(),
    where: z.enum(['path', 'value']),
    kind: z.string(),
    bytes: count.nullable(),
    mzxid: hex64,
  })
  .meta({ id: 'SearchHit' })

const params = z.object({ searchId: id })

export const searchOperations = {
  startSearch: operation({
    method: 'POST',
    path: '/searches',
    tag: 'searches',
    summary: 'Look for paths or values in a tree',
    action: 'search.start',
    params: nothing,
    query: nothing,
    body: z.object({
      tree: treeRef,
      path: z.string().optional(),
      pathPattern: z.string().max(500).optional().meta({ description: 'A text in the path, or a glob' }),
      valueForm: z.enum(['none', 'text', 'hex']).optional(),
      value: z.string().max(4000).optional(),
      matchCase: z.boolean().optional(),
    }),
    answer: { kind: 'json', status: 202, schema: z.object({ searchId: id, jobId: id }) },
  }),
  getSearch: operation({
    method: 'GET',
    path: '/searches/{searchId}',
    tag: 'searches',
    summary: 'One search and its numbers',
    action: null,
    params,
    query: nothing,
    body: null,
    answer: { kind: 'json', status: 200, schema: search },
  }),
  listHits: operation({
    method: 'GET',
    path: '/searches/{searchId}/hits',
    tag: 'searches',
    summary: 'What a search has found, in path order',
    action: null,
    params,
    query: z.object(paging(1000, 100)),
    body: null,
    answer: { kind: 'json', status: 200, schema: pageOf(hit) },
  }),
} as const
