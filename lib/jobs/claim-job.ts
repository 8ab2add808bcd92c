import type { PrismaClient } from '../adapters/database/generated/client.ts'
import { LEASE_MS, ONE_A_CLUSTER } from './definitions.ts'

/** A job in the hands of one worker. `token` goes up with every claim: what a former owner writes is refused by it. */
export interface ClaimedJob {
  readonly id: string
  readonly kind: string
  readonly payload: unknown
  readonly clusterId: string | null
  readonly otherClusterId: string | null
  readonly subjectId: string | null
  readonly actorId: string
  readonly actorName: string
  /** The API token that asked for it; null: a person did. */
  readonly tokenId: string | null
  readonly attempts: number
  readonly attemptsMax: number
  readonly owner: string
  readonly token: number
}

const CANDIDATES = 5

/**
 * The oldest job that waits and is of none of the kinds `except`, or null. Two workers never get the same one: the claim is an update
 * guarded by state and token. Nor do they get two of a kind of which a cluster has one at work: the second is refused by an index.
 */
export async function claimJob(
  db: Pick<PrismaClient, 'job'>,
  worker: { readonly owner: string; readonly nowMs: number; readonly except?: readonly string[] },
): Promise<ClaimedJob | null> {
  const now = new Date(worker.nowMs)
  const busy = await db.job.findMany({
    where: { state: 'running', holds: { not: null } },
    select: { kind: true, clusterId: true },
  })
  const candidates = await db.job.findMany({
    where: {
      state: 'queued',
      runAfter: { lte: now },
      kind: { notIn: [...(worker.except ?? [])] },
      NOT: busy.map(({ kind, clusterId }) => ({ kind, clusterId })),
    },
    orderBy: [{ runAfter: 'asc' }, { createdAt: 'asc' }, { id: 'asc' }],
    take: CANDIDATES,
    select: {
      id: true,
      kind: true,
      payload: true,
      clusterId: true,
      otherClusterId: true,
      subjectId: true,
      actorId: true,
      actorName: true,
      tokenId: true,
      attempts: true,
      attemptsMax: true,
      leaseToken: true,
    },
  })
  for (const { leaseToken, ...job } of candidates) {
    const token = leaseToken + 1
    const claimed = db.job.updateMany({
      where: { id: job.id, state: 'queued', leaseToken },
      data: {
        state: 'running',
        holds: holdsOf(job),
        leaseOwner: worker.owner,
        leaseToken: token,
        leaseUntil: new Date(worker.nowMs + LEASE_MS),
        attempts: { increment: 1 },
        startedAt: now,
        finishedAt: null,
        progress: { stage: 'Starting', done: 0, total: null, bytes: 0, ratePerSecond: 0, etaMs: null },
      },
    })
    const { count } = await claimed.catch((error: unknown) => {
      if (isHeldAlready(error)) return { count: 0 }
      throw error
    })
    if (count === 1) return { ...job, attempts: job.attempts + 1, owner: worker.owner, token }
  }
  return null
}

/** Given up with the state `running`, by whatever ends it. */
function holdsOf({ kind, clusterId }: Pick<ClaimedJob, 'kind' | 'clusterId'>): string | null {
  return clusterId !== null && ONE_A_CLUSTER.includes(kind) ? `${kind} ${clusterId}` : null
}

/** Another worker was quicker with another job of the cluster: the unique index of `holds` has refused this one. */
function isHeldAlready(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'P2002'
}

/** Condition under which a worker still owns its job: every write of the worker is guarded by it. */
export function ownedBy(job: Pick<ClaimedJob, 'id' | 'owner' | 'token'>) {
  return { id: job.id, state: 'running', leaseOwner: job.owner, leaseToken: job.token }
}
