import { countOf } from '../../../base/count-of.ts'
import { type Acl, isMaskedAcl, PERM } from '../../znode/acl.ts'
import { comparePaths } from '../../znode/order.ts'
import { type AclIdentity, rightsUnder, withOwnRights } from '../acl-rights.ts'
import { COUNTER_OPERATIONS_MAX, type CounterLeft, type CounterOptions } from '../fidelity.ts'
import type { LiveExpectation } from '../plan.ts'
import type { PlanBuilder, PlanTarget } from '../plan-builder.ts'
import { counterPair } from './counter-operations.ts'
import { MULTI_OVERHEAD_BYTES } from './step-operation.ts'

/** A parent whose counter would be lower after the restore than it was in the source. */
export interface CounterNeed {
  readonly path: string
  readonly source: number
  /** After all that the plan creates below it. */
  readonly next: number
  /** Children of the source that the plan leaves out: they explain a part of its counter. */
  readonly left: number
  /** It is in the selection, or gets children by the plan. */
  readonly isAskedFor: boolean
  /** A container without children is removed by the server as soon as it has had one. */
  readonly mayVanish: boolean
  /** The list under which children would be made and removed. */
  readonly acl: Acl
  /** The plan creates it with children: where its list forbids that, it has rights for this session until the end. */
  readonly isCreatedForChildren: boolean
  readonly expect: LiveExpectation
}

/** Needs that are kept; a tree with more parents than this is beyond any sensible cap. */
const NEEDS_MAX = 50_000
const NEEDED_RIGHTS = PERM.create | PERM.delete
const REASONS: Readonly<Record<Exclude<CounterLeft['reason'], 'left'>, string>> = {
  cap: 'advancing it needs more operations than the restore may spend on counters',
  'empty-container': 'it is an empty container, which the server would remove once it has had a child',
  'no-rights': 'its ACL does not let this session make and remove children',
  'too-many': 'there are too many such parents',
}

/** Decides which sequence counters a plan brings back, within its cap: the cheapest first, so that as many as possible are. */
export class CounterPlanner {
  private readonly builder: PlanBuilder
  private readonly options: CounterOptions
  private readonly identities: readonly AclIdentity[]
  private readonly limits: PlanTarget
  private readonly needs: CounterNeed[] = []

  constructor(
    builder: PlanBuilder,
    known: { options?: CounterOptions; identities: readonly AclIdentity[]; limits: PlanTarget },
  ) {
    this.builder = builder
    this.options = known.options ?? { mode: 'leave', operationsMax: COUNTER_OPERATIONS_MAX }
    this.identities = known.identities
    this.limits = known.limits
  }

  add(need: CounterNeed): void {
    if (need.source <= need.next) return
    if (this.options.mode === 'leave' || !need.isAskedFor) this.leave(need, 'left')
    else if (need.mayVanish) this.leave(need, 'empty-container')
    else if (!this.isAllowed(need)) this.leave(need, 'no-rights')
    else if (this.needs.length >= NEEDS_MAX) this.leave(need, 'too-many')
    else this.needs.push(need)
  }

  finish(targetPath: string): void {
    const affordable: CounterNeed[] = []
    let room = this.options.operationsMax
    for (const need of this.needs.sort(cheapestFirst)) {
      const cost = costOf(need)
      if (cost <= room) {
        room -= cost
        affordable.push(need)
      } else {
        this.leave(need, 'cap')
      }
    }
    for (const { path, next, source, expect } of affordable.sort((a, b) => comparePaths(a.path, b.path)))
      this.builder.advanceLater({ path, from: next, to: source }, expect)
    if (affordable.length === 0) return
    const watchers = 'whoever watches their children is woken up, and no undo turns a counter back'
    const what = `${countOf(affordable.length, 'parent')} will have children made and removed at once`
    this.builder.warn(
      'counter-advance',
      affordable.length === 1 ? affordable[0]!.path : targetPath,
      `${what}: ${watchers}`,
    )
  }

  private leave({ path, next, source, left }: CounterNeed, reason: CounterLeft['reason']): void {
    // What the plan leaves out would bring the counter to where it was.
    if (reason === 'left' && source <= next + left) return
    const what = `its next sequential child will get number ${next}, in the source it would have got ${source}`
    const why = reason === 'left' ? '' : ` (only a physical restore brings it back: ${REASONS[reason]})`
    this.builder.warn('counter-back', path, `${what}: names may repeat${why}`)
    this.builder.notes.counterLeft({ path, next, source, reason })
  }

  private isAllowed({ path, acl, isCreatedForChildren }: CounterNeed): boolean {
    const { limits } = this
    const size = counterPair(path, 0).reduce((sum, operation) => sum + limits.encodedSizeOf(operation), 0)
    if (size > limits.requestBytesMax - MULTI_OVERHEAD_BYTES) return false
    const rights = rightsUnder(acl, this.identities)
    if (isCreatedForChildren && (rights & PERM.create) === 0) return withOwnRights(acl, this.identities) !== null
    // What a hidden digest allows, only the server knows.
    return isMaskedAcl(acl) || (rights & NEEDED_RIGHTS) === NEEDED_RIGHTS
  }
}

function costOf({ source, next }: CounterNeed): number {
  return 2 * (source - next)
}

function cheapestFirst(a: CounterNeed, b: CounterNeed): number {
  return costOf(a) - costOf(b) || comparePaths(a.path, b.path)
}
