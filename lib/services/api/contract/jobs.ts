import { z } from 'zod'
import { operation } from '../operation.ts'
import { count, failure, id, list, nothing, pageOf, paging, time } from '../shapes.ts'

const state = z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled'])
const shape = {
  id,
  kind: z.string(),
  title: z.string(),
  state,
  progress: z
    .object({
      stage: z.string(),
      done: z.number(),
      total: z.number().nullable(),
      bytes: z.number(),
      ratePerSecond: z.number(),
      etaMs: z.number().nullable(),
    })
    .nullable(),
  error: failure.nullable(),
  cancelRequested: z.boolean(),
  actorName: z.string(),
  attempts: count,
  clusterId: id.nullable(),
  clusterName: z.string().nullable(),
  subjectId: id.nullable().meta({ description: 'The backup, diff, search or restore that it makes or works on' }),
  createdAt: time,
  startedAt: time.nullable(),
  finishedAt: time.nullable(),
}
const job = z.object(shape).meta({ id: 'Job' })
const detail = z
  .object({
    ...shape,
    log: list(z.object({ at: time, level: z.enum(['info', 'warn', 'error']), message: z.string() })),
  })
  .meta({ id: 'JobDetail' })

const params = z.object({ jobId: id })
const scopes = ['read', 'backup', 'restore', 'edit', 'admin'] as const

export const WAIT_SECONDS_MAX = 60

export const jobOperations = {
  listJobs: operation({
    method: 'GET',
    path: '/jobs',
    tag: 'jobs',
    summary: 'Background work, the latest first',
    action: null,
    scopes,
    params: nothing,
    query: z.object({ state: state.optional(), ...paging(200, 50) }),
    body: null,
    answer: { kind: 'json', status: 200, schema: pageOf(job) },
  }),
  getJob: operation({
    method: 'GET',
    path: '/jobs/{jobId}',
    tag: 'jobs',
    summary: 'One job with its log, now or as soon as it has ended',
    action: null,
    scopes,
    params,
    query: z.object({
      waitSeconds: z.coerce
        .number()
        .min(0)
        .max(WAIT_SECONDS_MAX)
        .default(0)
        .meta({ description: 'Answer when the job has ended, or after so long' }),
    }),
    body: null,
    answer: { kind: 'json', status: 200, schema: detail },
  }),
  cancelJob: operation({
    method: 'POST',
    path: '/jobs/{jobId}/cancel',
    tag: 'jobs',
    summary: 'End a job',
    description: 'The token needs the scope of what the job does.',
    action: 'job.cancel',
    params,
    query: nothing,
    body: nothing,
    answer: { kind: 'json', status: 200, schema: detail },
  }),
} as const
