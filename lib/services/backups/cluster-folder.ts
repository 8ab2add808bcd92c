import { isAbsolute, join, relative, resolve } from 'node:path'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'

/**
 * Folder of a cluster's archives. A name is letters, digits, space, dot, dash and underscore and begins with a letter or digit
 * (clusters/schemas.ts), so it is a folder name as it stands.
 */
export function clusterFolder(context: Pick<ServiceContext, 'paths'>, clusterName: string): string {
  return join(context.paths.storeDir, clusterName)
}

export function toStoreRelative(context: Pick<ServiceContext, 'paths'>, dir: string): string {
  return relative(context.paths.storeDir, dir)
}

/** Absolute folder of a catalogued archive. A row that points outside the store is refused: files are deleted by it. */
export function archiveDirOf(context: Pick<ServiceContext, 'paths'>, dir: string): string {
  const absolute = resolve(context.paths.storeDir, dir)
  const inside = relative(context.paths.storeDir, absolute)
  if (inside === '' || inside.startsWith('..') || isAbsolute(inside)) {
    throw new ServiceError('INVALID_INPUT', `The archive ${dir} does not lie in the store`, {
      unaffected: 'nothing was changed',
    })
  }
  return absolute
}
