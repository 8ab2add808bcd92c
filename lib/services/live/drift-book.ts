import { z } from 'zod'
import type { Change } from '../../domain/diff/change.ts'
import { comparePaths } from '../../domain/znode/order.ts'

/** Differences that are kept one by one. With more of them a cluster is compared as a whole again, and not kept up write by write. */
export const DRIFT_LISTED_MAX = 1_000

const differenceSchema = z.object({
  path: z.string(),
  change: z.enum(['added', 'removed', 'changed']),
  fields: z.array(z.enum(['data', 'acl', 'kind'])).readonly(),
})
export const differencesSchema = z.array(differenceSchema)
export type Difference = z.infer<typeof differenceSchema>

/** What differs from a baseline: counts of all, and the first of them. */
export class DriftBook {
  readonly counts = { added: 0, removed: 0, changed: 0 }
  readonly #listed = new Map<string, Difference>()

  constructor(known: readonly Difference[] = []) {
    for (const each of known) this.#add(each)
  }

  /** True where there are more than are listed: then nothing can be taken out any more. */
  get isCut(): boolean {
    return this.total > this.#listed.size
  }

  get total(): number {
    return this.counts.added + this.counts.removed + this.counts.changed
  }

  /** In path order. */
  list(): Difference[] {
    return [...this.#listed.values()].sort((a, b) => comparePaths(a.path, b.path))
  }

  /** What differs at a path now, whatever did before. Only while it is not cut. */
  set(path: string, change: Pick<Change, 'change' | 'fields'> | null): void {
    const known = this.#listed.get(path)
    if (known) {
      this.counts[known.change]--
      this.#listed.delete(path)
    }
    if (change) this.add({ path, change: change.change, fields: change.fields })
  }

  /** Of a path that was not told of before. */
  add(change: Pick<Change, 'path' | 'change' | 'fields'>): void {
    this.#add({ path: change.path, change: change.change, fields: [...change.fields] })
  }

  #add(difference: Difference): void {
    this.counts[difference.change]++
    if (this.#listed.size < DRIFT_LISTED_MAX) this.#listed.set(difference.path, difference)
  }
}
