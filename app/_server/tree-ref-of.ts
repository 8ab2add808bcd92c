import 'server-only'
import { ServiceError } from '@/lib/services/errors.ts'
import { parseTreeRef, type TreeRef } from '@/lib/services/tree/tree-ref.ts'

export interface TreeRouteParams {
  readonly params: Promise<{ kind: string; id: string }>
}

/** The tree that a route's path names. Throws NOT_FOUND for anything else. */
export async function treeRefOf({ params }: TreeRouteParams): Promise<TreeRef> {
  const { kind, id } = await params
  const ref = parseTreeRef(`${kind}:${id}`)
  if (!ref) throw new ServiceError('NOT_FOUND', 'There is no such tree')
  return ref
}
