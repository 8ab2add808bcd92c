import type { Prisma } from '../../adapters/database/generated/client.ts'
import type { ServiceContext } from '../context.ts'
import { toClusterRoles } from '../people/find-cluster-roles.ts'
import { toRole } from '../policy.ts'
import type { ApprovalFacts, Person, StandingFacts } from './approval-rules.ts'
import type { ApprovalKind, ApprovalState } from './views.ts'

/** The client, or the transaction in which something is decided by what is found. */
export interface ApprovalLookup {
  readonly db: Pick<Prisma.TransactionClient, 'approval' | 'cluster' | 'user' | 'job'>
  readonly clock: ServiceContext['clock']
}

/** A restore of either kind, as far as its approval goes. */
export interface SubjectRef {
  readonly kind: ApprovalKind
  readonly id: string
  readonly clusterId: string
  /** Where what it writes is of, when that is another cluster. */
  readonly otherClusterId: string | null
  readonly planHash: string | null
  readonly createdById: string
}

export const APPROVAL_COLUMNS = {
  id: true,
  subjectKind: true,
  subjectId: true,
  clusterId: true,
  planHash: true,
  purpose: true,
  state: true,
  requestedById: true,
  requestedAt: true,
  reason: true,
  decidedById: true,
  decidedAt: true,
  note: true,
  expiresAt: true,
  usedAt: true,
  endedBecause: true,
} as const satisfies Prisma.ApprovalSelect
export type ApprovalRow = Prisma.ApprovalGetPayload<{ select: typeof APPROVAL_COLUMNS }>

export interface FoundStanding {
  /** How long an approval on this cluster holds. */
  readonly minutes: number
  readonly facts: StandingFacts
  /** Newest first; the first one counts. */
  readonly rows: readonly ApprovalRow[]
  readonly people: ReadonlyMap<string, Person>
}

const STATES: readonly ApprovalState[] = ['waiting', 'approved', 'rejected', 'void', 'expired']

/** By subject id, only of those whose cluster asks for approvals. */
export async function findStandings(
  context: ApprovalLookup,
  subjects: readonly SubjectRef[],
): Promise<Map<string, FoundStanding>> {
  const clusters = await context.db.cluster.findMany({
    where: { id: { in: [...new Set(subjects.map(({ clusterId }) => clusterId))] }, approvalMinutes: { not: null } },
    select: { id: true, approvalMinutes: true },
  })
  const minutesOf = new Map(clusters.map(({ id, approvalMinutes }) => [id, approvalMinutes ?? 0]))
  const asked = subjects.filter(({ clusterId }) => minutesOf.has(clusterId))
  if (asked.length === 0) return new Map()
  const ids = asked.map(({ id }) => id)
  const rows = await context.db.approval.findMany({
    where: { subjectId: { in: ids } },
    orderBy: [{ requestedAt: 'desc' }, { id: 'desc' }],
    select: APPROVAL_COLUMNS,
  })
  const jobs = await context.db.job.findMany({
    where: { subjectId: { in: ids }, kind: { in: ['plan-restore', 'run-restore', 'physical-restore'] } },
    distinct: ['subjectId', 'actorId'],
    select: { subjectId: true, actorId: true },
  })
  const people = await findPeople(context, rows)
  return new Map(
    asked.map((subject) => {
      const own = rows.filter((row) => row.subjectId === subject.id && row.subjectKind === subject.kind)
      const latest = own[0]
      const facts: StandingFacts = {
        kind: subject.kind,
        clusterIds: [subject.clusterId, ...(subject.otherClusterId === null ? [] : [subject.otherClusterId])],
        planHash: subject.planHash,
        latest: latest ? toFacts(latest, people) : null,
        makers: new Set([
          subject.createdById,
          ...jobs.filter(({ subjectId }) => subjectId === subject.id).map(({ actorId }) => actorId),
          ...own.map(({ requestedById }) => requestedById),
        ]),
      }
      return [subject.id, { minutes: minutesOf.get(subject.clusterId) ?? 0, facts, rows: own, people }]
    }),
  )
}

/** Null where the cluster asks for no approvals. */
export async function findStanding(context: ApprovalLookup, subject: SubjectRef): Promise<FoundStanding | null> {
  return (await findStandings(context, [subject])).get(subject.id) ?? null
}

function toFacts(row: ApprovalRow, people: ReadonlyMap<string, Person>): ApprovalFacts {
  return {
    state: toState(row.state),
    planHash: row.planHash,
    purpose: row.purpose === 'undo' ? 'undo' : 'run',
    requester: people.get(row.requestedById) ?? null,
    decider: row.decidedById === null ? null : (people.get(row.decidedById) ?? null),
    expiresAtMs: row.expiresAt?.getTime() ?? null,
    usedAtMs: row.usedAt?.getTime() ?? null,
    endedBecause: row.endedBecause,
  }
}

/** A state that this version does not know approves nothing. */
export function toState(text: string): Exclude<ApprovalState, 'none'> {
  const state = STATES.find((each) => each === text)
  return state === undefined || state === 'none' ? 'void' : state
}

async function findPeople(context: ApprovalLookup, rows: readonly ApprovalRow[]): Promise<Map<string, Person>> {
  const ids = new Set(rows.flatMap(({ requestedById, decidedById }) => [requestedById, decidedById ?? '']))
  const users = await context.db.user.findMany({
    where: { id: { in: [...ids] } },
    select: {
      id: true,
      name: true,
      role: true,
      deactivatedAt: true,
      clusterRoles: { select: { clusterId: true, role: true } },
    },
  })
  return new Map(
    users.map(({ id, name, role, clusterRoles, deactivatedAt }) => [
      id,
      {
        id,
        name,
        role: toRole(role),
        clusterRoles: toClusterRoles(clusterRoles),
        isActive: deactivatedAt === null,
      },
    ]),
  )
}
