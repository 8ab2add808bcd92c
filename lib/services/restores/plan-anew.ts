import type { z } from 'zod'
import { invariant } from '../../base/invariant.ts'
import type { ServiceContext } from '../context.ts'
import type { RestoreScope } from '../engine/plan-restore-to.ts'
import { createRestore } from './create-restore.ts'
import { assertAllowed, factsOf, getRestoreRow, type RestoreRow } from './find-restore.ts'
import { parseRestoreOptions } from './restore-options.ts'
import { canPlanAnew } from './restore-rules.ts'
import { laterWritesOf, storedScopeSchema } from './restore-scope.ts'
import type { createRestoreSchema } from './schemas.ts'
import { startUndo } from './start-undo.ts'
import { undoTransaction } from './undo-transaction.ts'

/**
 * The question of a restore that has run, asked again of the tree as it is now: same source, same picks, same mode. A restore of its
 * own, because what the first one wrote and how it ended stays on record.
 */
export async function planAnew(
  context: ServiceContext,
  restoreId: string,
): Promise<{ readonly restoreId: string; readonly jobId: string }> {
  const row = await getRestoreRow(context, restoreId)
  const facts = await factsOf(context, row)
  assertAllowed(canPlanAnew(facts), facts)
  // What takes a restore back follows from its journal and from what is there now: the same question, asked again.
  if (row.undoOfId !== null)
    return startUndo(context, row.undoOfId, { laterWrites: laterWritesOf(row.scope), again: restoreId })
  const scope = await findQuestion(context, row)
  if (scope.kind === 'transaction') {
    const { zxid, laterWrites } = scope
    return undoTransaction(context, { clusterId: row.clusterId, zxid }, { laterWrites, again: restoreId })
  }
  return createRestore(
    context,
    {
      clusterId: row.clusterId,
      source: String(row.source),
      sourceStoreId: row.sourceStoreId,
      selection: toSelection(scope),
      targetPath: scope.kind === 'subtree' ? scope.targetPath : null,
      mode: row.mode === 'create' || row.mode === 'mirror' ? row.mode : 'update',
      onConflict: row.onConflict === 'skip' || row.onConflict === 'overwrite' ? row.onConflict : 'stop',
      options: parseRestoreOptions(row.options),
    },
    { again: restoreId, leaveOut: (scope.kind === 'picked' && scope.leaveOut) || [] },
  )
}

/** Of the rest of a run: what that run was asked. */
async function findQuestion(context: Pick<ServiceContext, 'db'>, row: RestoreRow): Promise<StoredQuestion> {
  for (let of = row; ; ) {
    const scope = storedScopeSchema.parse(of.scope)
    invariant(
      scope.kind !== 'undo' && scope.kind !== 'edit',
      'an undo says what it takes back, and an edit asks nothing',
    )
    if (scope.kind !== 'rest') return scope
    of = await getRestoreRow(context, scope.of)
  }
}

type StoredQuestion = Exclude<z.output<typeof storedScopeSchema>, { kind: 'undo' | 'rest' | 'edit' }>

function toSelection(scope: RestoreScope): z.input<typeof createRestoreSchema>['selection'] {
  switch (scope.kind) {
    case 'all':
      return { kind: 'all' }
    case 'subtree':
      return { kind: 'subtree', path: scope.path }
    case 'picked':
      return { kind: 'picked', paths: [...scope.paths], subtrees: [...scope.subtrees] }
  }
}
