import { z } from 'zod'
import { LOG_KEEPING_SECONDS } from '../../logs/schemas.ts'
import { operation } from '../operation.ts'
import { count, failure, hex64, id, list, nothing, time } from '../shapes.ts'

const log = z
  .object({
    enabled: z.boolean(),
    everySeconds: count,
    lastRunAt: time.nullable(),
    lastOkAt: time.nullable(),
    error: failure.nullable(),
    archive: z.object({
      pieces: count,
      transactions: count,
      bytes: count,
      first: hex64.nullable(),
      last: hex64.nullable(),
      firstAt: time.nullable(),
      lastAt: time.nullable(),
      gaps: list(z.object({ after: hex64, before: hex64 })),
      problems: list(z.string()),
    }),
    members: list(z.string()),
    stores: list(
      z.object({
        storeId: id,
        storeName: z.string(),
        isBuiltIn: z.boolean(),
        pieces: count,
        bytes: count,
        bases: count.meta({ description: 'Bases of the live stream that are there and not known to be damaged' }),
        lastBase: hex64.nullable(),
        behindMs: count.nullable().meta({
          description: 'From its last transaction to the last that is kept: lost with the host that keeps it',
        }),
        readAgain: count.meta({ description: 'Pieces that were read again there and are sound' }),
        last: hex64.nullable().meta({ description: 'Up to here it is there without a hole' }),
        lastAt: time.nullable(),
        lastOkAt: time.nullable().meta({ description: 'When last all that was archived was there' }),
        missing: count,
        error: failure.nullable(),
      }),
    ),
    damaged: list(
      z.object({
        kind: z.enum(['piece', 'base']),
        storeId: id,
        storeName: z.string(),
        first: hex64,
        last: hex64,
        foundAt: time.nullable(),
        fault: z.string(),
        soundIn: z.string().nullable().meta({ description: 'A store that has it sound' }),
        isAsked: z.boolean().meta({ description: 'It is being put back' }),
      }),
    ),
  })
  .meta({ id: 'TransactionLog' })

const ofCluster = { params: z.object({ clusterId: id }), query: nothing, tag: 'backups' } as const
const answer = { kind: 'json', status: 200, schema: log } as const

export const logOperations = {
  getTransactionLog: operation({
    ...ofCluster,
    method: 'GET',
    path: '/clusters/{clusterId}/transaction-log',
    summary: 'The archived transaction log of a cluster: how far it goes, in which stores, and what of it is damaged',
    action: null,
    scopes: ['read', 'backup', 'restore'],
    body: null,
    answer,
  }),
  keepTransactionLog: operation({
    ...ofCluster,
    method: 'POST',
    path: '/clusters/{clusterId}/transaction-log',
    summary: 'Keep the transaction log of a cluster, or stop; what is archived stays',
    action: 'logs.keep',
    body: z.object({
      enabled: z.boolean(),
      everySeconds: z.int().min(LOG_KEEPING_SECONDS.min).max(LOG_KEEPING_SECONDS.max).optional(),
    }),
    answer,
  }),
  mendLogPiece: operation({
    ...ofCluster,
    method: 'POST',
    path: '/clusters/{clusterId}/transaction-log/mend',
    summary: 'Put a damaged piece or base of the log back from a store that has it sound',
    action: 'logs.mend',
    body: z.object({ storeId: id, first: hex64, kind: z.enum(['piece', 'base']).optional() }),
    answer,
  }),
}
