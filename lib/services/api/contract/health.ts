import { z } from 'zod'
import { HEALTH_SAMPLES_MAX } from '../../health/schemas.ts'
import { operation } from '../operation.ts'
import { count, hex64, id, list, nothing, time } from '../shapes.ts'

const number = count.nullable()
const server = z.object({
  server: z.string().meta({ description: 'host:port of its client port; else the base address of its AdminServer' }),
  ok: z.boolean().meta({ description: 'It answered and serves requests' }),
  fault: z.string().nullable().meta({ description: 'Why not, as a code' }),
  faultMessage: z.string().nullable(),
  gap: z.string().nullable().meta({ description: 'Why numbers are missing of one that serves' }),
  source: z.string().nullable().meta({ description: 'admin or 4lw; null: nobody answered' }),
  role: z.string().nullable(),
  version: z.string().nullable(),
  serverId: number,
  uptimeMs: number,
  zxid: hex64.nullable(),
  latencyMin: number,
  latencyAvg: z.number().nullable(),
  latencyMax: number,
  outstanding: number,
  connections: number,
  znodes: number,
  ephemerals: number,
  watches: number,
  dataBytes: number,
  packetsReceived: number,
  packetsSent: number,
  openFiles: number,
  openFilesMax: number,
  quorumSize: number,
  learners: number,
  syncedFollowers: number,
  syncedNonVoting: number,
  syncedObservers: number,
  proposalLastBytes: number,
  proposalMaxBytes: number,
  fsyncMaxMs: number,
  digestMismatches: number,
  sessionsExpired: number,
})

const finding = z.object({
  rule: z.string(),
  severity: z.enum(['danger', 'warning', 'note']),
  title: z.string(),
  servers: list(z.string()),
  evidence: z.string(),
  remedy: z.string(),
  source: z.string().meta({ description: 'Where it is proved or written' }),
})

const health = z
  .object({
    clusterId: id,
    watch: z.object({
      enabled: z.boolean(),
      everySeconds: count,
      error: z.string().nullable(),
      isLate: z.boolean().meta({ description: 'The latest look is so old that no worker seems to look' }),
    }),
    lookedAt: time.nullable().meta({ description: 'When a worker looked last; null: not yet' }),
    settingsAt: time.nullable(),
    servers: list(server),
    findings: list(finding),
    checks: list(
      z.object({
        rule: z.string(),
        name: z.string(),
        source: z.string(),
        unknown: z.string().nullable().meta({ description: 'Why it could not be said; null: it is well' }),
      }),
    ),
  })
  .meta({ id: 'ClusterHealth' })

const scopes = ['read', 'backup', 'restore', 'edit', 'admin'] as const
const params = z.object({ clusterId: id })
const moment = z.coerce.number().int().min(0)

export const healthOperations = {
  getClusterHealth: operation({
    method: 'GET',
    path: '/clusters/{clusterId}/health',
    tag: 'clusters',
    summary: 'Each server at the latest look of a worker, and what is dangerous',
    action: null,
    scopes,
    params,
    query: nothing,
    body: null,
    answer: { kind: 'json', status: 200, schema: health },
  }),
  listHealthSamples: operation({
    method: 'GET',
    path: '/clusters/{clusterId}/health/samples',
    tag: 'clusters',
    summary:
      'Stored looks of a time, oldest first: each minute of two days, one in ten minutes of two weeks, one an hour of 90 days',
    action: null,
    scopes,
    params,
    query: z.object({
      from: moment.meta({ description: 'Milliseconds since 1970' }),
      to: moment.meta({ description: 'Before this moment' }),
      server: z.string().max(300).optional(),
      limit: z.coerce.number().int().min(1).max(HEALTH_SAMPLES_MAX).default(500),
    }),
    body: null,
    answer: { kind: 'json', status: 200, schema: z.object({ items: list(server.extend({ at: time })) }) },
  }),
} as const
