import { throwIfAborted } from '../../base/errors.ts'
import type { Change, DiffSide } from '../diff/change.ts'
import { isMaskedAcl, isSameAcl } from '../znode/acl.ts'
import { isSystemPath, isWithin, parentPath, ROOT } from '../znode/path.ts'
import type { Znode } from '../znode/znode.ts'
import type { AclIdentity } from './acl-rights.ts'
import { RestoreError } from './errors.ts'
import type { CounterOptions, LeftOutLine, OwnerSession } from './fidelity.ts'
import { CounterPlanner } from './internal/counter-planner.ts'
import type { LiveExpectation, PlanSummary } from './plan.ts'
import { PlanBuilder, type PlanTarget } from './plan-builder.ts'
import type { PlanHeader } from './plan-hash.ts'
import type { PlanSink } from './ports.ts'
import { isQuotaPath, quotaOwnerOf } from './quota-paths.ts'

/** Which differences to restore, by path in the target. A path means that znode alone, a subtree everything at and below it. */
export interface RestoreSelection {
  readonly paths?: readonly string[]
  readonly subtrees?: readonly string[]
  /** Asked once of each change in a subtree: true leaves it out. A path that is picked by itself is never asked of. */
  readonly leaveOut?: (change: Change) => boolean
}

/** A parent whose sequence counter is higher in the source than live; children that the plan creates are counted by it. */
export interface CounterGap {
  readonly before: Pick<Znode, 'acl' | 'stat' | 'kind'>
  readonly after: Pick<Znode, 'acl' | 'stat' | 'kind'>
}

/** An existing znode that is a container or has a TTL in the source, while the cluster does not tell what it is there. */
export interface KindUntold {
  readonly path: string
  readonly source: string
}

export interface UnreadableOnSide {
  readonly side: DiffSide
  readonly path: string
  readonly message: string
}

export interface PlanRestoreInput extends PlanHeader {
  /** What turns the live tree (before) into the source (after), ephemerals included, paths as in the target, in path order. */
  readonly changes: AsyncIterable<readonly Change[]>
  readonly sink: PlanSink
  readonly limits: PlanTarget
  readonly plannedAtMs: number
  /** Default: every difference. */
  readonly selection?: RestoreSelection
  /** Who the restoring session is; default nobody known. */
  readonly identities?: readonly AclIdentity[]
  /** Znodes above the target path that are missing live, parents first: created when something below them is. */
  readonly missingAncestors?: readonly Znode[]
  /** Asked when the changes have ended: true when the source held nothing that could be restored. Mirroring is then refused. */
  readonly isSourceEmpty?: () => boolean
  /** Likewise: true when the source holds nothing below the path that is restored. Mirroring is refused when it would delete anything. */
  readonly isSourceLeaf?: () => boolean
  /** Asked when the changes have ended: places that a side could not read. */
  readonly unreadable?: () => Iterable<UnreadableOnSide>
  /** Parents on both sides whose counter is ahead in the source, known before the changes below them arrive. */
  readonly counterGaps?: ReadonlyMap<string, CounterGap>
  /** Asked when the changes have ended: how many such parents there are beyond those. */
  readonly counterGapsMissed?: () => number
  /** Default: counters are left alone. */
  readonly counters?: CounterOptions
  /** Whether the session that owned an ephemeral was alive in the source; default unknown. */
  readonly ownerSession?: (owner: bigint) => OwnerSession
  /** Asked when the changes have ended. */
  readonly kindsUntold?: () => Iterable<KindUntold>
  /** Plans the quotas that were asked for, when all other creates are planned; null when none were asked for. */
  readonly quotas?: ((builder: PlanBuilder, isPicked: (path: string) => boolean) => Promise<void>) | null
  readonly onLeftOut?: (line: LeftOutLine) => void
  readonly signal?: AbortSignal
}

/**
 * Turns a diff into the plan that makes the live tree like the source, within mode and selection. Steps go to the sink in order;
 * memory: paths and guards of deletes and of ACL changes. Throws RestoreError EMPTY_SOURCE, CancelledError, and what the changes throw.
 */
export async function planRestore(input: PlanRestoreInput): Promise<PlanSummary> {
  const planner = new RestorePlanner(input)
  for await (const batch of input.changes) {
    throwIfAborted(input.signal)
    for (const change of batch) await planner.add(change)
  }
  return planner.finish()
}

/** Children of a parent that the source has and the cluster has not: what the plan makes of them. */
interface NewChildren {
  created: number
  /** Not picked or not possible: they explain a part of the source's counter, so they are no reason to warn. */
  left: number
}

interface OpenParent extends NewChildren {
  readonly path: string
  readonly sourceCounter: number
  readonly kind: Znode['kind']
  readonly acl: Znode['acl']
}

class RestorePlanner {
  private readonly input: PlanRestoreInput
  private readonly builder: PlanBuilder
  private readonly counters: CounterPlanner
  private quotasLeft = 0
  private readonly isPicked: (path: string) => boolean
  private readonly pickedAlone: ReadonlySet<string>
  /** Znodes that are missing live and were not picked, on the way to the path at hand. */
  private passed: Znode[]
  /** Created znodes on the way to the path at hand, with what is needed to judge their sequence counter. */
  private readonly open: OpenParent[] = []
  /** Of the parents in `counterGaps`. */
  private readonly newBelow = new Map<string, NewChildren>()
  private ephemeralParent: string | null = null
  private deletesAny = false

  constructor(input: PlanRestoreInput) {
    this.input = input
    const identities = input.identities ?? []
    this.builder = new PlanBuilder({ ...input, identities, quotas: input.quotas != null })
    this.counters = new CounterPlanner(this.builder, { options: input.counters, identities, limits: input.limits })
    this.isPicked = toPredicate(input.selection)
    this.pickedAlone = new Set(input.selection?.paths)
    this.passed = [...(input.missingAncestors ?? [])]
  }

  async add(change: Change): Promise<void> {
    const { path, before, after } = change
    if (isSystemPath(path)) {
      this.leaveSystem(change)
    } else if (change.ephemeral) {
      this.leaveEphemeral(change)
    } else if (!this.isPicked(path) || this.isLeftOut(change)) {
      if (change.change === 'added') this.pass(after!)
      if (change.change === 'removed') this.builder.keep(path)
    } else if (change.change === 'added') await this.addCreate(after!)
    else if (change.change === 'changed') await this.addUpdate(change, before!, after!)
    else this.addDelete(before!)
  }

  async finish(): Promise<PlanSummary> {
    const { input, builder } = this
    const isEmpty = input.isSourceEmpty?.() || (this.deletesAny && input.isSourceLeaf?.())
    if (input.mode === 'mirror' && isEmpty) {
      const where = input.isSourceEmpty?.() ? 'at or below' : 'below'
      throw new RestoreError('EMPTY_SOURCE', `${input.source} holds nothing ${where} ${input.sourcePath}`, {
        unaffected: 'nothing was planned; mirroring it would delete everything',
        remedy: 'check the source and the path, or delete on purpose instead',
      })
    }
    for (const { side, path, message } of input.unreadable?.() ?? []) {
      builder.keep(path)
      const where = side === 'before' ? 'on the cluster' : 'in the source'
      builder.warn('unreadable', path, `could not be read ${where}, nothing at or below it is planned: ${message}`)
    }
    while (this.open.length > 0) this.closeParent()
    for (const [path, { before, after }] of input.counterGaps ?? []) {
      const { created, left } = this.newBelow.get(path) ?? { created: 0, left: 0 }
      const live = before.stat.cversion
      this.counters.add({
        path,
        source: after.stat.cversion,
        next: live + created,
        left,
        isAskedFor: created > 0 || this.isPicked(path),
        // An existing znode without any child ever: a container there is not removed before it has had one.
        mayVanish: live + created === 0 && after.kind === 'container',
        acl: before.acl,
        isCreatedForChildren: false,
        expect: toExpectation({ stat: before.stat }),
      })
    }
    await input.quotas?.(builder, this.isPicked)
    this.builder.notes.quotasLeft = this.seesQuotas() ? this.quotasLeft : null
    for (const { path, source } of input.kindsUntold?.() ?? [])
      if (this.isPicked(path)) builder.notes.kindUntold(path, source)
    this.counters.finish(input.targetPath)
    const missed = input.counterGapsMissed?.() ?? 0
    if (missed > 0)
      builder.warn('counter-back', input.targetPath, `${missed} more counters are lower than in the source`)
    return builder.finish()
  }

  /** They lie in /zookeeper, which is looked at when a whole tree is compared with a whole tree. */
  private seesQuotas(): boolean {
    const { quotas, selection, sourcePath, targetPath } = this.input
    return quotas == null && selection === undefined && sourcePath === ROOT && targetPath === ROOT
  }

  /** Quotas that are asked for are planned on their own; the rest of /zookeeper belongs to the servers. */
  private leaveSystem({ path, after }: Change): void {
    if (isQuotaPath(path) && this.input.quotas != null) return
    this.builder.skip('system')
    if (after !== null && quotaOwnerOf(path) !== null) this.quotasLeft++
  }

  private isLeftOut(change: Change): boolean {
    if (this.pickedAlone.has(change.path) || !this.input.selection?.leaveOut?.(change)) return false
    this.builder.skip('ignored')
    return true
  }

  private leaveEphemeral({ path, before, after }: Change): void {
    this.builder.skip('ephemeral')
    if (after?.kind === 'ephemeral' && this.isPicked(path)) {
      const owner = after.stat.ephemeralOwner
      this.builder.notes.ephemeral(path, owner, this.input.ownerSession?.(owner) ?? 'unknown')
    }
    if (before === null) return
    this.builder.keep(path)
    // A live ephemeral can have no children, so whatever the source holds below it has no place to go.
    if (before.kind === 'ephemeral') {
      this.ephemeralParent = path
      this.builder.block(path, 'ephemeral-parent')
    }
  }

  private pass(znode: Znode): void {
    this.dropPassed(znode.path)
    const { path, data, acl, kind, ttlMs, stat, unknown } = znode
    this.passed.push({ path, data, acl, kind, ttlMs, stat, unknown })
    this.countChild(path, 'left')
  }

  private dropPassed(path: string): void {
    while (this.passed.length > 0 && !isWithin(path, this.passed.at(-1)!.path)) this.passed.pop()
  }

  private async addCreate(znode: Znode): Promise<void> {
    this.dropPassed(znode.path)
    for (const parent of this.passed.splice(0)) {
      const made = await this.create(parent)
      if (made) this.builder.warn('parent-added', parent.path, `is created too: ${znode.path} needs it`)
    }
    const { ephemeralParent } = this
    if (ephemeralParent !== null && isWithin(znode.path, ephemeralParent)) {
      this.ephemeralParent = null
      const what = 'belongs to a live session on the cluster and can have no children'
      this.builder.warn('ephemeral-parent', ephemeralParent, `${what}: nothing is created below it`)
    }
    await this.create(znode)
  }

  private async create(znode: Znode): Promise<boolean> {
    const made = await this.builder.create(znode)
    this.countChild(znode.path, made ? 'created' : 'left')
    if (made) {
      const { path, kind, acl } = znode
      this.open.push({ path, kind, acl, sourceCounter: znode.stat.cversion, created: 0, left: 0 })
    }
    return made
  }

  private countChild(path: string, as: keyof NewChildren): void {
    while (this.open.length > 0 && !isWithin(path, this.open.at(-1)!.path)) this.closeParent()
    const parent = parentPath(path)
    const open = this.open.at(-1)
    if (open?.path === parent) open[as]++
    else if (this.input.counterGaps?.has(parent)) {
      const children = this.newBelow.get(parent) ?? { created: 0, left: 0 }
      children[as]++
      this.newBelow.set(parent, children)
    }
  }

  private closeParent(): void {
    const { path, kind, acl, sourceCounter, created, left } = this.open.pop()!
    this.counters.add({
      path,
      source: sourceCounter,
      next: created,
      left,
      isAskedFor: true,
      mayVanish: created === 0 && kind === 'container',
      acl: this.builder.storedForm(acl),
      isCreatedForChildren: created > 0,
      expect: { kind: 'absent' },
    })
  }

  private async addUpdate(change: Change, before: Znode, after: Znode): Promise<void> {
    const { builder } = this
    const { path, fields } = change
    if (this.input.mode === 'create') {
      builder.skip('mode')
      return
    }
    const expect = toExpectation(before)
    if (fields.includes('kind')) {
      const what = `is ${describeKind(before)} on the cluster and ${describeKind(after)} in the source`
      builder.warn('kind-differs', path, `${what}: the kind of an existing znode cannot be changed`)
      builder.notes.kindDiffers(path, describeKind(before), describeKind(after))
      if (fields.length === 1) builder.skip('kind-differs')
    }
    // The list may open the way to the data, so that it is asked first where to go.
    if (fields.includes('acl') && !isMaskedAcl(after.acl) && !isSameAcl(before.acl, builder.storedForm(after.acl))) {
      await builder.setAcl(path, { before: before.acl, after: after.acl, expect })
    }
    if (fields.includes('data')) await builder.setData(path, after.data, expect)
  }

  private addDelete(before: Znode): void {
    if (this.input.mode !== 'mirror' || before.path === ROOT) {
      this.builder.keep(before.path)
      this.builder.skip('mode')
    } else {
      this.deletesAny = true
      this.builder.deleteLater(before.path, toExpectation(before))
    }
  }
}

function toExpectation({ stat }: Pick<Znode, 'stat'>): Extract<LiveExpectation, { kind: 'present' }> {
  return { kind: 'present', czxid: stat.czxid, version: stat.version, aversion: stat.aversion }
}

export function describeKind(znode: Pick<Znode, 'kind' | 'ttlMs'>): string {
  return znode.kind === 'ttl' ? `ttl (${znode.ttlMs} ms)` : znode.kind
}

function toPredicate(selection: RestoreSelection | undefined): (path: string) => boolean {
  if (selection === undefined) return () => true
  const paths = new Set(selection.paths ?? [])
  const subtrees = new Set(selection.subtrees ?? [])
  return (path) => {
    if (paths.has(path)) return true
    if (subtrees.size === 0) return false
    for (let at = path; ; at = parentPath(at)) {
      if (subtrees.has(at)) return true
      if (at === ROOT) return false
    }
  }
}
