import type { EngineContext } from '../../lib/services/context.ts'
import { executeRestore } from '../../lib/services/engine/execute-restore.ts'
import { planRestoreTo } from '../../lib/services/engine/plan-restore-to.ts'
import { planUndoFrom } from '../../lib/services/engine/plan-undo-from.ts'

/** In the order in which they follow each other. */
export const RESTORE_STAGES = ['plan', 'run', 'plan-undo', 'run-undo'] as const
export type RestoreStage = (typeof RESTORE_STAGES)[number]

export interface RestoreStageInput {
  connectString: string
  source: string
  sourcePath: string
  targetPath: string
  dir: string
}

/** One stage of a restore and of taking it back, on the folders that the stage before has left. Gives the number of steps. */
export async function runRestoreStage(
  context: EngineContext,
  stage: RestoreStage,
  input: RestoreStageInput,
): Promise<number> {
  const target = { connectString: input.connectString }
  const undoDir = `${input.dir}-undo`
  if (stage === 'run' || stage === 'run-undo') {
    const dir = stage === 'run' ? input.dir : undoDir
    const report = await executeRestore(context, { dir, target, safetyParentDir: `${dir}-safety`, run: stage })
    if (!report.verified) throw new Error(`not verified: ${JSON.stringify(report)}`)
    return report.applied
  }
  const connection = await context.zookeeper.connect(target)
  try {
    if (stage === 'plan-undo') {
      const names = { source: 'undo of limits', onConflict: 'stop' } as const
      return (await planUndoFrom(context, { undoDir: input.dir, dir: undoDir, connection, target, ...names })).steps
    }
    const source = await context.archives.open(input.source)
    const plan = await planRestoreTo(context, {
      source,
      connection,
      target,
      names: { source: 'bench', target: 'bench' },
      scope: { kind: 'subtree', path: input.sourcePath, targetPath: input.targetPath },
      mode: 'update',
      onConflict: 'stop',
      dir: input.dir,
    })
    await source.close()
    return plan.steps
  } finally {
    await connection.close()
  }
}
