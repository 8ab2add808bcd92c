import type { z } from 'zod'
import { describeGoReason, describeKeepReason, isEmptyPolicy } from '../../domain/retention/keep-policy.ts'
import { getClusterForWriting } from '../clusters/armed.ts'
import type { ServiceContext } from '../context.ts'
import { parseInput } from '../parse-input.ts'
import { loadKeptBackups, readLogAnchorFacts } from './load-kept-backups.ts'
import { previewKeepRulesSchema } from './schemas.ts'
import type { KeepPreviewView } from './views.ts'
import { weighBackups } from './weigh-backups.ts'

/** What would stay and go by rules, before they are saved, with every reason. Changes nothing. */
export async function previewKeepRules(
  context: ServiceContext,
  input: z.input<typeof previewKeepRulesSchema>,
): Promise<KeepPreviewView> {
  const { clusterId, rules } = parseInput(previewKeepRulesSchema, input)
  const { id, name } = await getClusterForWriting(context, clusterId)
  const logs = await readLogAnchorFacts(context, { id, name }, rules.logDays)
  const backups = await loadKeptBackups(context, id, logs)
  const { all, going, counts, isMass } = weighBackups(backups, rules, context.clock.now(), { afresh: true })
  return {
    lines: all.map(({ backup, decision }) => ({
      backupId: backup.id,
      takenAt: new Date(backup.takenAtMs).toISOString(),
      scope: backup.scope.split('\n').join(', '),
      bytes: backup.bytes,
      soundness: backup.soundness,
      kind: backup.kind,
      stays: decision.stays,
      reasons: decision.stays ? decision.reasons.map(describeKeepReason) : [describeGoReason(decision.reason)],
      removeAfter: backup.removeAfterMs === null ? null : new Date(backup.removeAfterMs).toISOString(),
    })),
    stays: all.length - going.length,
    goes: going.length,
    bytesFreed: going.reduce((sum, { backup }) => sum + backup.bytes, 0),
    ...counts,
    isMass,
    isEmpty: isEmptyPolicy(rules),
  }
}
