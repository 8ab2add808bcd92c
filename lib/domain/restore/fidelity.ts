import { formatHex64 } from '../../base/hex64.ts'
import type { ZnodeKind } from '../znode/znode.ts'

/** What becomes of sequence counters: left as creates and deletes leave them, or advanced to the source's by children made and removed. */
export type CounterMode = 'leave' | 'burn'

/** Creates and deletes that one restore may spend on counters unless told otherwise. */
export const COUNTER_OPERATIONS_MAX = 100_000

export interface CounterOptions {
  readonly mode: CounterMode
  /** Creates and deletes in all; a parent that needs more than is left of them keeps its lower counter. */
  readonly operationsMax: number
}

/** Whether the session that owned an ephemeral was alive in the source; `unknown` where the source has no list of sessions. */
export type OwnerSession = 'alive' | 'dead' | 'unknown'

/** How many there are, and the first hundred of them. The rest is in the report. */
export interface Listing<T> {
  readonly total: number
  readonly listed: readonly T[]
}

/** A parent whose counter stays lower than in the source. `physical-only` reasons are all but `left`. */
export interface CounterLeft {
  readonly path: string
  /** What its next sequential child will get, and would have got in the source. */
  readonly next: number
  readonly source: number
  readonly reason: 'left' | 'cap' | 'empty-container' | 'no-rights' | 'too-many'
}

export interface CounterAdvance {
  readonly path: string
  readonly from: number
  readonly to: number
}

export interface EphemeralLeft {
  readonly path: string
  readonly owner: string
  readonly session: OwnerSession
}

/** What a plan carries and what it does not, beside the steps themselves; made while planning, kept with the plan. */
export interface PlanFidelity {
  readonly kinds: {
    /** Created as what they are in the source. */
    readonly containers: number
    readonly ttls: number
    /** Created as persistent: the source was read by the client protocol, which does not tell. */
    readonly unknown: Listing<{ readonly path: string }>
    /** Exist with another kind than in the source, which no write can change. */
    readonly differing: Listing<{ readonly path: string; readonly live: string; readonly source: string }>
    /** Exist, and are containers or have a TTL in the source; what they are on the cluster is unknown by the client protocol. */
    readonly untold: Listing<{ readonly path: string; readonly source: string }>
  }
  readonly acls: {
    /** Lists that steps of the plan write. */
    readonly planned: number
    /** The source hides digests of these. */
    readonly masked: Listing<{ readonly path: string }>
  }
  readonly counters: {
    readonly mode: CounterMode
    readonly operationsMax: number
    readonly advanced: Listing<CounterAdvance>
    /** Creates and deletes of all advances, and the transactions that carry them. */
    readonly operations: number
    readonly batches: number
    readonly left: Listing<CounterLeft>
  }
  readonly quotas: {
    readonly asked: boolean
    /** Why none could be restored although asked for; null where they could. */
    readonly obstacle: string | null
    /** Paths whose limits are written or taken away. */
    readonly written: Listing<{ readonly path: string }>
    /** Limits of the source that differ on the cluster and are left; null where that was not looked at. */
    readonly left: number | null
  }
  readonly ephemerals: {
    /** Of the source, in what was asked for, and not on the cluster as they are there. */
    readonly left: Listing<EphemeralLeft>
    /** Of them, those whose owner session was not alive in the source any more. */
    readonly dead: number
  }
}

/** One line of the list of what a plan does not carry. */
export type LeftOutLine =
  | ({ readonly leftOut: 'ephemeral' } & EphemeralLeft)
  | ({ readonly leftOut: 'counter' } & CounterLeft)
  | { readonly leftOut: 'kind'; readonly path: string; readonly live: string; readonly source: string }

const LISTED_MAX = 100

class Lister<T> {
  private total = 0
  private readonly listed: T[] = []

  add(item: T): void {
    this.total++
    if (this.listed.length < LISTED_MAX) this.listed.push(item)
  }

  list(): Listing<T> {
    return { total: this.total, listed: this.listed }
  }
}

/** Takes notes while a plan is made. `onLeftOut` gets every line, the summary the first of each sort. */
export class FidelityNotes {
  private readonly onLeftOut: (line: LeftOutLine) => void
  private readonly kinds = {
    containers: 0,
    ttls: 0,
    unknown: new Lister<{ path: string }>(),
    differing: new Lister<{ path: string; live: string; source: string }>(),
    untold: new Lister<{ path: string; source: string }>(),
  }
  private readonly masked = new Lister<{ path: string }>()
  private readonly advanced = new Lister<CounterAdvance>()
  private readonly countersLeft = new Lister<CounterLeft>()
  private readonly quotas = new Lister<{ path: string }>()
  private readonly ephemerals = new Lister<EphemeralLeft>()
  private units = 0
  private dead = 0
  quotasLeft: number | null = null
  quotaObstacle: string | null = null

  constructor(onLeftOut: (line: LeftOutLine) => void = () => undefined) {
    this.onLeftOut = onLeftOut
  }

  created(path: string, kind: ZnodeKind): void {
    if (kind === 'container') this.kinds.containers++
    if (kind === 'ttl') this.kinds.ttls++
    if (kind === 'unknown') this.kinds.unknown.add({ path })
  }

  kindDiffers(path: string, live: string, source: string): void {
    this.kinds.differing.add({ path, live, source })
    this.onLeftOut({ leftOut: 'kind', path, live, source })
  }

  kindUntold(path: string, source: string): void {
    this.kinds.untold.add({ path, source })
    this.onLeftOut({ leftOut: 'kind', path, live: 'unknown by the client protocol', source })
  }

  aclMasked(path: string): void {
    this.masked.add({ path })
  }

  ephemeral(path: string, owner: bigint, session: OwnerSession): void {
    const line = { path, owner: formatHex64(owner), session }
    this.ephemerals.add(line)
    if (session === 'dead') this.dead++
    this.onLeftOut({ leftOut: 'ephemeral', ...line })
  }

  counterLeft(left: CounterLeft): void {
    this.countersLeft.add(left)
    this.onLeftOut({ leftOut: 'counter', ...left })
  }

  counterAdvanced(advance: CounterAdvance): void {
    this.advanced.add(advance)
    this.units += advance.to - advance.from
  }

  quotaWritten(path: string): void {
    this.quotas.add({ path })
  }

  finish(facts: { counters: CounterOptions; aclsPlanned: number; quotasAsked: boolean }): PlanFidelity {
    return {
      kinds: {
        containers: this.kinds.containers,
        ttls: this.kinds.ttls,
        unknown: this.kinds.unknown.list(),
        differing: this.kinds.differing.list(),
        untold: this.kinds.untold.list(),
      },
      acls: { planned: facts.aclsPlanned, masked: this.masked.list() },
      counters: {
        ...facts.counters,
        advanced: this.advanced.list(),
        operations: 2 * this.units,
        batches: Math.ceil(this.units / COUNTER_UNITS_AT_ONCE),
        left: this.countersLeft.list(),
      },
      quotas: {
        asked: facts.quotasAsked,
        obstacle: this.quotaObstacle,
        written: this.quotas.list(),
        left: this.quotasLeft,
      },
      ephemerals: { left: this.ephemerals.list(), dead: this.dead },
    }
  }
}

/** Creates in one transaction: each comes with a delete, and a multi has a thousand operations at most. */
export const COUNTER_UNITS_AT_ONCE = 500
