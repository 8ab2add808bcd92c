import { z } from 'zod'
import { BASE_HOURS, LAG_SECONDS } from '../../follow/schemas.ts'
import { operation } from '../operation.ts'
import { count, failure, hex64, id, list, nothing, time } from '../shapes.ts'

const gap = z.object({
  from: hex64.meta({ description: 'First transaction that was missed' }),
  to: hex64.meta({ description: 'Last one' }),
  fromAt: time.nullable(),
  toAt: time,
  why: z.string(),
  isCertain: z.boolean().meta({ description: 'False: whether anything is missing cannot be told' }),
  closedAt: time.nullable().meta({ description: 'Since when other logs hold them; null: they are missing' }),
})

const tested = z
  .object({
    ok: z.boolean().meta({ description: 'One of them at least lets an observer in' }),
    servers: list(z.object({ server: z.string(), ok: z.boolean(), code: z.string(), message: z.string() })),
  })
  .meta({ id: 'QuorumTest' })

const follow = z
  .object({
    clusterId: id,
    state: z.enum(['off', 'waiting', 'connecting', 'catching-up', 'following', 'behind', 'lost', 'held', 'refused']),
    stateSince: time.nullable(),
    settings: z.object({
      enabled: z.boolean(),
      quorumServers: z.string().meta({ description: 'host:port, one a line' }),
      tlsMode: z.enum(['off', 'cluster', 'own']),
      baseHours: count,
      lagSecondsMax: count,
      revision: count,
      enabledByName: z.string().nullable(),
      enabledAt: time.nullable(),
    }),
    peer: z.string().nullable().meta({ description: 'host:port that it is heard from' }),
    connectedAt: time.nullable(),
    heardAt: time.nullable(),
    lastZxid: hex64.nullable().meta({ description: 'The last transaction that is kept' }),
    lastTxnAt: time.nullable(),
    lagMs: z.number().nullable(),
    rate: z.number().nullable().meta({ description: 'Transactions a second, over the last minute' }),
    transactions: count.meta({ description: 'Kept since it was switched on' }),
    digest: z.object({
      state: z.enum(['unknown', 'equal', 'parted', 'none']),
      zxid: hex64.nullable(),
      at: time.nullable(),
      compared: count,
    }),
    base: z.object({ zxid: hex64, at: time }).nullable(),
    places: list(
      z.object({
        storeId: id.nullable().meta({ description: 'Null: the host that hears the stream' }),
        name: z.string(),
        through: hex64.nullable().meta({ description: 'The last transaction that is there without a hole before it' }),
        at: time.nullable(),
        behindMs: count.nullable().meta({ description: 'From there to the last that is kept; 0: all is there' }),
        bases: count,
        error: failure.nullable(),
      }),
    ).meta({ description: 'How far what is kept reaches, place by place: what is left when the others are lost' }),
    error: failure.nullable(),
    denied: hex64.nullable().meta({
      description:
        'The last that is kept, where the ensemble says that it never had it: it was put back to an older state, or is another one',
    }),
    gaps: list(gap),
  })
  .meta({ id: 'ClusterFollow' })

const params = z.object({ clusterId: id })

export const followOperations = {
  getFollow: operation({
    method: 'GET',
    path: '/clusters/{clusterId}/follow',
    tag: 'clusters',
    summary: 'How the live stream of a cluster goes: state, lag, digests, gaps',
    action: null,
    scopes: ['read', 'backup', 'restore', 'edit', 'admin'],
    params,
    query: nothing,
    body: null,
    answer: { kind: 'json', status: 200, schema: follow },
  }),
  setFollow: operation({
    method: 'POST',
    path: '/clusters/{clusterId}/follow',
    tag: 'clusters',
    summary: 'Name the quorum ports of a cluster, and follow it or stop',
    description:
      'An observer of the quorum port is told every value, whatever the ACLs say, and costs the leader one walk over its tree. Certificates of TLS are set on the page.',
    action: 'follow.set',
    params,
    query: nothing,
    body: z.object({
      enabled: z.boolean(),
      quorumServers: z.string().max(2000),
      tls: z.enum(['keep', 'off', 'cluster']).default('keep'),
      baseHours: z.int().min(BASE_HOURS.min).max(BASE_HOURS.max).default(BASE_HOURS.default),
      lagSecondsMax: z.int().min(LAG_SECONDS.min).max(LAG_SECONDS.max).default(LAG_SECONDS.default),
      understood: z.boolean().meta({ description: 'That you know what it needs, costs and bypasses' }),
      restoredBehind: hex64.optional().meta({
        description:
          'What `denied` says, where the ensemble was put back to an older state: it is followed behind a gap, and what is kept stays',
      }),
      reason: z.string().max(500).default(''),
    }),
    answer: { kind: 'json', status: 200, schema: follow },
  }),
  testQuorum: operation({
    method: 'POST',
    path: '/clusters/{clusterId}/follow/test',
    tag: 'clusters',
    summary: 'Knock at the quorum ports that are stored, and say what each answered',
    action: 'follow.test-quorum',
    params,
    query: nothing,
    body: null,
    answer: { kind: 'json', status: 200, schema: tested },
  }),
} as const
