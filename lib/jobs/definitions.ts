import { z } from 'zod'

/** What a kind of job is, apart from what it does (lib/worker/handlers). */
export interface JobDefinition<Payload extends z.ZodType = z.ZodType> {
  readonly payload: Payload
  /** Times a job may be begun. A lost worker costs one; a failure that the handler reports is final until a person retries. */
  readonly attemptsMax: number
  /** After that the work is aborted and the job failed. */
  readonly timeoutMs: number
  /** A worker has at most one of them at work, so that its other places stay free for what people wait for. */
  readonly oneAWorker?: boolean
  /** Of one cluster there is at most one at work, whoever asked for it and wherever it runs. The others wait. */
  readonly oneACluster?: boolean
}

const HOUR_MS = 3_600_000

export const JOB_DEFINITIONS = {
  /** Starts over on another worker: what the dead one wrote was temporary. One of a schedule is tried again when its cluster is away. */
  backup: {
    payload: z.object({
      backupId: z.string(),
      clusterId: z.string(),
      paths: z.array(z.string()),
      note: z.string(),
      /** Absent in jobs of before there was a choice. */
      source: z.enum(['client', 'admin', 'files', 'observer']).default('client'),
      /** Tried in this order until one serves, in place of `source`. */
      sources: z
        .array(z.enum(['client', 'admin', 'files', 'observer']))
        .min(1)
        .optional(),
      /** Which one asked for it. */
      schedule: z.object({ id: z.string(), name: z.string() }).optional(),
      /** Zxid in hex: the tree as of then, from logs, instead of the live one. */
      moment: z.string().nullable().default(null),
    }),
    attemptsMax: 3,
    timeoutMs: 12 * HOUR_MS,
    oneACluster: true,
  },
  /** The uploaded file is named by the job's id. */
  import: {
    payload: z.object({
      backupId: z.string(),
      clusterId: z.string(),
      fileName: z.string(),
      form: z
        .enum(['zoocreeper', 'zoonavigator', 'zk-shell', 'jsonl', 'directory', 'data-directory', 'snapshot'])
        .nullable(),
      note: z.string(),
    }),
    attemptsMax: 2,
    timeoutMs: 12 * HOUR_MS,
  },
  /** `copyId`: that copy of it; null: where it was put first. */
  verify: {
    payload: z.object({ backupId: z.string(), copyId: z.string().nullable().optional() }),
    attemptsMax: 2,
    timeoutMs: 12 * HOUR_MS,
  },
  /** Goes on with what was sent, so that it may be begun more often. */
  copy: {
    payload: z.object({ backupId: z.string(), storeId: z.string() }),
    attemptsMax: 5,
    timeoutMs: 24 * HOUR_MS,
  },
  /** Null: of every store. */
  rescan: {
    payload: z.object({ storeId: z.string().nullable() }),
    attemptsMax: 2,
    timeoutMs: 12 * HOUR_MS,
    oneAWorker: true,
  },
  /** Each backup by itself: begun again it goes on with those that are left. `round`: how often it has come back for what was being read. */
  reencrypt: {
    payload: z.object({ clusterId: z.string(), round: z.number().int().optional() }),
    attemptsMax: 5,
    timeoutMs: 24 * HOUR_MS,
    oneAWorker: true,
  },
  /** `storeId`: as it lies there; null or absent: where it was put first, or a copy where that is not to be had. */
  drill: {
    payload: z.object({
      backupId: z.string(),
      limitMinutes: z.number().int().positive(),
      storeId: z.string().nullable().optional(),
    }),
    attemptsMax: 2,
    timeoutMs: 12 * HOUR_MS,
    oneAWorker: true,
  },
  /** Backups that no keep rule keeps and whose grace is over. What it has not come to, the next one does. */
  'remove-backups': { payload: z.object({ clusterId: z.string() }), attemptsMax: 5, timeoutMs: 12 * HOUR_MS },
  diff: { payload: z.object({ diffId: z.string() }), attemptsMax: 2, timeoutMs: 12 * HOUR_MS },
  search: { payload: z.object({ searchId: z.string() }), attemptsMax: 2, timeoutMs: 12 * HOUR_MS },
  'prepare-moment': {
    payload: z.object({ clusterId: z.string(), zxid: z.string() }),
    attemptsMax: 2,
    timeoutMs: 12 * HOUR_MS,
  },
  'plan-restore': {
    payload: z.object({ restoreId: z.string(), lines: z.enum(['all', 'stale']).optional() }),
    attemptsMax: 2,
    timeoutMs: 12 * HOUR_MS,
  },
  /** Goes on from its journal, so that it may be begun more often. */
  'run-restore': { payload: z.object({ restoreId: z.string() }), attemptsMax: 5, timeoutMs: 24 * HOUR_MS },
  /** Reads both clusters, writes to neither. */
  'migrate-proof': { payload: z.object({ migrationId: z.string() }), attemptsMax: 2, timeoutMs: 12 * HOUR_MS },
  /** Each task goes on from its journal; the limit is for servers that neither stop nor start. */
  'physical-restore': {
    payload: z.object({ physicalId: z.string(), task: z.enum(['check', 'run', 'undo', 'verify']) }),
    attemptsMax: 5,
    timeoutMs: 12 * HOUR_MS,
  },
} as const satisfies Record<string, JobDefinition>

export type JobKind = keyof typeof JOB_DEFINITIONS
export type JobPayload<Kind extends JobKind> = z.output<(typeof JOB_DEFINITIONS)[Kind]['payload']>

export function isJobKind(text: string): text is JobKind {
  return Object.hasOwn(JOB_DEFINITIONS, text)
}

/** Whether a worker that has one of this kind at work takes no other. */
export function isOneAWorker(kind: string): boolean {
  const definition: JobDefinition | undefined = isJobKind(kind) ? JOB_DEFINITIONS[kind] : undefined
  return definition?.oneAWorker ?? false
}

/** Kinds of which a cluster has one at work at most. */
export const ONE_A_CLUSTER: readonly string[] = Object.entries<JobDefinition>(JOB_DEFINITIONS)
  .filter(([, { oneACluster }]) => oneACluster)
  .map(([kind]) => kind)

/** How long a worker owns a job without a sign of life. */
export const LEASE_MS = 15_000
export const BEAT_MS = 4_000
