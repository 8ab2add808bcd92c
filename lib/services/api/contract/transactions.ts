import { z } from 'zod'
import { LIVE_LIMIT, LIVE_TYPES } from '../../live/schemas.ts'
import { operation } from '../operation.ts'
import { count, hex64, id, list, nothing, pageOf, paging, time } from '../shapes.ts'

/** One transaction of a cluster, in paths and numbers. */
const transaction = z
  .object({
    zxid: hex64,
    at: time.meta({ description: 'By the clock of the leader' }),
    session: hex64,
    type: z.string().meta({ description: 'As ZooKeeper names it' }),
    error: z.int().nullable().meta({ description: 'ZooKeeper’s number of why it failed; null: it was carried out' }),
    errorName: z.string().nullable().meta({ description: 'ZooKeeper’s name of it: NoNode, NodeExists, BadVersion …' }),
    touched: list(
      z.object({
        did: z.enum(['create', 'setData', 'setAcl', 'delete', 'closed']),
        path: z.string(),
        isEphemeral: z.boolean(),
      }),
    ).meta({ description: 'The first of the znodes that it touched' }),
    touchedCount: count,
    notUndoable: z.string().nullable().meta({ description: 'Why it cannot be taken back' }),
  })
  .meta({ id: 'Transaction' })

const params = z.object({ clusterId: id })

export const transactionOperations = {
  listTransactions: operation({
    method: 'GET',
    path: '/clusters/{clusterId}/transactions',
    tag: 'clusters',
    summary: 'The newest transactions that are kept, with what each touched and no data',
    description:
      'From the kept log, which reaches the present where the cluster is followed. A page may be short, and there may be more behind it all the same: go by `next`.',
    action: null,
    params,
    query: z.object({
      under: z.string().optional().meta({ description: 'Only what touched something at or below this path' }),
      type: z.enum(LIVE_TYPES).optional(),
      ...paging(LIVE_LIMIT.max, LIVE_LIMIT.default),
    }),
    body: null,
    answer: { kind: 'json', status: 200, schema: pageOf(transaction) },
  }),
  undoTransaction: operation({
    method: 'POST',
    path: '/clusters/{clusterId}/transaction-undos',
    tag: 'restores',
    summary: 'Plan what takes one transaction back: nothing is written before that plan is confirmed',
    action: 'restore.plan',
    params,
    query: nothing,
    body: z.object({
      zxid: hex64,
      laterWrites: z
        .enum(['keep', 'overwrite'])
        .optional()
        .meta({ description: 'What others have written there since; absent: keep' }),
    }),
    answer: { kind: 'json', status: 202, schema: z.object({ restoreId: id, jobId: id }) },
  }),
} as const
