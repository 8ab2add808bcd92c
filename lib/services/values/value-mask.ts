import { judgeValue, type ValueJudgement, ValueRules } from '../../domain/value/value-rules.ts'
import { writeAudit } from '../audit/write-audit.ts'
import type { Role, ServiceContext } from '../context.ts'
import { roleAt } from '../policy.ts'
import { loadValueRules, type RulesInForce, type ToldRule } from './load-value-rules.ts'
import type { HiddenValueView } from './views.ts'

/** One entry a person and path in so long, however often the page is loaded. */
export const READ_AGAIN_MS = 10 * 60_000
/** Paths named one by one in `value.read` entries of one answer. */
const RECORDED_MAX = 100

export interface Judged extends ValueJudgement {
  readonly rules: readonly ToldRule[]
}

/** What is hidden from somebody at a cluster. Whoever turns bytes of a znode into an answer asks it first. */
export class ValueMask {
  readonly #inForce: RulesInForce
  readonly #role: Role
  readonly #shown = new Set<string>()

  constructor(inForce: RulesInForce, role: Role) {
    this.#inForce = inForce
    this.#role = role
  }

  /** As the path is shown to people: below the chroot of the cluster. Null: no rule is about it. */
  judge(path: string): Judged | null {
    const { rules, chroot } = this.#inForce
    if (rules.isEmpty) return null
    let matching = rules.match(path)
    if (chroot !== '') {
      const whole = rules.match(path === '/' ? chroot : chroot + path)
      if (whole.length > 0) matching = [...new Set([...matching, ...whole])]
    }
    return matching.length === 0 ? null : { ...judgeValue(matching, this.#role), rules: matching }
  }

  /**
   * Null: the value may be shown, and is put on record if a rule says so. What has no bytes tells nothing that its size does not tell.
   */
  hide(path: string, data: Uint8Array | null): HiddenValueView | null {
    if (data === null || data.length === 0) return null
    const judged = this.judge(path)
    if (judged === null) return null
    if (judged.isHidden) return toHiddenView(judged)
    if (judged.isRecorded) this.#shown.add(path)
    return null
  }

  /** A piece of it is shown that was read before: put on record if a rule says so. */
  show(path: string): void {
    if (this.judge(path)?.isRecorded) this.#shown.add(path)
  }

  /** A rule that keeps something from being revealed by whoever it is; null where they may reveal all there is. */
  findObstacle(): ToldRule | null {
    return (
      this.#inForce.all.find((rule) => rule.effect !== 'record' && !judgeValue([rule], this.#role).mayReveal) ?? null
    )
  }

  /** Paths that were shown and have to be put on record. */
  get shown(): readonly string[] {
    return [...this.#shown]
  }
}

/** Hides nothing: for whoever has just been allowed to see it, and is on record for it. */
export const NO_MASK = new ValueMask({ rules: new ValueRules([]), all: [], chroot: '' }, 'none')

function toHiddenView({ rules, leastRole, mayReveal }: Judged): HiddenValueView {
  const because = rules.filter((rule) => rule.effect !== 'record').map((rule) => rule.because)
  return { because: [...new Set(because)], leastRole, mayReveal }
}

type MaskContext = Pick<ServiceContext, 'actor' | 'clock' | 'db'>

export async function loadValueMask(
  context: Pick<ServiceContext, 'actor' | 'db'>,
  clusterId: string | null,
): Promise<ValueMask> {
  return new ValueMask(await loadValueRules(context, clusterId), roleAt(context.actor, clusterId))
}

/** For what everybody may look at later: as for somebody who may only look. */
export async function loadMaskForAll(
  context: Pick<ServiceContext, 'db'>,
  clusterId: string | null,
): Promise<ValueMask> {
  return new ValueMask(await loadValueRules(context, clusterId), 'viewer')
}

export interface ReadPlace {
  readonly clusterId: string
  /** TreeRef text. */
  readonly tree: string
}

/** The one way to an answer with values: `read` asks the mask, and what it was allowed to show is on record before the answer is given. */
export async function withValueMask<T>(
  context: MaskContext,
  place: ReadPlace,
  read: (mask: ValueMask) => Promise<T>,
): Promise<T> {
  const mask = await loadValueMask(context, place.clusterId)
  const answer = await read(mask)
  await recordReads(context, place, mask.shown)
  return answer
}

async function recordReads(context: MaskContext, place: ReadPlace, paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return
  const { actor, clock, db } = context
  const since = new Date(clock.now() - READ_AGAIN_MS)
  const cluster = await db.cluster.findUnique({ where: { id: place.clusterId }, select: { name: true } })
  for (const path of paths.slice(0, RECORDED_MAX)) {
    const known = await db.auditEntry.findFirst({
      where: { action: 'value.read', actorId: actor.id, clusterId: place.clusterId, path, at: { gt: since } },
      select: { id: true },
    })
    if (known) continue
    await writeAudit(db, context, {
      action: 'value.read',
      outcome: 'ok',
      cluster: { id: place.clusterId, name: cluster?.name ?? place.clusterId },
      path,
      after: { tree: place.tree, ...(paths.length > RECORDED_MAX ? { paths: paths.length } : {}) },
    })
  }
}
