import { z } from 'zod'
import { operation } from '../operation.ts'
import { count, hex64, id, list, nothing, time } from '../shapes.ts'

const cluster = z
  .object({
    id,
    name: z.string(),
    connectString: z.string(),
    environment: z.enum(['production', 'staging', 'development']),
    note: z.string(),
    isArmed: z.boolean().meta({ description: 'Writes are allowed at this moment' }),
    armedUntil: time.nullable(),
    approvalMinutes: z.int().nullable().meta({ description: 'Null: restores need no second person' }),
    createdAt: time,
    lastGoodBackup: z.object({ id, takenAt: time, znodes: count, verifyOk: z.boolean().nullable() }).nullable(),
    lastProved: z.object({ backupId: id, takenAt: time, provedAt: time }).nullable(),
    backups: count,
    runningJobs: count,
  })
  .meta({ id: 'Cluster' })

const server = z.object({
  server: z.string(),
  mode: z.string().nullable(),
  version: z.string().nullable(),
  zxid: hex64.nullable(),
  error: z.string().nullable(),
})
const alarm = z.object({ server: z.string(), kind: z.enum(['digest', 'flaw', 'certificate']), text: z.string() })
const seen = { checkedAt: time, servers: list(server), alarms: list(alarm) }
const status = z
  .discriminatedUnion('state', [
    z.object({
      state: z.literal('up'),
      ...seen,
      mode: z.string().nullable(),
      version: z.string().nullable(),
      zxid: hex64,
      znodes: count.nullable(),
      latencyMs: z.number(),
    }),
    z.object({ state: z.literal('down'), ...seen, cause: z.string(), message: z.string(), remedy: z.string() }),
  ])
  .meta({ id: 'ClusterStatus' })

const scopes = ['read', 'backup', 'restore', 'edit', 'admin'] as const
const params = z.object({ clusterId: id })

export const clusterOperations = {
  listClusters: operation({
    method: 'GET',
    path: '/clusters',
    tag: 'clusters',
    summary: 'Every cluster that you see, by name',
    action: null,
    scopes,
    params: nothing,
    query: nothing,
    body: null,
    answer: { kind: 'json', status: 200, schema: z.object({ items: list(cluster) }) },
  }),
  getCluster: operation({
    method: 'GET',
    path: '/clusters/{clusterId}',
    tag: 'clusters',
    summary: 'One cluster',
    action: null,
    scopes,
    params,
    query: nothing,
    body: null,
    answer: { kind: 'json', status: 200, schema: cluster },
  }),
  getClusterStatus: operation({
    method: 'GET',
    path: '/clusters/{clusterId}/status',
    tag: 'clusters',
    summary: 'How a cluster is, asked of its servers now',
    action: null,
    scopes,
    params,
    query: nothing,
    body: null,
    answer: { kind: 'json', status: 200, schema: status },
  }),
} as const
