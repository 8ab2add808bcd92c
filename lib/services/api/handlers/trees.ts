import { ServiceError } from '../../errors.ts'
import { exportFileName, exportSubtree } from '../../tree/export-subtree.ts'
import { getZnode } from '../../tree/get-znode.ts'
import { listChildren } from '../../tree/list-children.ts'
import { readValue } from '../../tree/read-value.ts'
import { parseTreeRef, type TreeRef } from '../../tree/tree-ref.ts'
import type { treeOperations } from '../contract/trees.ts'
import { type Handlers, JSON_LINES } from '../handler.ts'

export const treeHandlers: Handlers<typeof treeOperations> = {
  listChildren: async (context, { params, query }) => {
    const page = await listChildren(context, { ref: refOf(params), ...query })
    if (page.kind !== 'page') throw notRead(query.path, page)
    return { items: page.children, total: page.total, next: page.next }
  },
  getZnode: async (context, { params, query }) => {
    const reading = await getZnode(context, { ref: refOf(params), path: query.path })
    if (reading.kind !== 'found') throw notRead(query.path, reading)
    return reading.znode
  },
  readValue: async (context, { params, query }) => {
    const { name, data } = await readValue(context, { ref: refOf(params), path: query.path, unpack: false })
    return { name, contentType: 'application/octet-stream', bytes: data.length, pieces: once(data) }
  },
  exportSubtree: async (context, { params, query }) => ({
    name: exportFileName(query.path),
    contentType: JSON_LINES,
    pieces: exportSubtree(context, { ref: refOf(params), path: query.path, exportId: context.newId() }),
  }),
}

function refOf({ kind, treeId }: { readonly kind: string; readonly treeId: string }): TreeRef {
  const ref = parseTreeRef(`${kind}:${treeId}`)
  if (!ref) throw new ServiceError('NOT_FOUND', 'There is no such tree')
  return ref
}

function notRead(
  path: string,
  reading: { readonly kind: 'missing' } | { readonly kind: 'unreadable'; readonly message: string },
): ServiceError {
  if (reading.kind === 'missing') return new ServiceError('NOT_FOUND', `${path} does not exist`)
  return new ServiceError('FORBIDDEN', `${path} cannot be read: ${reading.message}`)
}

async function* once(data: Uint8Array) {
  yield data
}
