import { comparePaths } from '../znode/order.ts'
import { isWithin, ROOT } from '../znode/path.ts'
import type { Znode } from '../znode/znode.ts'

/** A parent and the number that its next sequential child gets: its persisted cversion. */
export interface SequenceCounter {
  readonly path: string
  /** A 32-bit count of all creates below the parent; after 2147483647 it goes on below zero, as the server's own does. */
  readonly next: number
}

interface OpenParent extends SequenceCounter {
  /** Where the name of a direct child begins. */
  readonly nameAt: number
  children: number
  sequential: boolean
}

const SUFFIX_DIGITS = 10

/**
 * Finds the parents whose counter matters, in a stream of znodes in path order: those that have a child with a ten-digit suffix, or had
 * children that are gone (more were created than are there), which may have been sequential. A counter that is just the number of
 * plain children tells nothing that the children do not. Memory: one entry per level of depth, and the list, which is bounded.
 */
export class SequenceCounters {
  readonly #listedMax: number
  readonly #holds: (path: string) => boolean
  readonly #open: OpenParent[] = []
  readonly #listed: SequenceCounter[] = []
  #total = 0

  /** `holds`: false for an ancestor that is in the stream without its other children, of which nothing can be told. */
  constructor(options: { listedMax: number; holds?: (path: string) => boolean }) {
    this.#listedMax = options.listedMax
    this.#holds = options.holds ?? (() => true)
  }

  see({ path, stat }: Pick<Znode, 'path' | 'stat'>): void {
    this.#closeOutside(path)
    const parent = this.#open.at(-1)
    if (parent && path.lastIndexOf('/') === parent.nameAt - 1 && path !== ROOT) {
      parent.children++
      parent.sequential ||= hasSequenceSuffix(path, parent.nameAt)
    }
    const next = stat.cversion
    if (next === 0) return
    this.#open.push({ path, next, nameAt: path === ROOT ? 1 : path.length + 1, children: 0, sequential: false })
  }

  /** Call once, after the last znode. In path order; of more than `listedMax`, those whose subtrees ended first. */
  finish(): { readonly listed: readonly SequenceCounter[]; readonly total: number } {
    while (this.#open.length > 0) this.#close()
    return { listed: this.#listed.sort((a, b) => comparePaths(a.path, b.path)), total: this.#total }
  }

  #closeOutside(path: string): void {
    for (let top = this.#open.at(-1); top && !isWithin(path, top.path); top = this.#open.at(-1)) this.#close()
  }

  /** Takes a parent of which it is known that its counter matters. */
  list(counter: SequenceCounter): void {
    if (!this.#holds(counter.path)) return
    this.#total++
    if (this.#listed.length < this.#listedMax) this.#listed.push(counter)
  }

  #close(): void {
    const { path, next, children, sequential } = this.#open.pop()!
    if (sequential || next <= 0 || next > children) this.list({ path, next })
  }
}

/** `%010d`, which is longer than ten characters only below zero. */
function hasSequenceSuffix(path: string, nameAt: number): boolean {
  const from = path.length - SUFFIX_DIGITS
  if (from < nameAt) return false
  for (let at = path.length - 1; at >= from; at--) {
    const code = path.charCodeAt(at)
    if (code >= 48 && code <= 57) continue
    return at === from && code === 45
  }
  return true
}
