import { z } from 'zod'
import { RESTORE_STATES } from '../../restores/views.ts'
import { operation } from '../operation.ts'
import {
  count,
  failure,
  hex64,
  id,
  jobStarted,
  list,
  nothing,
  pageOf,
  paging,
  readFrom,
  time,
  treeRef,
} from '../shapes.ts'

const stepKind = z.enum(['create', 'setData', 'setAcl', 'delete', 'advanceCounter'])
/** As `arkeeper restore --json` prints it, and what there is to know besides. */
const plan = z
  .object({
    plan: z.string().meta({ description: 'sha256:…, which a confirmation names' }),
    mode: z.string(),
    creates: count,
    updates: count,
    deletes: count,
    aclChanges: count,
    steps: count,
    dataBytes: count,
    skipped: z.record(z.string(), count),
    warnings: list(
      z.object({
        code: z.string(),
        path: z.string(),
        message: z.string(),
        severity: z.enum(['danger', 'warning', 'note']).optional(),
        advice: z.string().optional(),
      }),
    ),
    plannedAt: time,
    plannedAtZxid: hex64,
    readFrom: readFrom.nullable().meta({ description: 'Where the backup was read that it was made from' }),
    laterWrites: z
      .object({ count, overwritten: z.boolean() })
      .nullable()
      .meta({ description: 'Of an undo: places that others have written since' }),
  })
  .meta({ id: 'Plan' })

const result = z
  .object({
    plan: z.string().nullable(),
    applied: count,
    alreadyDone: count,
    skipped: count,
    conflicts: list(z.object({ path: z.string(), reason: z.string() })),
    verified: z.boolean().nullable().meta({ description: 'Null before verification' }),
    differences: list(z.object({ path: z.string(), change: z.string() })),
    durationMs: count,
  })
  .meta({ id: 'RestoreResult' })

const may = z.object({ ok: z.boolean(), reason: z.string().nullable() })
const restore = z
  .object({
    id,
    clusterId: id,
    clusterName: z.string(),
    clusterIsArmed: z.boolean(),
    state: z.enum(RESTORE_STATES),
    mode: z.string(),
    onConflict: z.string(),
    source: z.string(),
    sourceLabel: z.string(),
    scopeLabel: z.string(),
    plan: plan.nullable(),
    stale: z.object({ message: z.string(), count }).nullable().meta({ description: 'The cluster moved since' }),
    reason: z.string().nullable(),
    jobId: id.nullable(),
    result: result.nullable(),
    error: failure.nullable(),
    safetyBackupId: id.nullable(),
    undoOfId: id.nullable(),
    undoneById: id.nullable(),
    approval: z
      .object({ state: z.enum(['none', 'waiting', 'approved', 'rejected', 'void', 'expired']), minutes: z.int() })
      .nullable()
      .meta({ description: 'Null where the cluster asks for no second person' }),
    canConfirm: may,
    canUndo: may,
    canPause: may,
    canResume: may,
    canCancel: may,
    createdByName: z.string(),
    createdAt: time,
    finishedAt: time.nullable(),
  })
  .meta({ id: 'Restore' })

const params = z.object({ restoreId: id })
const scopes = ['read', 'restore'] as const
const planned = z.object({ restoreId: id, jobId: id })
const selection = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('all') }),
  z.object({ kind: z.literal('subtree'), path: z.string() }),
  z.object({
    kind: z.literal('picked'),
    paths: z.array(z.string()).max(10_000).optional(),
    subtrees: z.array(z.string()).max(1000).optional(),
  }),
])
const act = (verb: 'pause' | 'resume' | 'cancel', summary: string) =>
  ({
    method: 'POST',
    path: `/restores/{restoreId}/${verb}`,
    tag: 'restores',
    summary,
    action: `restore.${verb}`,
    params,
    query: nothing,
    body: nothing,
    answer: { kind: 'json', status: 200, schema: restore },
  }) as const

export const restoreOperations = {
  listRestores: operation({
    method: 'GET',
    path: '/restores',
    tag: 'restores',
    summary: 'Restores, the latest first',
    action: null,
    scopes,
    params: nothing,
    query: z.object({ clusterId: id.optional(), ...paging(200, 50) }),
    body: null,
    answer: { kind: 'json', status: 200, schema: pageOf(restore) },
  }),
  planRestore: operation({
    method: 'POST',
    path: '/restores',
    tag: 'restores',
    summary: 'Plan a restore: nothing is written',
    action: 'restore.plan',
    params: nothing,
    query: nothing,
    body: z.object({
      clusterId: id.meta({ description: 'What is written to' }),
      source: treeRef,
      sourceStoreId: id.optional().meta({
        description: 'The store that the backup is read from; absent: the first, or a copy where that is not to be had',
      }),
      selection: selection.optional().meta({ description: 'Absent: all of the source' }),
      targetPath: z.string().nullable().optional().meta({ description: 'Of a subtree that is put elsewhere' }),
      mode: z
        .enum(['create', 'update', 'mirror'])
        .optional()
        .meta({ description: 'Absent: update, which never deletes' }),
      onConflict: z.enum(['stop', 'skip', 'overwrite']).optional().meta({ description: 'Absent: stop' }),
    }),
    answer: { kind: 'json', status: 202, schema: planned },
  }),
  getRestore: operation({
    method: 'GET',
    path: '/restores/{restoreId}',
    tag: 'restores',
    summary: 'One restore: its plan, how it goes, and what came of it',
    action: null,
    scopes,
    params,
    query: nothing,
    body: null,
    answer: { kind: 'json', status: 200, schema: restore },
  }),
  listSteps: operation({
    method: 'GET',
    path: '/restores/{restoreId}/steps',
    tag: 'restores',
    summary: 'The steps of the plan, in their order',
    action: null,
    scopes,
    params,
    query: z.object({
      kind: stepKind.exclude(['advanceCounter']).optional(),
      under: z.string().optional(),
      ...paging(1000, 100),
    }),
    body: null,
    answer: {
      kind: 'json',
      status: 200,
      schema: pageOf(
        z.object({ index: count, step: stepKind, path: z.string(), bytes: count.nullable(), expect: z.string() }),
      ),
    },
  }),
  listResults: operation({
    method: 'GET',
    path: '/restores/{restoreId}/results',
    tag: 'restores',
    summary: 'What became of each step, by the journal',
    action: null,
    scopes,
    params,
    query: z.object(paging(1000, 100)),
    body: null,
    answer: {
      kind: 'json',
      status: 200,
      schema: pageOf(
        z.object({
          index: count,
          step: stepKind,
          path: z.string(),
          result: z.string(),
          zxid: hex64.nullable(),
          reason: z.string().nullable(),
        }),
      ),
    },
  }),
  exportReport: operation({
    method: 'GET',
    path: '/restores/{restoreId}/report',
    tag: 'restores',
    summary: 'The whole record of a restore, a step a line',
    action: 'restore.export',
    params,
    query: z.object({ format: z.enum(['jsonl', 'csv']).default('jsonl') }),
    body: null,
    answer: { kind: 'stream', status: 200, contentTypes: ['application/x-ndjson', 'text/csv'] },
  }),
  confirmRestore: operation({
    method: 'POST',
    path: '/restores/{restoreId}/confirm',
    tag: 'restores',
    summary: 'Run the plan whose hash you give: this writes to the cluster',
    description:
      'Refused where the plan was made again since, where the cluster is read-only, and where it asks for a second person who has not approved yet.',
    action: 'restore.confirm',
    params,
    query: nothing,
    body: z.object({
      plan: z.string().meta({ description: '`plan.plan` of the restore' }),
      clusterName: z.string().meta({ description: 'The name of the cluster that is written to' }),
      reason: z.string().min(1).max(500).meta({ description: 'Kept in the audit' }),
      dangersRead: z.boolean().optional().meta({ description: 'Needed where a warning is a danger' }),
    }),
    answer: { kind: 'json', status: 202, schema: jobStarted },
  }),
  requestApproval: operation({
    method: 'POST',
    path: '/restores/{restoreId}/approval-requests',
    tag: 'restores',
    summary: 'Ask a second person for their approval of the plan',
    description: 'The answer is given by a person in the browser, never by a token.',
    action: 'restore.request-approval',
    params,
    query: nothing,
    body: z.object({ plan: z.string(), clusterName: z.string(), reason: z.string().min(1).max(500) }),
    answer: { kind: 'json', status: 202, schema: z.object({ approvalId: id }) },
  }),
  pauseRestore: operation(act('pause', 'Pause before the next batch')),
  resumeRestore: operation(act('resume', 'Go on from the journal')),
  cancelRestore: operation(act('cancel', 'Drop a plan, or end a run after the batch that is on its way')),
  undoRestore: operation({
    method: 'POST',
    path: '/restores/{restoreId}/undo',
    tag: 'restores',
    summary: 'Plan what takes a restore back: nothing is written before that plan is confirmed',
    action: 'restore.undo',
    params,
    query: nothing,
    body: z.object({
      laterWrites: z
        .enum(['keep', 'overwrite'])
        .optional()
        .meta({ description: 'What others have written since; absent: keep' }),
    }),
    answer: { kind: 'json', status: 202, schema: planned },
  }),
} as const
