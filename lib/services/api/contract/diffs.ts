import { z } from 'zod'
import { operation } from '../operation.ts'
import { count, failure, id, list, nothing, pageOf, paging, time, treeRef } from '../shapes.ts'

const counts = { added: count, removed: count, changed: count }
const diff = z
  .object({
    id,
    clusterId: id.nullable(),
    left: treeRef,
    right: treeRef,
    leftLabel: z.string(),
    rightLabel: z.string(),
    path: z.string(),
    includeEphemerals: z.boolean(),
    state: z.enum(['queued', 'running', 'ready', 'failed']),
    jobId: id.nullable(),
    error: failure.nullable(),
    summary: z
      .object({
        equal: z.boolean(),
        ...counts,
        compared: count,
        unreadable: list(z.string()),
        byField: z.object({ data: count, acl: count, kind: count }),
        byTop: list(z.object({ path: z.string(), ...counts })),
        durationMs: count,
      })
      .nullable()
      .meta({ description: 'Null until the state is ready' }),
    createdAt: time,
    finishedAt: time.nullable(),
  })
  .meta({ id: 'Diff' })

/** As `arkeeper diff --json` prints it: what turns left into right. */
export const changeLine = z
  .object({
    path: z.string(),
    change: z.enum(['added', 'removed', 'changed']),
    fields: z.array(z.enum(['data', 'acl', 'kind'])),
    ephemeral: z.boolean(),
  })
  .meta({ id: 'Change' })

const params = z.object({ diffId: id })

export const diffOperations = {
  listDiffs: operation({
    method: 'GET',
    path: '/diffs',
    tag: 'diffs',
    summary: 'Diffs, the latest first',
    action: null,
    params: nothing,
    query: z.object({ clusterId: id.optional(), ...paging(200, 50) }),
    body: null,
    answer: { kind: 'json', status: 200, schema: pageOf(diff) },
  }),
  startDiff: operation({
    method: 'POST',
    path: '/diffs',
    tag: 'diffs',
    summary: 'Compare two trees',
    action: 'diff.start',
    params: nothing,
    query: nothing,
    body: z.object({
      left: treeRef,
      right: treeRef,
      path: z.string().optional().meta({ description: 'Only at and below it; absent: everything' }),
      includeEphemerals: z.boolean().optional(),
    }),
    answer: { kind: 'json', status: 202, schema: z.object({ diffId: id, jobId: id }) },
  }),
  getDiff: operation({
    method: 'GET',
    path: '/diffs/{diffId}',
    tag: 'diffs',
    summary: 'One diff and its numbers',
    action: null,
    params,
    query: nothing,
    body: null,
    answer: { kind: 'json', status: 200, schema: diff },
  }),
  listChanges: operation({
    method: 'GET',
    path: '/diffs/{diffId}/changes',
    tag: 'diffs',
    summary: 'Every change of a diff as JSON Lines, in path order',
    action: 'diff.export',
    params,
    query: nothing,
    body: null,
    answer: { kind: 'stream', status: 200, contentTypes: ['application/x-ndjson'], line: changeLine },
  }),
} as const
