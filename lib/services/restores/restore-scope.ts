import { z } from 'zod'
import { countOf } from '../../base/count-of.ts'
import type { LaterWrites } from '../../domain/restore/plan-undo.ts'
import { isWithin, parentPath, ROOT } from '../../domain/znode/path.ts'
import type { EditVerb } from '../edits/edit-record.ts'
import type { RestoreScope } from '../engine/plan-restore-to.ts'
import { frozenRulesSchema } from '../ignore-rules/list-ignore-rules.ts'

/** What the row keeps of the question: enough to plan it again. */
export const storedScopeSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('all') }),
  z.object({ kind: z.literal('subtree'), path: z.string(), targetPath: z.string().nullable() }),
  z.object({
    kind: z.literal('picked'),
    paths: z.array(z.string()),
    subtrees: z.array(z.string()),
    /** The rules whose changes the plan leaves out, as they were when it was asked for. */
    leaveOut: frozenRulesSchema.optional(),
  }),
  z.object({
    kind: z.literal('undo'),
    /** What others wrote since over what is taken back: left as it is, unless somebody says otherwise. */
    laterWrites: z.enum(['keep', 'overwrite']).optional(),
  }),
  /** One edit by hand, kept so that it can be taken back. */
  z.object({ kind: z.literal('edit'), verb: z.enum(['create', 'set-data', 'set-acl', 'delete']), path: z.string() }),
  /** What one transaction did, of whomever: each place back to how it was just before. `path`: the lowest znode above all of them. */
  z.object({
    kind: z.literal('transaction'),
    zxid: z.string(),
    znodes: z.number(),
    path: z.string(),
    laterWrites: z.enum(['keep', 'overwrite']).optional(),
  }),
  /** What a run left undone: its stale steps against the live tree, the others as they were. */
  z.object({ kind: z.literal('rest'), of: z.string(), label: z.string(), path: z.string().nullable() }),
])
export type StoredScope =
  | RestoreScope
  | { readonly kind: 'undo'; readonly laterWrites?: LaterWrites }
  | {
      readonly kind: 'transaction'
      readonly zxid: string
      readonly znodes: number
      readonly path: string
      readonly laterWrites?: LaterWrites
    }
  | { readonly kind: 'edit'; readonly verb: EditVerb; readonly path: string }
  | { readonly kind: 'rest'; readonly of: string; readonly label: string; readonly path: string | null }

const EDIT_WORDS: Record<EditVerb, string> = {
  create: 'Created',
  'set-data': 'Changed the value of',
  'set-acl': 'Changed the access to',
  delete: 'Deleted',
}

export function describeScope(scope: StoredScope): string {
  switch (scope.kind) {
    case 'all':
      return 'Everything in the source'
    case 'undo':
      return 'What the restore has written'
    case 'edit':
      return `${EDIT_WORDS[scope.verb]} ${scope.path}`
    case 'transaction':
      return `Undo of transaction ${scope.zxid}: ${scope.znodes === 1 ? scope.path : countOf(scope.znodes, 'znode')}`
    case 'rest':
      return `The rest of: ${scope.label}`
    case 'subtree':
      return scope.targetPath && scope.targetPath !== scope.path
        ? `${scope.path}, put at ${scope.targetPath}`
        : scope.path
    case 'picked': {
      const picks = [
        scope.paths.length > 0 ? countOf(scope.paths.length, 'znode') : '',
        scope.subtrees.length > 0 ? `${scope.subtrees.length} subtrees` : '',
      ].filter(Boolean)
      const single =
        scope.paths.length + scope.subtrees.length === 1 ? (scope.paths[0] ?? scope.subtrees[0]) : undefined
      return single ?? picks.join(' and ')
    }
  }
}

/** The place on the target that the audit files a restore under: the subtree, or the lowest znode above all picks. Null where only the plan knows. */
export function auditPathOf(scope: unknown): string | null {
  const parsed = storedScopeSchema.safeParse(scope)
  if (!parsed.success) return null
  switch (parsed.data.kind) {
    case 'all':
      return ROOT
    case 'subtree':
      return parsed.data.targetPath ?? parsed.data.path
    case 'picked':
      return lowestAbove([...parsed.data.paths, ...parsed.data.subtrees])
    case 'edit':
    case 'rest':
    case 'transaction':
      return parsed.data.path
    case 'undo':
      return null
  }
}

/** Root of nothing. */
export function lowestAbove(paths: readonly string[]): string {
  let above = paths[0] ?? ROOT
  for (const path of paths) while (!isWithin(path, above)) above = parentPath(above)
  return above
}

export function laterWritesOf(scope: unknown): LaterWrites {
  return findUndo(scope)?.laterWrites ?? 'keep'
}

/** The scope with another choice of what becomes of later writes; null where that is not asked. */
export function withLaterWrites(scope: unknown, laterWrites: LaterWrites) {
  const undo = findUndo(scope)
  return undo && { ...undo, laterWrites }
}

function findUndo(scope: unknown) {
  const { data } = storedScopeSchema.safeParse(scope)
  return data?.kind === 'undo' || data?.kind === 'transaction' ? data : null
}
