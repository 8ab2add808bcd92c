import { mapPath, mapPaths } from '../../domain/restore/map-paths.ts'
import { ROOT } from '../../domain/znode/path.ts'
import type { TreeReader, ZnodeReading } from '../../domain/znode/ports.ts'

/**
 * A server's whole tree as a client with this chroot sees it: its files hold absolute paths, while everything that Arkeeper knows of
 * such a cluster (live tree, backups, restores) is relative to the chroot. The reader stays the caller's to close.
 */
export function chrootedTree(reader: TreeReader, chroot: string): TreeReader {
  if (chroot === ROOT) return { ...bound(reader), close: async () => undefined }
  const outer = (path: string) => mapPath(path, ROOT, chroot)
  return {
    get: async (path, options) => inside(await reader.get(outer(path), options), path),
    listChildren: (path, page) => reader.listChildren(outer(path), page),
    readSubtree: (root, options) =>
      mapPaths(reader.readSubtree(outer(root), { ...options, includeSystem: true }), chroot, ROOT),
    close: async () => undefined,
  }
}

function bound(reader: TreeReader): Pick<TreeReader, 'get' | 'listChildren' | 'readSubtree'> {
  return {
    get: (path, options) => reader.get(path, options),
    listChildren: (path, page) => reader.listChildren(path, page),
    readSubtree: (root, options) => reader.readSubtree(root, options),
  }
}

function inside(reading: ZnodeReading, path: string): ZnodeReading {
  if (reading.kind !== 'found') return reading
  // Field by field: a spread would miss the getters of a lazily decoded znode.
  const { data, acl, stat, kind, ttlMs } = reading.znode
  return { ...reading, znode: { path, data, acl, stat, kind, ttlMs } }
}
