import { z } from 'zod'
import { operation } from '../operation.ts'
import { count, failure, id, list, nothing, pageOf, paging, time } from '../shapes.ts'

const source = z.enum(['files', 'observer', 'admin', 'client'])
const faults = list(z.object({ source: z.string(), message: z.string() }))

const run = z
  .object({
    id,
    scheduleId: id,
    scheduleName: z.string(),
    clusterId: id,
    dueAt: time,
    kind: z.enum(['due', 'make-up', 'by-hand']),
    state: z.enum(['waiting', 'running', 'succeeded', 'failed', 'cancelled', 'skipped', 'missed']),
    reason: z.string().nullable().meta({ description: 'Why it waited, was skipped or was missed' }),
    missed: z
      .object({ count, from: time, to: time })
      .nullable()
      .meta({ description: 'Times that nobody served and that this run makes up, or tells of' }),
    jobId: id.nullable(),
    backupId: id.nullable(),
    source: z.string().nullable(),
    sourceFaults: faults,
    error: failure.nullable(),
    createdAt: time,
    startedAt: time.nullable(),
    finishedAt: time.nullable(),
    durationMs: count.nullable(),
  })
  .meta({ id: 'ScheduleRun' })

const schedule = z
  .object({
    id,
    clusterId: id,
    clusterName: z.string(),
    name: z.string(),
    cron: z.string(),
    words: z.string().meta({ description: 'The cron in words' }),
    timeZone: z.string(),
    scopePaths: list(z.string()),
    sources: list(source).meta({ description: 'Tried in this order' }),
    jitterMinutes: z.number(),
    overlap: z.enum(['wait', 'skip']),
    enabled: z.boolean(),
    pausedUntil: time.nullable(),
    note: z.string(),
    nextRuns: list(time),
    longestGap: z
      .object({ ms: count, from: time })
      .nullable()
      .meta({ description: 'The longest distance between two runs within a year' }),
    warnings: list(z.string()),
    lastRun: run.nullable(),
    backups: count,
  })
  .meta({ id: 'Schedule' })

const chosen = {
  name: z.string().min(1).max(60),
  cron: z
    .string()
    .max(200)
    .meta({ description: 'Five fields, names and nicknames as @daily', examples: ['0 * * * *'] }),
  timeZone: z
    .string()
    .max(64)
    .meta({ description: 'IANA name', examples: ['Europe/Berlin'] }),
  paths: z.array(z.string().min(1)).max(100).optional().meta({ description: 'Absent: the whole tree' }),
  sources: z.array(source).min(1).max(4).optional().meta({ description: 'Absent: files, admin, client' }),
  jitterMinutes: z.number().min(0).max(720).optional(),
  overlap: z.enum(['wait', 'skip']).optional(),
  enabled: z.boolean().optional(),
  note: z.string().max(500).optional(),
}
const params = z.object({ scheduleId: id })
const scopes = ['read', 'backup'] as const

export const scheduleOperations = {
  listSchedules: operation({
    method: 'GET',
    path: '/schedules',
    tag: 'schedules',
    summary: 'Schedules, the one that is due next first',
    action: null,
    scopes,
    params: nothing,
    query: z.object({ clusterId: id.optional() }),
    body: null,
    answer: { kind: 'json', status: 200, schema: z.object({ items: list(schedule) }) },
  }),
  createSchedule: operation({
    method: 'POST',
    path: '/schedules',
    tag: 'schedules',
    summary: 'Back up a cluster by the clock',
    action: 'schedule.create',
    params: nothing,
    query: nothing,
    body: z.object({ clusterId: id, ...chosen }),
    answer: { kind: 'json', status: 200, schema: schedule },
  }),
  getSchedule: operation({
    method: 'GET',
    path: '/schedules/{scheduleId}',
    tag: 'schedules',
    summary: 'One schedule and its next runs',
    action: null,
    scopes,
    params,
    query: nothing,
    body: null,
    answer: { kind: 'json', status: 200, schema: schedule },
  }),
  updateSchedule: operation({
    method: 'POST',
    path: '/schedules/{scheduleId}',
    tag: 'schedules',
    summary: 'Change a schedule as a whole',
    action: 'schedule.update',
    params,
    query: nothing,
    body: z.object(chosen),
    answer: { kind: 'json', status: 200, schema: schedule },
  }),
  runSchedule: operation({
    method: 'POST',
    path: '/schedules/{scheduleId}/run',
    tag: 'schedules',
    summary: 'A run now, besides those of the clock',
    action: 'backup.start',
    params,
    query: nothing,
    body: nothing,
    answer: { kind: 'json', status: 202, schema: z.object({ runId: id, jobId: id, backupId: id }) },
  }),
  listScheduleRuns: operation({
    method: 'GET',
    path: '/schedule-runs',
    tag: 'schedules',
    summary: 'What became of the times of schedules, the latest first',
    description: 'Also of those that nobody served, and of schedules that are removed.',
    action: null,
    scopes,
    params: nothing,
    query: z.object({ clusterId: id.optional(), scheduleId: id.optional(), ...paging(200, 50) }),
    body: null,
    answer: { kind: 'json', status: 200, schema: pageOf(run) },
  }),
  deleteSchedule: operation({
    method: 'DELETE',
    path: '/schedules/{scheduleId}',
    tag: 'schedules',
    summary: 'Remove a schedule; its backups stay',
    action: 'schedule.remove',
    params,
    query: nothing,
    body: null,
    answer: { kind: 'none', status: 204 },
  }),
} as const
