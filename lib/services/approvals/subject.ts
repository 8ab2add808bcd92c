import type { Prisma } from '../../adapters/database/generated/client.ts'
import type { WorkFilesDb } from '../../adapters/workfiles/work-files.ts'
import type { ServiceContext } from '../context.ts'
import { getPhysicalRow, ruleFactsOf } from '../physical/find-physical.ts'
import { canBeAsked as canBeAskedOfFiles } from '../physical/physical-rules.ts'
import { factsOf, findRestoreClusters, getRestoreRow } from '../restores/find-restore.ts'
import { type Allowance, canBeAsked } from '../restores/restore-rules.ts'
import { auditPathOf } from '../restores/restore-scope.ts'
import type { SubjectRef } from './find-approvals.ts'
import type { ApprovalKind, ApprovalPurpose } from './views.ts'

export interface ApprovalSubject extends SubjectRef {
  readonly cluster: { readonly id: string; readonly name: string } | null
  readonly path: string | null
  /** Whether there is anything to approve. Arming is for the hour of the run, not for the question. */
  readonly canBeAsked: (purpose: ApprovalPurpose) => Allowance
}

interface Lookup extends Pick<ServiceContext, 'clock' | 'workFiles'> {
  readonly db: Pick<Prisma.TransactionClient, 'restore' | 'physicalRestore' | 'cluster' | 'backup'> & WorkFilesDb
}

export async function getApprovalSubject(context: Lookup, kind: ApprovalKind, id: string): Promise<ApprovalSubject> {
  const found = kind === 'restore' ? await findRestore(context, id) : await findPhysical(context, id)
  const cluster = (await findRestoreClusters(context, [found.clusterId])).get(found.clusterId)
  return { ...found, kind, id, cluster: cluster ? { id: cluster.id, name: cluster.name } : null }
}

type Found = Omit<ApprovalSubject, 'kind' | 'id' | 'cluster'>

async function findRestore(context: Lookup, id: string): Promise<Found> {
  const row = await getRestoreRow(context, id)
  const facts = await factsOf(context, row)
  const { clusterId, otherClusterId, planHash, createdById } = row
  return {
    clusterId,
    otherClusterId,
    planHash,
    createdById,
    path: auditPathOf(row.scope),
    canBeAsked: () => canBeAsked(facts),
  }
}

async function findPhysical(context: Lookup, id: string): Promise<Found> {
  const row = await getPhysicalRow(context, id)
  const facts = await ruleFactsOf(context, row)
  const { clusterId, planHash, createdById } = row
  return {
    clusterId,
    planHash,
    createdById,
    otherClusterId: null,
    path: null,
    canBeAsked: (purpose) => canBeAskedOfFiles(facts, purpose),
  }
}
