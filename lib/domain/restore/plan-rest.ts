import { isSameData } from '../diff/compare-znodes.ts'
import { type Acl, isMaskedAcl } from '../znode/acl.ts'
import { isWithin, parentPath, ROOT } from '../znode/path.ts'
import type { ZnodeReading } from '../znode/ports.ts'
import type { Znode } from '../znode/znode.ts'
import type { AclIdentity } from './acl-rights.ts'
import { isStoredAsFarAsSeen, toStoredForm } from './acl-stored.ts'
import { StepWriter, type Unnumbered } from './internal/step-writer.ts'
import { WarningList } from './internal/warning-list.ts'
import type { JournalState } from './journal.ts'
import { lookAtRest, type RestLine } from './look-at-rest.ts'
import type { ConflictPolicy, LiveExpectation, PlanStep, PlanSummary } from './plan.ts'
import type { PlanHeader } from './plan-hash.ts'
import type { PlanSink, RestoreTarget } from './ports.ts'

export interface PlanRestInput {
  /** The steps of the plan whose rest is planned; asked for twice. */
  readonly steps: () => AsyncIterable<readonly PlanStep[]>
  readonly summary: PlanHeader
  /** Of its run; null when there was none. */
  readonly journal: JournalState | null
  readonly live: Pick<RestoreTarget, 'readMany' | 'lastZxidSeen'>
  /** What the source has at a path of the target, for what was to be changed and is gone; null where no source is at hand. */
  readonly wanted: ((path: string) => Promise<ZnodeReading>) | null
  readonly sink: PlanSink
  readonly onConflict: ConflictPolicy
  readonly plannedAtMs: number
  /** Who the restoring session is. */
  readonly identities?: readonly AclIdentity[]
  readonly onProgress?: (looked: number) => void
  readonly signal?: AbortSignal
}

type Present = Extract<LiveExpectation, { kind: 'present' }>

/**
 * The steps of a plan that are not carried out yet, as a plan of their own: those whose guard still holds stay as they are, the stale ones
 * are planned against the live tree of now (each with a `replanned` warning), and what is as wanted already is left out. Memory: paths of
 * stale steps, and of ACLs that are set after their znode was created.
 */
export async function planRest(input: PlanRestInput): Promise<PlanSummary> {
  const planner = new RestPlanner(input)
  for await (const lines of lookAtRest(input)) for (const line of lines) await planner.add(line)
  return planner.finish()
}

class RestPlanner {
  private readonly input: PlanRestInput
  private readonly writer: StepWriter
  private readonly warnings = new WarningList()
  private readonly skipped: Record<string, number> & { ephemeral: number; system: number } = { ephemeral: 0, system: 0 }
  private looked = 0
  /** Znodes that were to be changed, are gone, and are created again with all that the source holds. */
  private readonly recreated = new Set<string>()
  /** ACLs of znodes that were to be created and are there already; a later ACL step of the plan has the last word. */
  private readonly late = new Map<string, Unnumbered<Extract<PlanStep, { step: 'setAcl' }>>>()
  private readonly kept = new Set<string>()
  private blocked: string | null = null

  constructor(input: PlanRestInput) {
    this.input = input
    this.writer = new StepWriter({ ...input.summary, onConflict: input.onConflict }, input.sink)
  }

  async add(line: RestLine): Promise<void> {
    this.input.onProgress?.(++this.looked)
    const { step, live, verdict, reason } = line
    if (verdict === 'done') {
      if (step.step === 'setAcl') this.late.delete(step.path)
      return
    }
    if (step.step === 'delete' && this.kept.has(step.path)) return this.leave(step.path, 'kept-parent')
    if (verdict === 'valid') return this.keep(step, live)
    if (live.kind === 'unreadable') {
      this.warn('unreadable', step.path, `cannot be read now, so it is left as it is: ${live.message}`)
      return this.leave(step.path, 'unreadable')
    }
    if (live.kind === 'found' && live.znode.kind === 'ephemeral') {
      this.warn('ephemeral', step.path, 'belongs to a live session now, so it is left as it is')
      return this.leave(step.path, 'ephemeral')
    }
    if (live.kind === 'missing') return this.createAgain(step)
    if (reason === 'not-empty') {
      this.warn('not-empty', step.path, 'has children that the plan does not know, so it stays')
      return this.leave(step.path, 'not-empty')
    }
    return this.replan(step, live.znode)
  }

  async finish(): Promise<PlanSummary> {
    for (const step of this.late.values()) await this.writer.write(step)
    const { summary, onConflict, plannedAtMs, live } = this.input
    const { mode, source, target, sourcePath, targetPath, salt } = summary
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
      plannedAtZxid: live.lastZxidSeen(),
      plannedAtMs,
      ...(salt === undefined ? {} : { salt }),
      fidelity: null,
    }
  }

  private async keep(step: PlanStep, live: ZnodeReading): Promise<void> {
    if (this.recreated.has(step.path)) return this.keepRecreated(step)
    if (step.step === 'create' && this.isBlocked(step.path)) return this.leave(step.path, 'parent-missing')
    // The run that created it is not the one that goes on: its own transactions are nothing that this plan could know.
    if (
      (step.step === 'setAcl' || step.step === 'advanceCounter') &&
      step.expect.kind === 'absent' &&
      live.kind === 'found'
    )
      return this.writer.write({ ...step, expect: toExpectation(live.znode) })
    return this.writer.write(step)
  }

  /** The znode is there, and not as the plan expected it. */
  private async replan(step: PlanStep, now: Znode): Promise<void> {
    const { path } = step
    const expect = toExpectation(now)
    const { stat } = now
    const found = `found with version ${stat.version}, ACL version ${stat.aversion}, created at 0x${stat.czxid.toString(16)}`
    switch (step.step) {
      case 'create': {
        if (this.input.summary.mode === 'create') return this.leave(path, 'mode')
        this.warn('replanned', path, `${found}, where nothing was expected: it is changed`)
        if (!isSameData(now.data, step.data))
          await this.writer.write({ step: 'setData', path, data: step.data, expect })
        return this.setAclLater(path, { before: now.acl, after: step.acl, expect })
      }
      case 'setData':
        this.warn('replanned', path, `${found}: its value is written over`)
        return this.writer.write({ ...step, expect })
      case 'setAcl':
        if (this.late.has(path)) {
          this.late.set(path, { ...step, expect })
          return
        }
        this.warn('replanned', path, `${found}: its ACL is written over`)
        return this.writer.write({ ...step, expect })
      case 'delete':
        this.warn('replanned', path, `${found}: it is deleted all the same`)
        return this.writer.write({ ...step, expect })
      case 'advanceCounter':
        return this.writer.write({ ...step, expect })
    }
  }

  /** It is created with all that the source holds; only its counter begins anew. */
  private async keepRecreated(step: PlanStep): Promise<void> {
    if (step.step === 'advanceCounter') await this.writer.write({ ...step, from: 0, expect: { kind: 'absent' } })
  }

  private setAclLater(path: string, acl: { before: Acl; after: Acl; expect: Present }): void {
    const { before, after, expect } = acl
    if (isStoredAsFarAsSeen(before, after) || isMaskedAcl(after)) return
    this.late.set(path, { step: 'setAcl', path, acl: after, expect })
  }

  /** Nothing is there: a create lacks its parents, a change lacks its znode. */
  private async createAgain(step: PlanStep): Promise<void> {
    const { path } = step
    if (this.recreated.has(path)) return this.keepRecreated(step)
    if (this.isBlocked(path)) return this.leave(path, 'parent-missing')
    const missing: Znode[] = []
    const below = step.step === 'create' ? parentPath(path) : path
    for (let at = below; at !== ROOT && !this.recreated.has(at); at = parentPath(at)) {
      const [live] = await this.input.live.readMany([at], { signal: this.input.signal })
      if (live?.kind !== 'missing') break
      const wanted = await this.input.wanted?.(at)
      if (wanted?.kind !== 'found' || wanted.znode.kind === 'ephemeral' || isMaskedAcl(wanted.znode.acl)) {
        this.warn(
          'gone',
          at,
          'was deleted since the plan, and the source does not tell all of it: plan everything anew',
        )
        this.blocked = at
        return this.leave(path, 'parent-missing')
      }
      missing.unshift(wanted.znode)
    }
    for (const znode of missing) await this.recreate(znode)
    if (step.step === 'create') await this.writer.write(step)
    else await this.keepRecreated(step)
  }

  private async recreate({ path, data, acl, kind, ttlMs }: Znode): Promise<void> {
    this.warn('replanned', path, 'was deleted since the plan: it is created again')
    this.recreated.add(path)
    const isOther = kind === 'container' || kind === 'ttl'
    await this.writer.write({
      step: 'create',
      path,
      data,
      acl: toStoredForm(acl, this.input.identities ?? []),
      kind: isOther ? kind : 'persistent',
      ttlMs: kind === 'ttl' ? ttlMs : null,
      expect: { kind: 'absent' },
    })
  }

  private isBlocked(path: string): boolean {
    return this.blocked !== null && isWithin(path, this.blocked)
  }

  private leave(path: string, reason: string): void {
    this.skipped[reason] = (this.skipped[reason] ?? 0) + 1
    for (let at = parentPath(path); at !== ROOT && !this.kept.has(at); at = parentPath(at)) this.kept.add(at)
  }

  private warn(code: string, path: string, message: string): void {
    this.warnings.add(code, path, message)
  }
}

function toExpectation({ stat }: Znode): Present {
  return { kind: 'present', czxid: stat.czxid, version: stat.version, aversion: stat.aversion }
}
