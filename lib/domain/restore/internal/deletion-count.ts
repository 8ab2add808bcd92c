import { isWithin, ROOT } from '../../znode/path.ts'

const TOPS_MAX = 1000

/** How much is deleted in which part of a tree: by the topmost znode below `root` that a deletion lies at or below. */
export class DeletionCount {
  private readonly root: string
  private readonly tops = new Map<string, number>()

  constructor(root: string) {
    this.root = root
  }

  add(path: string): void {
    const top = this.topOf(path)
    const count = this.tops.get(top)
    if (count === undefined && this.tops.size >= TOPS_MAX) return
    this.tops.set(top, (count ?? 0) + 1)
  }

  /** Most first, by path where equal. */
  list(): { readonly path: string; readonly count: number }[] {
    const tops = [...this.tops].map(([path, count]) => ({ path, count }))
    return tops.sort((a, b) => b.count - a.count || (a.path < b.path ? -1 : 1))
  }

  private topOf(path: string): string {
    if (path === this.root || !isWithin(path, this.root)) return path
    const from = this.root === ROOT ? 1 : this.root.length + 1
    const end = path.indexOf('/', from)
    return end === -1 ? path : path.slice(0, end)
  }
}
