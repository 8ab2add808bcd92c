import type { LiveExpectation } from '../plan.ts'
import { GuardList } from './guard-list.ts'

export interface Noted<T> {
  readonly path: string
  readonly expect: LiveExpectation
  readonly value: T
}

/** Stands for a znode that the plan itself creates: nothing is known now that could guard it. */
const ABSENT = { kind: 'present', czxid: -1n, version: 0, aversion: 0 } as const

/** Paths with values of which there are few different ones, as ACLs are: a million take a few bytes each beside their path. */
export class NotedList<T> {
  private readonly keyOf: (value: T) => string
  private readonly paths = new GuardList()
  private readonly values: T[] = []
  private readonly known = new Map<string, number>()
  private absentCount = 0

  /** `keyOf`: equal for values that may stand for each other. */
  constructor(keyOf: (value: T) => string) {
    this.keyOf = keyOf
  }

  add(path: string, expect: LiveExpectation, value: T): void {
    const key = this.keyOf(value)
    let at = this.known.get(key)
    if (at === undefined) {
      at = this.values.push(value) - 1
      this.known.set(key, at)
    }
    this.paths.add(path, expect.kind === 'absent' ? ABSENT : expect, at)
    if (expect.kind === 'absent') this.absentCount++
  }

  /** How many of them expect nothing at their path. */
  get absent(): number {
    return this.absentCount
  }

  /** In path order; equal paths as they came. */
  *ascending(): Generator<Noted<T>, void, void> {
    for (const { path, expect, note } of this.paths.ascending()) yield this.noted(path, expect, note)
  }

  /** Children before their parents. */
  *descending(): Generator<Noted<T>, void, void> {
    for (const { path, expect, note } of this.paths.descending()) yield this.noted(path, expect, note)
  }

  private noted(path: string, expect: Extract<LiveExpectation, { kind: 'present' }>, note: number): Noted<T> {
    return { path, expect: expect.czxid === ABSENT.czxid ? { kind: 'absent' } : expect, value: this.values[note]! }
  }
}
