import { countOf } from '../../base/count-of.ts'
import { type Acl, isMaskedAcl, PERM } from '../znode/acl.ts'
import { isWithin, parentPath, ROOT } from '../znode/path.ts'
import type { Znode } from '../znode/znode.ts'
import { type AclIdentity, isLoosening, rightsUnder, withOwnRights, withoutMaskedEntries } from './acl-rights.ts'
import { toStoredForm } from './acl-stored.ts'
import {
  COUNTER_OPERATIONS_MAX,
  type CounterAdvance,
  type CounterOptions,
  FidelityNotes,
  type LeftOutLine,
} from './fidelity.ts'
import { GuardList } from './internal/guard-list.ts'
import { NotedList } from './internal/noted-list.ts'
import { toOperation } from './internal/step-operation.ts'
import { StepWriter, type Unnumbered } from './internal/step-writer.ts'
import { WarningList } from './internal/warning-list.ts'
import type { LiveExpectation, PlanStep, PlanSummary } from './plan.ts'
import type { PlanHeader } from './plan-hash.ts'
import type { PlanSink, RestoreTarget } from './ports.ts'

export type PlanTarget = Pick<RestoreTarget, 'requestBytesMax' | 'aloneBytesMax' | 'encodedSizeOf' | 'lastZxidSeen'>

export interface PlanBuilderOptions extends PlanHeader {
  readonly sink: PlanSink
  /** Limits and facts of the cluster that the plan is for. */
  readonly limits: PlanTarget
  readonly plannedAtMs: number
  /** Who the restoring session is; empty when not known. world:anyone always counts. */
  readonly identities: readonly AclIdentity[]
  /** Default: counters are left alone. */
  readonly counters?: CounterOptions
  readonly quotas?: boolean
  /** Hears of every single thing that is not carried, of those that are listed one by one. */
  readonly onLeftOut?: (line: LeftOutLine) => void
}

type Present = Extract<LiveExpectation, { kind: 'present' }>
type CreateStep = Extract<PlanStep, { step: 'create' }>

/**
 * Puts steps into their safe order and into the hash: creates and data updates as they come (path order), then deletes
 * child-first, then the ACLs that take rights away, bottom-up. Only paths, guards and ACLs of the last two are held back in memory.
 */
export class PlanBuilder {
  private readonly options: PlanBuilderOptions
  private readonly writer: StepWriter
  private readonly warnings = new WarningList()
  private readonly skipped: Record<string, number> & { ephemeral: number; system: number } = { ephemeral: 0, system: 0 }
  private deletes = new GuardList()
  private readonly acls = new NotedList<Acl>(JSON.stringify)
  private readonly advances: (CounterAdvance & { readonly expect: LiveExpectation })[] = []
  private readonly storedForms = new WeakMap<Acl, Acl>()
  /** Paths that must stay because something below them stays. */
  private readonly kept = new Set<string>()
  /** A create whose final ACL may lock us out: written once it is known whether it gets children. */
  private waiting: Unnumbered<CreateStep> | null = null
  private blocked: { readonly root: string; readonly reason: string } | null = null
  private unknownAcls = 0
  readonly notes: FidelityNotes

  constructor(options: PlanBuilderOptions) {
    this.options = options
    this.writer = new StepWriter(options, options.sink)
    this.notes = new FidelityNotes(options.onLeftOut)
  }

  warn(code: string, path: string, message: string): void {
    this.warnings.add(code, path, message)
  }

  skip(reason: string, count = 1): void {
    this.skipped[reason] = (this.skipped[reason] ?? 0) + count
  }

  /** Nothing is created below this path from here on. */
  block(root: string, reason: string): void {
    if (this.blocked === null || !isWithin(root, this.blocked.root)) this.blocked = { root, reason }
  }

  /** True when the create is part of the plan; false when it was left out, with its reason counted. */
  async create(znode: Pick<Znode, 'path' | 'data' | 'acl' | 'kind' | 'ttlMs' | 'unknown'>): Promise<boolean> {
    const { path } = znode
    if (this.blocked !== null && path !== this.blocked.root && isWithin(path, this.blocked.root)) {
      this.skip(this.blocked.reason)
      return false
    }
    const acl = this.aclForCreate(znode)
    if (acl === null) return false
    if (znode.unknown !== undefined) this.unknownAcls++
    const kind = znode.kind === 'container' || znode.kind === 'ttl' ? znode.kind : 'persistent'
    const ttlMs = kind === 'ttl' ? znode.ttlMs : null
    const step = { step: 'create', path, data: znode.data, acl, kind, ttlMs, expect: { kind: 'absent' } } as const
    if (!this.fits(step)) {
      this.block(path, 'parent-missing')
      return false
    }
    await this.flushWaiting(path)
    this.notes.created(path, znode.kind)
    if ((rightsUnder(acl, this.options.identities) & PERM.create) === 0) this.waiting = step
    else await this.writer.write(step)
    return true
  }

  async setData(path: string, data: Uint8Array | null, expect: Present): Promise<void> {
    const step = { step: 'setData', path, data, expect } as const
    if (!this.fits(step)) return
    await this.flushWaiting(path)
    await this.writer.write(step)
  }

  /** `before`: the live list. A change that gives this session rights goes first, every other one last. */
  async setAcl(path: string, change: { before: Acl; after: Acl; expect: Present }): Promise<void> {
    const acl = this.storedForm(change.after)
    this.warnOfLockout(path, acl)
    if (isLoosening(change.before, acl, this.options.identities)) {
      await this.flushWaiting(path)
      await this.writer.write({ step: 'setAcl', path, acl, expect: change.expect })
    } else {
      this.acls.add(path, change.expect, acl)
    }
  }

  /** As the server stores it, for the session that restores; shared lists stay shared. */
  storedForm(acl: Acl): Acl {
    let stored = this.storedForms.get(acl)
    if (stored === undefined) {
      stored = toStoredForm(acl, this.options.identities)
      this.storedForms.set(acl, stored)
    }
    return stored
  }

  /** After the deletes, and before ACLs take away the right to do it. */
  advanceLater(advance: CounterAdvance, expect: LiveExpectation): void {
    this.advances.push({ ...advance, expect })
    this.notes.counterAdvanced(advance)
  }

  deleteLater(path: string, expect: Present): void {
    this.deletes.add(path, expect)
  }

  /** The list itself, not a copy: it may be a million paths long. Instead of `deleteLater`. */
  deleteAllLater(deletes: GuardList): void {
    this.deletes = deletes
  }

  /** Something at this path stays, so nothing above it can be deleted. */
  keep(path: string): void {
    for (let at = parentPath(path); at !== ROOT && !this.kept.has(at); at = parentPath(at)) this.kept.add(at)
  }

  /** Writes what was held back and gives the plan's facts. */
  async finish(): Promise<PlanSummary> {
    await this.flushWaiting(null)
    for (const { path, expect } of this.deletes.descending()) {
      if (this.kept.has(path)) {
        this.skip('kept-parent')
        this.warn('kept-parent', path, 'it stays because something below it stays')
      } else {
        await this.writer.write({ step: 'delete', path, expect })
      }
    }
    for (const advance of this.advances) await this.writer.write({ step: 'advanceCounter', ...advance })
    for (const { path, expect, value: acl } of this.acls.descending())
      await this.writer.write({ step: 'setAcl', path, acl, expect })
    const { mode, onConflict, source, target, sourcePath, targetPath, plannedAtMs, salt } = this.options
    const fidelity = this.notes.finish({
      counters: this.options.counters ?? { mode: 'leave', operationsMax: COUNTER_OPERATIONS_MAX },
      // A create that first gave this session rights takes its own list in a step of its own.
      aclsPlanned: this.writer.totals.create + this.writer.totals.setAcl - this.acls.absent,
      quotasAsked: this.options.quotas ?? false,
    })
    if (fidelity.kinds.unknown.total > 0) {
      const what = `the source cannot tell container and TTL znodes: ${countOf(fidelity.kinds.unknown.total, 'znode')}`
      this.warn('kind-unknown', targetPath, `${what} will be created as persistent`)
    }
    if (this.unknownAcls > 0) {
      const what = `the source does not say the ACL of ${countOf(this.unknownAcls, 'znode')} to be created`
      this.warn('acl-unknown', targetPath, `${what}: everyone will have all rights there`)
    }
    return {
      ...this.writer.finish(),
      mode,
      skipped: this.skipped,
      warnings: this.warnings.list(targetPath),
      onConflict,
      source,
      target,
      sourcePath,
      targetPath,
      plannedAtZxid: this.options.limits.lastZxidSeen(),
      plannedAtMs,
      ...(salt === undefined ? {} : { salt }),
      fidelity,
    }
  }

  private aclForCreate(znode: Pick<Znode, 'path' | 'acl'>): Acl | null {
    const { identities } = this.options
    if (!isMaskedAcl(znode.acl)) {
      const acl = this.storedForm(znode.acl)
      this.warnOfLockout(znode.path, acl)
      return acl
    }
    this.notes.aclMasked(znode.path)
    const visible = withoutMaskedEntries(znode.acl)
    const acl = withOwnRights(visible, identities) ?? visible
    if (acl.length === 0) {
      this.warn(
        'acl-masked',
        znode.path,
        'left out: the source hides its whole ACL, and no identity is known to own it',
      )
      this.skip('acl-masked')
      this.block(znode.path, 'parent-missing')
      return null
    }
    const what = 'the source hides digests of its ACL: created with the visible entries'
    this.warn('acl-masked', znode.path, acl === visible ? what : `${what} and all rights for the restoring identity`)
    return acl
  }

  private warnOfLockout(path: string, acl: Acl): void {
    if ((rightsUnder(acl, this.options.identities) & PERM.admin) !== 0) return
    const known = this.options.identities.length > 0
    const who = known ? 'the identities of this session' : 'world:anyone, and no identity of this session is known'
    this.warn(
      'acl-lockout',
      path,
      `its ACL gives no admin right to ${who}: it cannot be changed back without other credentials`,
    )
  }

  private fits(step: Unnumbered<Extract<PlanStep, { step: 'create' | 'setData' }>>): boolean {
    const { limits } = this.options
    const size = limits.encodedSizeOf(toOperation({ ...step, index: 0 }))
    const limit = limits.aloneBytesMax
    if (size <= limit) return true
    this.warn('too-large', step.path, `left out: it needs a request of ${size} bytes, the server takes ${limit}`)
    this.skip('too-large')
    return false
  }

  /**
   * `next`: the path about to be written; null at the end. A znode that gets children is created with rights for this session and
   * takes its final ACL at the end; without a known identity it takes the final one at once, and the plan says what may fail.
   */
  private async flushWaiting(next: string | null): Promise<void> {
    const step = this.waiting
    if (step === null) return
    this.waiting = null
    const getsChildren = next !== null && next !== step.path && parentPath(next) === step.path
    const workable = getsChildren ? withOwnRights(step.acl, this.options.identities) : null
    if (getsChildren && workable === null) {
      this.warn(
        'acl-lockout',
        step.path,
        'its ACL may forbid creating its children: no identity of this session is known',
      )
    }
    await this.writer.write(workable === null ? step : { ...step, acl: workable })
    if (workable !== null) this.acls.add(step.path, { kind: 'absent' }, step.acl)
  }
}
