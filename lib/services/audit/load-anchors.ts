import type { ServiceContext } from '../context.ts'
import { type Anchors, TrustedKeys, toAnchors } from './signatures.ts'

/** Checkpoints and removals on record, from `sequence` on, as far as one of this installation's own keys has signed them. */
export async function loadAnchors(
  { db, auditKey }: Pick<ServiceContext, 'db' | 'auditKey'>,
  sequence = 0,
): Promise<Anchors> {
  const checkpoints = await db.auditCheckpoint.findMany({ where: { sequence: { gte: sequence } } })
  const removals = await db.auditPrune.findMany({ orderBy: { throughSequence: 'desc' }, take: 1 })
  return toAnchors({ checkpoints, removals }, new TrustedKeys(auditKey.publicKeys))
}
