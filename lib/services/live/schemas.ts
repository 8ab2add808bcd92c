import { z } from 'zod'

export const LIVE_TYPES = [
  'create',
  'create2',
  'createContainer',
  'createTTL',
  'setData',
  'setACL',
  'delete',
  'deleteContainer',
  'multi',
  'createSession',
  'closeSession',
  'reconfig',
  'error',
] as const
export type LiveType = (typeof LIVE_TYPES)[number]

export const LIVE_LIMIT = { default: 100, max: 500 } as const

export const liveFilterSchema = z.object({
  clusterId: z.string(),
  /** The subtree; absent: everywhere. */
  under: z.string().default('/'),
  types: z.array(z.enum(LIVE_TYPES)).default([]),
})

export const listLiveSchema = liveFilterSchema.extend({
  /** A zxid: only transactions before it. */
  before: z.string().nullable().default(null),
  limit: z.number().int().min(1).max(LIVE_LIMIT.max).default(LIVE_LIMIT.default),
})

export const watchPathSchema = z.object({
  clusterId: z.string(),
  path: z.string(),
  note: z.string().trim().max(200, 'At most 200 characters').default(''),
})

export const unwatchPathSchema = z.object({ clusterId: z.string(), watchedPathId: z.string() })

/** Paths that are watched at one cluster: each costs the follower a comparison a write. */
export const WATCHED_MAX = 50

export const setLiveDriftSchema = z.object({
  clusterId: z.string(),
  /** Null: the cluster is not held against a backup any more. */
  backupId: z.string().nullable(),
  path: z.string().default('/'),
})
