import type { z } from 'zod'
import { parsePath } from '../../domain/znode/path.ts'
import { getBackupRow } from '../backups/find-backup.ts'
import { getClusterTarget } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { describeTreeRef } from '../diffs/describe-tree-ref.ts'
import { getDiffRow } from '../diffs/to-diff-view.ts'
import type { RestoreScope } from '../engine/plan-restore-to.ts'
import { parseRoots } from '../engine/scope.ts'
import { ServiceError } from '../errors.ts'
import { mutate } from '../gate.ts'
import { freezeIgnoreRules } from '../ignore-rules/list-ignore-rules.ts'
import type { FrozenIgnoreRule } from '../ignore-rules/views.ts'
import { parseInput } from '../parse-input.ts'
import { findPlaceOf } from '../stores/find-copies.ts'
import type { TreeRef } from '../tree/tree-ref.ts'
import { assertMaySeeAll } from '../values/assert-may-see-all.ts'
import { beginRestore } from './restore-job.ts'
import { describeRestoreOptions } from './restore-options.ts'
import { auditPathOf, describeScope } from './restore-scope.ts'
import { createRestoreSchema } from './schemas.ts'

/** Asks the worker for the plan of a restore. Nothing is written to the cluster before the plan is confirmed. */
export async function createRestore(
  context: ServiceContext,
  input: z.input<typeof createRestoreSchema>,
  /** The restore whose question this is, when it is asked once more, and the rules that it was asked with. */
  origin: { readonly again: string; readonly leaveOut: readonly FrozenIgnoreRule[] } | null = null,
): Promise<{ readonly restoreId: string; readonly jobId: string }> {
  const parsed = parseInput(createRestoreSchema, input)
  const leaveOut = origin?.leaveOut ?? (await findLeaveOut(context, parsed.leaveOutIgnoredOf))
  const scope = toScope(parsed.selection, { targetPath: parsed.targetPath, leaveOut })
  const target = await getClusterTarget(context, parsed.clusterId)
  const source = await describeTreeRef(context, parsed.source)
  if (source.ref.kind === 'live' && source.clusterId === parsed.clusterId) {
    throw new ServiceError('INVALID_INPUT', 'The source is the cluster itself', {
      unaffected: 'nothing was planned',
      remedy: 'choose a backup or another cluster',
      details: { fields: { source: 'The source is the cluster itself' } },
    })
  }
  const { sourceStoreId } = parsed
  if (sourceStoreId !== null) await assertInStore(context, source.ref, sourceStoreId)
  const otherClusterId = source.clusterId === parsed.clusterId ? null : source.clusterId
  const { selection, targetPath } = parsed
  const isMoved =
    selection.kind === 'subtree' && targetPath !== null && parsePath(targetPath) !== parsePath(selection.path)
  // Elsewhere other rules hold: what somebody may not see must not come to where they may.
  if (otherClusterId !== null || isMoved) {
    await assertMaySeeAll(context, {
      action: 'restore.plan',
      cluster: { id: source.clusterId, name: source.clusterName },
    })
  }
  const restoreId = context.newId()
  const jobId = context.newId()
  const nowMs = context.clock.now()
  await mutate(
    context,
    {
      action: 'restore.plan',
      cluster: { id: parsed.clusterId, name: target.clusterName },
      otherClusterId,
      path: auditPathOf(scope),
      after: {
        restore: restoreId,
        source: source.label,
        ...(sourceStoreId === null ? {} : { store: sourceStoreId }),
        scope: describeScope(scope),
        mode: parsed.mode,
        ...describeRestoreOptions(parsed.options),
        ...(origin ? { again: origin.again } : {}),
        ...(leaveOut.length > 0 ? { leaveOut: leaveOut.map(({ pattern }) => pattern).join(' ') } : {}),
      },
    },
    async (tx) => {
      await beginRestore(
        context,
        tx,
        { restoreId, jobId, nowMs },
        {
          clusterId: parsed.clusterId,
          otherClusterId,
          source: parsed.source,
          sourceLabel: source.label,
          sourceStoreId,
          scope: toJson(scope),
          mode: parsed.mode,
          onConflict: parsed.onConflict,
          options: parsed.options,
        },
      )
    },
  )
  return { restoreId, jobId }
}

async function assertInStore(context: ServiceContext, ref: TreeRef, storeId: string): Promise<void> {
  if (ref.kind === 'backup') {
    await findPlaceOf(context, await getBackupRow(context, ref.backupId), storeId)
    return
  }
  throw new ServiceError('INVALID_INPUT', 'Only a backup lies in a store', {
    unaffected: 'nothing was planned',
    details: { fields: { sourceStoreId: 'Only a backup lies in a store' } },
  })
}

type Selection = ReturnType<typeof createRestoreSchema.parse>['selection']

/** Rules of the cluster that the diff is about: those that its page applies. */
async function findLeaveOut(context: ServiceContext, diffId: string | null): Promise<FrozenIgnoreRule[]> {
  if (diffId === null) return []
  return freezeIgnoreRules(context, (await getDiffRow(context, diffId)).clusterId)
}

function toScope(
  selection: Selection,
  how: { readonly targetPath: string | null; readonly leaveOut: readonly FrozenIgnoreRule[] },
): RestoreScope {
  const { targetPath, leaveOut } = how
  if (targetPath !== null && selection.kind !== 'subtree') {
    throw new ServiceError('INVALID_INPUT', 'Only a subtree can be put elsewhere', {
      details: { fields: { targetPath: 'Only a subtree can be put elsewhere' } },
    })
  }
  switch (selection.kind) {
    case 'all':
      return { kind: 'all' }
    case 'subtree':
      return {
        kind: 'subtree',
        path: parsePath(selection.path),
        targetPath: targetPath === null ? null : parsePath(targetPath),
      }
    case 'picked': {
      if (selection.paths.length + selection.subtrees.length === 0) {
        throw new ServiceError('INVALID_INPUT', 'Nothing is picked', {
          details: { fields: { selection: 'Pick at least one znode or subtree' } },
        })
      }
      const subtrees = selection.subtrees.length > 0 ? parseRoots(selection.subtrees) : []
      return {
        kind: 'picked',
        paths: [...new Set(selection.paths.map(parsePath))],
        subtrees,
        ...(leaveOut.length > 0 ? { leaveOut } : {}),
      }
    }
  }
}

/** The scope as its column takes it: the same, in arrays that may be written to. */
function toJson(scope: ReturnType<typeof toScope>) {
  if (scope.kind === 'all') return { kind: scope.kind }
  if (scope.kind === 'subtree') return { ...scope, targetPath: scope.targetPath ?? null }
  const leaveOut = scope.leaveOut?.map((rule) => ({ ...rule, fields: [...rule.fields] }))
  return { kind: scope.kind, paths: [...scope.paths], subtrees: [...scope.subtrees], ...(leaveOut ? { leaveOut } : {}) }
}
