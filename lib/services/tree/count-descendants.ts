import { parsePath } from '../../domain/znode/path.ts'
import type { ServiceContext } from '../context.ts'

/** Number of znodes below the path, itself not counted: what a deletion shows first. */
export async function countDescendants(
  context: ServiceContext,
  input: { readonly clusterId: string; readonly path: string },
): Promise<number> {
  const path = parsePath(input.path)
  const connection = await context.sessions.borrow(input.clusterId, { signal: context.signal })
  return connection.countDescendants(path, { signal: context.signal })
}
