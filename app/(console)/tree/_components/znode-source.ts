import { requestJson } from '@/app/_components/request-json.ts'
import type { DirPage, TreeSource } from '@/app/_components/tree/use-tree.ts'
import { paths, type TreeAddress } from '@/app/_nav/paths.ts'
import type { ChildrenView, ChildView } from '@/lib/services/tree/views.ts'

/** A row of the tree page. */
export interface ZnodeItem extends Omit<ChildView, 'mtime'> {
  readonly hasChildren: boolean
}

const ROOT: ZnodeItem = {
  path: '/',
  name: '/',
  kind: 'persistent',
  numChildren: 1,
  dataLength: 0,
  mzxid: '0x0',
  hasChildren: true,
}

const toItem = (child: ChildView): ZnodeItem => ({ ...child, hasChildren: child.numChildren > 0 })

/** The znodes of a live cluster or a backup, page by page. */
export function znodeSource(tree: TreeAddress): TreeSource<ZnodeItem> {
  return {
    root: ROOT,
    isSame: (a, b) => a.mzxid === b.mzxid && a.numChildren === b.numChildren && a.kind === b.kind,
    async fetchPage(dir, { after, limit, signal }): Promise<DirPage<ZnodeItem>> {
      const url = paths.api.children(tree, { path: dir, after, limit })
      const view = await requestJson<ChildrenView>(url, { signal })
      if (view.kind === 'page') {
        return { kind: 'page', items: view.children.map(toItem), total: view.total, next: view.next }
      }
      if (view.kind === 'missing') return { kind: 'note', tone: 'quiet', text: 'This znode is not there any more' }
      return { kind: 'note', tone: 'bad', text: `Cannot be read: ${view.message}` }
    },
  }
}
