import { z } from 'zod'
import type { RestoreScope } from '../engine/plan-restore-to.ts'

/** What the row keeps of the question: enough to plan it again. */
export const storedScopeSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('all') }),
  z.object({ kind: z.literal('subtree'), path: z.string(), targetPath: z.string().nullable() }),
  z.object({ kind: z.literal('picked'), paths: z.array(z.string()), subtrees: z.array(z.string()) }),
  z.object({ kind: z.literal('undo') }),
])
export type StoredScope = RestoreScope | { readonly kind: 'undo' }

export function describeScope(scope: StoredScope): string {
  switch (scope.kind) {
    case 'all':
      return 'Everything in the source'
    case 'undo':
      return 'What the restore has written'
    case 'subtree':
      return scope.targetPath && scope.targetPath !== scope.path
        ? `${scope.path}, put at ${scope.targetPath}`
        : scope.path
    case 'picked': {
      const picks = [
        scope.paths.length > 0 ? `${scope.paths.length} znodes` : '',
        scope.subtrees.length > 0 ? `${scope.subtrees.length} subtrees` : '',
      ].filter(Boolean)
      const single =
        scope.paths.length + scope.subtrees.length === 1 ? (scope.paths[0] ?? scope.subtrees[0]) : undefined
      return single ?? picks.join(' and ')
    }
  }
}
