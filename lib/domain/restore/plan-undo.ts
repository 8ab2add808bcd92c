import { countOf } from '../../base/count-of.ts'
import { throwIfAborted } from '../../base/errors.ts'
import { isAclEqualAsFarAsSeen, isSameData } from '../diff/compare-znodes.ts'
import { type Acl, isMaskedAcl } from '../znode/acl.ts'
import { parentPath } from '../znode/path.ts'
import type { TreeReader, ZnodeReading } from '../znode/ports.ts'
import type { AclIdentity } from './acl-rights.ts'
import { type Guarded, GuardList } from './internal/guard-list.ts'
import { impliedState } from './internal/implied-state.ts'
import { type Noted, NotedList } from './internal/noted-list.ts'
import type { JournalState } from './journal.ts'
import { judgeStep } from './judge-step.ts'
import type { ConflictPolicy, LiveExpectation, PlanStep, PlanSummary } from './plan.ts'
import { PlanBuilder, type PlanSink, type PlanTarget } from './plan-builder.ts'
import type { RestoreTarget } from './ports.ts'

type Present = Extract<LiveExpectation, { kind: 'present' }>

export interface PlanUndoInput {
  /** The steps and facts of the plan that was run. */
  readonly steps: AsyncIterable<readonly PlanStep[]>
  readonly summary: Pick<PlanSummary, 'target' | 'sourcePath' | 'targetPath'>
  readonly journal: JournalState
  /** What was there before the run: the safety backup, with paths as in the target. */
  readonly safety: Pick<TreeReader, 'get'>
  readonly live: PlanTarget & Pick<RestoreTarget, 'readMany'>
  readonly sink: PlanSink
  readonly onConflict: ConflictPolicy
  /** In words: `undo of …`. */
  readonly source: string
  readonly plannedAtMs: number
  readonly identities?: readonly AclIdentity[]
  readonly signal?: AbortSignal
}

const READ_AT_ONCE = 500
const SAFETY_READS_AT_ONCE = 16

/**
 * The way back of a run: what the journal says was carried out, and only that. Created znodes are deleted, updated data and ACLs are
 * put back, deleted znodes are created again, each guarded by what the run left behind. Where someone has written since, the plan
 * warns (`later-write`) and the guard makes it a conflict. Memory: paths and guards of the steps carried out.
 */
export async function planUndo(input: PlanUndoInput): Promise<PlanSummary> {
  const planner = new UndoPlanner(input)
  let chunk: PlanStep[] = []
  for await (const steps of input.steps) {
    for (const step of steps) {
      if (!input.journal.findApplied(step.index) && !input.journal.doubtful.has(step.index)) continue
      chunk.push(step)
      if (chunk.length < READ_AT_ONCE) continue
      await planner.add(chunk)
      chunk = []
    }
  }
  if (chunk.length > 0) await planner.add(chunk)
  return planner.finish()
}

const RECREATE = 1
/** A znode that is to be created again has no state to be guarded by. */
const NOTHING_THERE: Present = { kind: 'present', czxid: 0n, version: 0, aversion: 0 }

class UndoPlanner {
  private readonly input: PlanUndoInput
  private readonly builder: PlanBuilder
  /** Data to put back, and znodes to create again (RECREATE), read from the safety backup when they are written. */
  private readonly contents = new GuardList()
  /** What the run created, with the number of children that it has now. */
  private readonly deletes = new GuardList()
  private readonly acls = new NotedList<Record<'before' | 'after', Acl>>(JSON.stringify)

  constructor(input: PlanUndoInput) {
    this.input = input
    const { sink, source, onConflict, plannedAtMs, live, summary } = input
    this.builder = new PlanBuilder({
      sink,
      limits: live,
      plannedAtMs,
      identities: input.identities ?? [],
      mode: 'mirror',
      onConflict,
      source,
      target: summary.target,
      sourcePath: summary.targetPath,
      targetPath: summary.targetPath,
    })
  }

  async add(steps: readonly PlanStep[]): Promise<void> {
    throwIfAborted(this.input.signal)
    const { live, signal } = this.input
    const readings = await live.readMany(
      steps.map((step) => step.path),
      { signal },
    )
    const befores = await this.readSafety(steps.map((step) => step.path))
    for (const [at, step] of steps.entries()) this.addStep(step, readings[at]!, befores[at]!)
  }

  async finish(): Promise<PlanSummary> {
    const { builder } = this
    // A later ACL step of the run has the last word on what was left at its path.
    let last: Noted<Record<'before' | 'after', Acl>> | null = null
    for (const noted of this.acls.ascending()) {
      if (last !== null && last.path !== noted.path) await this.putAclBack(last)
      last = noted
    }
    if (last !== null) await this.putAclBack(last)
    let chunk: Guarded[] = []
    for (const content of this.contents.ascending()) {
      chunk.push(content)
      if (chunk.length < SAFETY_READS_AT_ONCE) continue
      await this.putBack(chunk)
      chunk = []
    }
    await this.putBack(chunk)
    this.warnOfOtherChildren()
    builder.deleteAllLater(this.deletes)
    return builder.finish()
  }

  private addStep(step: PlanStep, live: ZnodeReading, before: ZnodeReading): void {
    if (step.step === 'advanceCounter') {
      const isStill = live.kind === 'found' && before.kind === 'found'
      if (isStill) this.builder.warn('counter-kept', step.path, 'its sequence counter stays: a counter never goes back')
      return
    }
    const written = this.findWritten(step, live)
    if (written === null) return
    if (before.kind === 'unreadable') {
      this.builder.warn('unreadable', step.path, `the safety backup could not read it: ${before.message}`)
      this.builder.skip('unreadable')
      return
    }
    if (step.step === 'delete') {
      this.addRecreate(step.path, live, before)
      return
    }
    if (live.kind === 'unreadable') {
      this.builder.warn('unreadable', step.path, `cannot be read now, so it is left as it is: ${live.message}`)
      this.builder.skip('unreadable')
      return
    }
    if (before.kind === 'missing') {
      // The run created it; its ACL goes with it.
      if (step.step === 'create') this.addDelete(step.path, live, written)
      return
    }
    if (live.kind === 'missing') {
      this.builder.warn('later-write', step.path, 'was deleted after the run: it is not created again')
      this.builder.skip('later-write')
      return
    }
    const { acl, data, stat } = live.znode
    const isOther = stat.czxid !== written.czxid
    if (step.step !== 'setAcl') {
      if (isOther || stat.version !== written.version) this.warnOfLaterWrite(step.path, 'its data')
      if (!isSameData(data, before.znode.data)) this.contents.add(step.path, written)
    }
    if (step.step === 'setData' || isAclEqualAsFarAsSeen(acl, before.znode.acl)) return
    if (isMaskedAcl(before.znode.acl)) {
      this.builder.warn('acl-masked', step.path, 'the safety backup hides digests of its ACL: the ACL is left as it is')
      return
    }
    if (isOther || stat.aversion !== written.aversion) this.warnOfLaterWrite(step.path, 'its ACL')
    this.acls.add(step.path, written, { before: acl, after: before.znode.acl })
  }

  private async putAclBack({ path, expect, value }: Noted<Record<'before' | 'after', Acl>>): Promise<void> {
    if (expect.kind === 'present') await this.builder.setAcl(path, { ...value, expect })
  }

  /** Null when the step was not carried out; for a doubtful one the live state decides. */
  private findWritten(step: PlanStep, live: ZnodeReading): Present | null {
    const { journal } = this.input
    const applied = journal.findApplied(step.index)
    const stat = live.kind === 'found' ? live.znode.stat : null
    if (applied === null && judgeStep(step, live, (czxid) => journal.zxids.has(czxid)).kind !== 'done') return null
    const implied = impliedState(step, applied?.zxid ?? stat?.czxid ?? null)
    const rewritten = journal.rewritten.get(step.index)
    return {
      kind: 'present',
      czxid: rewritten?.czxid ?? implied.czxid ?? stat?.czxid ?? 0n,
      version: rewritten?.version ?? implied.version ?? stat?.version ?? 0,
      aversion: rewritten?.aversion ?? implied.aversion ?? stat?.aversion ?? 0,
    }
  }

  private addRecreate(path: string, live: ZnodeReading, before: ZnodeReading): void {
    if (before.kind !== 'found') {
      this.builder.warn('unreadable', path, 'the safety backup does not hold it: it cannot be created again')
      this.builder.skip('not-in-safety-backup')
      return
    }
    if (live.kind !== 'missing') this.warnOfLaterWrite(path, 'it: it is there again')
    this.contents.add(path, NOTHING_THERE, RECREATE)
  }

  private addDelete(path: string, live: ZnodeReading, written: Present): void {
    if (live.kind !== 'found') return
    const { czxid, version } = live.znode.stat
    if (czxid !== written.czxid || version !== written.version) this.warnOfLaterWrite(path, 'it')
    this.deletes.add(path, written, live.numChildren)
  }

  private async putBack(contents: readonly Guarded[]): Promise<void> {
    throwIfAborted(this.input.signal)
    const befores = await this.readSafety(contents.map(({ path }) => path))
    for (const [at, { path, expect, note }] of contents.entries()) {
      const before = befores[at]!
      if (before.kind !== 'found') continue
      if (note === RECREATE) await this.builder.create(before.znode)
      else await this.builder.setData(path, before.znode.data, expect)
    }
  }

  /** A created znode that holds more children than the run created cannot be deleted. */
  private warnOfOtherChildren(): void {
    const deletedBelow = new Map<string, number>()
    for (const { path } of this.deletes.ascending()) {
      deletedBelow.set(parentPath(path), (deletedBelow.get(parentPath(path)) ?? 0) + 1)
    }
    for (const { path, note: liveChildren } of this.deletes.ascending()) {
      const others = liveChildren - (deletedBelow.get(path) ?? 0)
      if (others > 0)
        this.warnOfLaterWrite(path, `below it (${countOf(others, 'child', 'children')} that the run did not create)`)
    }
  }

  private async readSafety(paths: readonly string[]): Promise<ZnodeReading[]> {
    const readings: ZnodeReading[] = []
    for (let at = 0; at < paths.length; at += SAFETY_READS_AT_ONCE) {
      const chunk = paths.slice(at, at + SAFETY_READS_AT_ONCE)
      readings.push(
        ...(await Promise.all(chunk.map((path) => this.input.safety.get(path, { signal: this.input.signal })))),
      )
    }
    return readings
  }

  private warnOfLaterWrite(path: string, what: string): void {
    this.builder.warn('later-write', path, `someone has written ${what} since the run: taking it back is a conflict`)
  }
}
