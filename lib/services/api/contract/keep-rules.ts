import { z } from 'zod'
import { operation } from '../operation.ts'
import { count, id, list, nothing, time } from '../shapes.ts'

const rules = z
  .object({
    timeZone: z
      .string()
      .max(64)
      .meta({ examples: ['Europe/Berlin'] }),
    last: count,
    hourly: count,
    daily: count,
    weekly: count,
    monthly: count,
    yearly: count,
    atLeast: count.meta({ description: 'So many good backups of each scope stay whatever the rules say' }),
    minAgeDays: count,
    safetyDays: count.meta({ description: 'How long safety backups of restores stay' }),
    unsoundDays: count.meta({ description: 'How long partial and damaged ones stay' }),
    graceDays: count.meta({ description: 'From the mark to the removal' }),
    when: z.enum(['daily', 'after-backup']),
    hour: count,
    logDays: count
      .nullable()
      .meta({ description: 'How far back archived transaction logs go; null: all of them stay' }),
  })
  .meta({ id: 'KeepRules' })

const keepRules = z
  .object({
    of: z.enum(['cluster', 'default', 'none']).meta({ description: 'Whose rules hold here; none: everything stays' }),
    enabled: z.boolean(),
    rules,
    words: z.string(),
    nextRunAt: time.nullable(),
    lastRunAt: time.nullable(),
    marked: list(z.object({ backupId: id, takenAt: time, bytes: count, removeAfter: time, reason: z.string() })),
    unfinished: list(z.object({ backupId: id, takenAt: time, since: time, error: z.string().nullable() })),
  })
  .meta({ id: 'KeepRulesOfCluster' })

const preview = z.object({
  stays: count,
  goes: count,
  bytesFreed: count,
  good: count,
  goodGoing: count,
  isMass: z.boolean().meta({ description: 'More than half of the good ones would go: `confirm` is needed' }),
  isEmpty: z.boolean(),
  lines: list(
    z.object({
      backupId: id,
      takenAt: time,
      scope: z.string(),
      bytes: count,
      soundness: z.enum(['good', 'partial', 'damaged']),
      kind: z.enum(['usual', 'safety', 'import']),
      stays: z.boolean(),
      reasons: list(z.string()),
      removeAfter: time.nullable(),
    }),
  ),
})

const hold = z
  .object({
    id,
    reason: z.string(),
    placedByName: z.string(),
    placedAt: time,
    until: time.nullable(),
    stands: z.boolean(),
    liftedAt: time.nullable(),
    liftedByName: z.string().nullable(),
    liftReason: z.string().nullable(),
  })
  .meta({ id: 'Hold' })

const proof = z
  .object({
    places: count.meta({ description: 'Archives, each copy by itself' }),
    bytes: count,
    readWithin: z.object({ days: count, places: count, bytes: count, share: z.number().nullable() }),
    neverReadAgain: count,
    oldest: z.object({ backupId: id, takenAt: time, readAt: time.nullable() }).nullable(),
    damaged: list(
      z.object({
        backupId: id,
        takenAt: time,
        storeName: z.string(),
        isCopy: z.boolean(),
        foundAt: time.nullable(),
        soundIn: z.object({ storeName: z.string(), isRead: z.boolean() }).nullable(),
        nearest: z.object({ backupId: id, takenAt: time }).nullable(),
      }),
    ),
    drills: z.object({
      lastProved: z.object({ backupId: id, provedAt: time }).nullable(),
      failed: z.object({ backupId: id, drilledAt: time }).nullable(),
    }),
  })
  .meta({ id: 'ProofState' })

const ofCluster = z.object({ clusterId: id })
const ofBackup = z.object({ backupId: id })
const given = z.coerce.number().int().min(0).optional()
const reason = z.string().min(3).max(500)
const scopes = ['read', 'backup', 'restore'] as const

export const keepRulesOperations = {
  getKeepRules: operation({
    method: 'GET',
    path: '/clusters/{clusterId}/keep-rules',
    tag: 'backups',
    summary: 'What of the backups of a cluster stays, and what waits for its removal',
    action: null,
    scopes,
    params: ofCluster,
    query: nothing,
    body: null,
    answer: { kind: 'json', status: 200, schema: keepRules },
  }),
  setKeepRules: operation({
    method: 'POST',
    path: '/clusters/{clusterId}/keep-rules',
    tag: 'backups',
    summary: 'Say what of the backups of a cluster stays',
    description: 'Nothing is removed at once: what no rule keeps is marked first, and removed when its grace is over.',
    action: 'backup.set-keep-rules',
    params: ofCluster,
    query: nothing,
    body: z.object({
      enabled: z.boolean(),
      rules,
      confirm: z
        .string()
        .max(200)
        .optional()
        .meta({ description: "The cluster's name, where more than half of the good backups would go at once" }),
    }),
    answer: { kind: 'json', status: 200, schema: keepRules },
  }),
  previewKeepRules: operation({
    method: 'GET',
    path: '/clusters/{clusterId}/keep-rules/preview',
    tag: 'backups',
    summary: 'What would stay and go, with every reason',
    description: 'By the rules that hold, or by them with the numbers that are given.',
    action: null,
    scopes,
    params: ofCluster,
    query: z.object({
      ...{ last: given, hourly: given, daily: given, weekly: given, monthly: given, yearly: given, atLeast: given },
      ...{ minAgeDays: given, safetyDays: given, unsoundDays: given, logDays: given },
      timeZone: z.string().max(64).optional(),
    }),
    body: null,
    answer: { kind: 'json', status: 200, schema: preview },
  }),
  getProofState: operation({
    method: 'GET',
    path: '/clusters/{clusterId}/proof',
    tag: 'backups',
    summary: 'How well the backups of a cluster are proved: read again, damaged, drilled',
    action: null,
    scopes,
    params: ofCluster,
    query: nothing,
    body: null,
    answer: { kind: 'json', status: 200, schema: proof },
  }),
  listHolds: operation({
    method: 'GET',
    path: '/backups/{backupId}/holds',
    tag: 'backups',
    summary: 'The holds of a backup, those that stand and those of before',
    action: null,
    scopes,
    params: ofBackup,
    query: nothing,
    body: null,
    answer: { kind: 'json', status: 200, schema: z.object({ items: list(hold) }) },
  }),
  placeHold: operation({
    method: 'POST',
    path: '/backups/{backupId}/hold',
    tag: 'backups',
    summary: 'Hold a backup: nothing removes it until the day is over or an administrator lifts the hold',
    action: 'backup.hold',
    params: ofBackup,
    query: nothing,
    body: z.object({
      reason,
      until: z.string().max(40).nullable().optional().meta({ description: 'A day, to its end in UTC; absent: no end' }),
    }),
    answer: { kind: 'json', status: 200, schema: z.object({ items: list(hold) }) },
  }),
  liftHolds: operation({
    method: 'POST',
    path: '/backups/{backupId}/lift-holds',
    tag: 'backups',
    summary: 'Lift all holds of a backup that stand',
    action: 'backup.lift-hold',
    params: ofBackup,
    query: nothing,
    body: z.object({ reason }),
    answer: { kind: 'json', status: 200, schema: z.object({ items: list(hold) }) },
  }),
} as const
