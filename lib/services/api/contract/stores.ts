import { z } from 'zod'
import { operation } from '../operation.ts'
import { count, id, jobStarted, list, nothing, pageOf, time } from '../shapes.ts'

const step = z.object({
  name: z.string(),
  outcome: z.enum(['ok', 'advice', 'failed']),
  message: z.string(),
  remedy: z.string().nullable(),
})
const tested = z.object({ at: time, ok: z.boolean(), steps: list(step) }).meta({ id: 'StoreTest' })

const store = z
  .object({
    id: id.meta({ description: '`default` is the built-in folder' }),
    name: z.string(),
    kind: z.enum(['folder', 's3']),
    details: z
      .object({
        where: z.string(),
        note: z.string(),
        backups: count,
        copies: count,
        catalogBytes: count,
        missing: count.meta({ description: 'Backups and copies of the catalog that are not there' }),
        clusters: list(z.string()).meta({ description: 'Those that put or copy their backups there' }),
        counted: z.object({ at: time, archives: count, bytes: count }).nullable(),
        rescan: z
          .object({
            at: time,
            added: count,
            missing: count,
            damaged: list(z.object({ dir: z.string(), message: z.string() })),
            fault: z.string().nullable().meta({ description: 'Why it came to no end' }),
          })
          .nullable(),
        test: tested.nullable(),
      })
      .nullable()
      .meta({ description: 'For administrators, by a token with the scope admin; null to everybody else' }),
  })
  .meta({ id: 'Store' })

const copy = z
  .object({
    storeId: id,
    storeName: z.string(),
    isFirst: z.boolean().meta({ description: 'Where it was put first; the others are its copies' }),
    state: z.enum(['queued', 'copying', 'present', 'failed', 'missing']),
    at: time.nullable().meta({ description: 'When it was put there' }),
    storedProof: z.enum(['read-back', 'part-sums']).nullable(),
    lockedUntil: time.nullable(),
    verifiedAt: time.nullable(),
    verifyOk: z.boolean().nullable(),
    error: z.string().nullable().meta({ description: 'Why the last try failed' }),
    jobId: id.nullable(),
  })
  .meta({ id: 'BackupCopy' })

export const storeOperations = {
  listStores: operation({
    method: 'GET',
    path: '/stores',
    tag: 'stores',
    summary: 'The stores, and to administrators what lies in them',
    action: null,
    scopes: ['read', 'backup', 'admin'],
    params: nothing,
    query: nothing,
    body: null,
    answer: { kind: 'json', status: 200, schema: pageOf(store) },
  }),
  testStore: operation({
    method: 'POST',
    path: '/stores/{storeId}/test',
    tag: 'stores',
    summary: 'Write, read back and delete something of its own in a store',
    description: 'What is wrong with the store is in the answer: `ok` says whether all of it went well.',
    action: 'store.test',
    params: z.object({ storeId: id }),
    query: nothing,
    body: nothing,
    answer: { kind: 'json', status: 200, schema: tested },
  }),
  startRescan: operation({
    method: 'POST',
    path: '/rescans',
    tag: 'stores',
    summary: 'Rebuild the catalog from what lies in the stores',
    action: 'backup.rescan',
    params: nothing,
    query: nothing,
    body: z.object({ storeId: id.optional().meta({ description: 'Absent: every store' }) }),
    answer: { kind: 'json', status: 202, schema: jobStarted },
  }),
  listCopies: operation({
    method: 'GET',
    path: '/backups/{backupId}/copies',
    tag: 'stores',
    summary: 'Where a backup lies or is to lie, the place that it was put first in at the head',
    action: null,
    scopes: ['read', 'backup', 'restore'],
    params: z.object({ backupId: id }),
    query: nothing,
    body: null,
    answer: { kind: 'json', status: 200, schema: z.object({ items: list(copy) }) },
  }),
  copyBackup: operation({
    method: 'POST',
    path: '/backups/{backupId}/copies',
    tag: 'stores',
    summary: 'Copy a backup to a store, or once more where it is damaged or missing',
    description:
      'Of the store that it was put first in: puts a copy that verifies in place of an archive that is damaged or missing there.',
    action: 'backup.copy',
    params: z.object({ backupId: id }),
    query: nothing,
    body: z.object({ storeId: id }),
    answer: { kind: 'json', status: 202, schema: jobStarted },
  }),
  getClusterStores: operation({
    method: 'GET',
    path: '/clusters/{clusterId}/stores',
    tag: 'stores',
    summary: 'Where new backups of a cluster are put, and where they are copied to',
    description: 'A person says where backups go, in the settings of the cluster: no token does.',
    action: null,
    scopes: ['read', 'backup', 'admin'],
    params: z.object({ clusterId: id }),
    query: nothing,
    body: null,
    answer: {
      kind: 'json',
      status: 200,
      schema: z
        .object({ storeId: id, copies: list(z.object({ storeId: id, what: z.enum(['all', 'scheduled']) })) })
        .meta({ id: 'ClusterStores' }),
    },
  }),
} as const
