import type { ServiceContext } from '../context.ts'
import { canDecide, standingOf } from './approval-rules.ts'
import { findStandings, type SubjectRef } from './find-approvals.ts'
import type { WaitingApprovalView } from './views.ts'

const LISTED_MAX = 50

/** What waits for a second person on any cluster, the longest waiting first. */
export async function listWaitingApprovals(
  context: Pick<ServiceContext, 'actor' | 'clock' | 'db'>,
): Promise<WaitingApprovalView[]> {
  const waiting = await context.db.approval.findMany({
    where: { state: 'waiting' },
    orderBy: { requestedAt: 'asc' },
    take: LISTED_MAX,
    select: { subjectKind: true, subjectId: true },
  })
  if (waiting.length === 0) return []
  const where = { where: { id: { in: waiting.map(({ subjectId }) => subjectId) } } }
  const select = { id: true, clusterId: true, planHash: true, createdById: true, sourceLabel: true } as const
  const restores = await context.db.restore.findMany({ ...where, select: { ...select, otherClusterId: true } })
  const physicals = await context.db.physicalRestore.findMany({ ...where, select })
  const subjects: (SubjectRef & { readonly sourceLabel: string })[] = [
    ...restores.map((row) => ({ ...row, kind: 'restore' as const })),
    ...physicals.map((row) => ({ ...row, otherClusterId: null, kind: 'physical' as const })),
  ]
  const clusters = await context.db.cluster.findMany({
    where: { id: { in: subjects.map(({ clusterId }) => clusterId) }, removedAt: null },
    select: { id: true, name: true },
  })
  const names = new Map(clusters.map(({ id, name }) => [id, name]))
  const standings = await findStandings(context, subjects)
  const nowMs = context.clock.now()
  return waiting.flatMap(({ subjectId }) => {
    const subject = subjects.find(({ id }) => id === subjectId)
    const found = standings.get(subjectId)
    const row = found?.rows[0]
    const clusterName = names.get(subject?.clusterId ?? '')
    if (!subject || !found || !row || clusterName === undefined) return []
    if (standingOf(found.facts, nowMs).state !== 'waiting') return []
    return [
      {
        id: row.id,
        subjectKind: subject.kind,
        subjectId,
        clusterName,
        label: subject.sourceLabel,
        requestedByName: found.people.get(row.requestedById)?.name ?? 'a removed user',
        requestedAt: row.requestedAt.toISOString(),
        isMine: canDecide(found.facts, context.actor, nowMs).ok,
      },
    ]
  })
}
