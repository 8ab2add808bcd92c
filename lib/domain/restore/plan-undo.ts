import { countOf } from '../../base/count-of.ts'
import { throwIfAborted } from '../../base/errors.ts'
import { stringifyJson } from '../../base/json.ts'
import { isAclEqualAsFarAsSeen, isSameData } from '../diff/compare-znodes.ts'
import { type Acl, isMaskedAcl } from '../znode/acl.ts'
import { parentPath } from '../znode/path.ts'
import type { TreeReader, ZnodeReading } from '../znode/ports.ts'
import type { Znode } from '../znode/znode.ts'
import type { AclIdentity } from './acl-rights.ts'
import { type Guarded, GuardList } from './internal/guard-list.ts'
import { impliedState } from './internal/implied-state.ts'
import { type Noted, NotedList } from './internal/noted-list.ts'
import type { JournalState } from './journal.ts'
import { judgeStep } from './judge-step.ts'
import type { ConflictPolicy, LiveExpectation, PlanStep, PlanSummary } from './plan.ts'
import { PlanBuilder, type PlanTarget } from './plan-builder.ts'
import type { PlanSink, RestoreTarget } from './ports.ts'

type Present = Extract<LiveExpectation, { kind: 'present' }>

/** A place that somebody else has written since the run. `keep`: it is left as it is; `overwrite`: it is taken back all the same. */
export type LaterWrites = 'keep' | 'overwrite'

export interface LaterWrite {
  readonly path: string
  /** `children`: below a created znode lies what the run did not create. It is never deleted. */
  readonly what: 'data' | 'acl' | 'deleted' | 'created' | 'children'
  /** What the run left there; null where it left nothing. */
  readonly expected: Present | null
  /** What is there now; null where nothing is. */
  readonly found: Present | null
}

/** What the way back needs of a journal. */
export type UndoneRun = Pick<JournalState, 'findApplied' | 'conflicts' | 'zxids' | 'rewritten'> & {
  readonly doubtful: Pick<JournalState['doubtful'], 'has'>
}

/** Who did what is taken back, and what tells how it was before: in messages. */
export interface UndoWords {
  readonly doer: string
  readonly before: string
}

export interface PlanUndoInput {
  /** The steps and facts of the plan that was run. */
  readonly steps: AsyncIterable<readonly PlanStep[]>
  readonly summary: Pick<PlanSummary, 'target' | 'sourcePath' | 'targetPath' | 'salt'>
  readonly journal: UndoneRun
  /** What was there before the run: the safety backup, with paths as in the target. */
  readonly safety: Pick<TreeReader, 'get'>
  readonly live: PlanTarget & Pick<RestoreTarget, 'readMany'>
  readonly sink: PlanSink
  readonly onConflict: ConflictPolicy
  /** Default: keep. */
  readonly laterWrites?: LaterWrites
  /** Told of each later write, whatever becomes of it. */
  readonly onLaterWrite?: (write: LaterWrite) => void
  /** In words: `undo of …`. */
  readonly source: string
  /** Default: a run and its safety backup. */
  readonly words?: UndoWords
  readonly plannedAtMs: number
  readonly identities?: readonly AclIdentity[]
  readonly signal?: AbortSignal
}

const READ_AT_ONCE = 500
const SAFETY_READS_AT_ONCE = 16

/**
 * The way back of a run: what the journal says was carried out, and only that. Created znodes are deleted, updated data and ACLs are
 * put back, deleted znodes are created again, each guarded by what the run left behind. Where someone has written since, the plan warns
 * (`later-write`) and leaves it as it is, or, as chosen, writes over what was found. What is as before already is left out, so that an undo
 * that came to a part can be planned once more. Memory: paths and guards of the steps carried out.
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

interface AclToPutBack {
  /** The live list, and the one to put back. */
  readonly before: Acl
  readonly after: Acl
  /** What is there now, where it is not what the run left. */
  readonly later: Present | null
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
  private readonly acls = new NotedList<AclToPutBack>(stringifyJson)
  /** Created again because a later write deleted them; two steps of the run may have touched one. */
  private readonly recreated = new Set<string>()
  /** Children of created znodes that stay, by parent. */
  private readonly keptBelow = new Map<string, number>()
  private laterCount = 0
  private readonly words: UndoWords
  /** Steps of the run that wrote over what they found. */
  private readonly overwritten: ReadonlySet<number>

  constructor(input: PlanUndoInput) {
    this.input = input
    this.words = input.words ?? RUN_WORDS
    const { conflicts } = input.journal
    this.overwritten = new Set(conflicts.flatMap((each) => (each.resolution === 'overwritten' ? [each.index] : [])))
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
      salt: summary.salt,
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
    let last: Noted<AclToPutBack> | null = null
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
    this.deleteCreated()
    const overwritten = this.input.laterWrites === 'overwrite'
    return { ...(await builder.finish()), laterWrites: { count: this.laterCount, overwritten } }
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
      this.builder.warn('unreadable', step.path, `${this.words.before} could not read it: ${before.message}`)
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
    // What the run created was not there just before; what the safety backup saw there belonged to a session that has ended since.
    const isCreated = before.kind === 'found' && before.znode.kind === 'ephemeral'
    if (before.kind === 'missing' || isCreated) {
      if (step.step === 'create' && !this.overwritten.has(step.index)) this.addDelete(step.path, live, written)
      // The ACL of what the run created goes with it.
      else if (step.step === 'create' || step.expect.kind === 'present') this.leaveUnsaved(step.path)
      return
    }
    this.warnOfUnsaved(step, before.znode)
    if (live.kind === 'missing') {
      if (this.recreated.has(step.path)) return
      this.recreated.add(step.path)
      if (this.mayOverwrite(step.path, { what: 'deleted', expected: written, found: null }))
        this.contents.add(step.path, NOTHING_THERE, RECREATE)
      return
    }
    if (step.step !== 'setAcl') this.addData(step.path, { live: live.znode, before: before.znode, written })
    if (step.step !== 'setData') this.addAcl(step.path, { live: live.znode, before: before.znode, written })
  }

  private leaveUnsaved(path: string): void {
    this.builder.warn('not-saved', path, `${this.words.before} does not hold what was there: it is left as it is`)
    this.builder.skip('not-in-safety-backup')
    this.builder.keep(path)
    this.keptBelow.set(parentPath(path), (this.keptBelow.get(parentPath(path)) ?? 0) + 1)
  }

  /** Something was written between the safety backup and the run, which wrote over it. */
  private warnOfUnsaved({ index, path }: PlanStep, { stat }: Znode): void {
    const left = this.overwritten.has(index) ? this.input.journal.rewritten.get(index) : undefined
    if (left === undefined) return
    const { czxid, version, aversion } = left
    if (stat.czxid === czxid && stat.version >= version - 1 && stat.aversion >= aversion - 1) return
    const what = 'the run wrote over what came after its safety backup, which nothing holds'
    this.builder.warn(
      'not-saved',
      path,
      `${what}: it goes back to version ${stat.version}, ACL version ${stat.aversion}`,
    )
  }

  private addData(path: string, state: { live: Znode; before: Znode; written: Present }): void {
    const { live, before, written } = state
    if (isSameData(live.data, before.data)) return
    const found = toExpectation(live)
    const isLater = found.czxid !== written.czxid || found.version !== written.version
    if (!isLater) this.contents.add(path, written)
    else if (this.mayOverwrite(path, { what: 'data', expected: written, found })) this.contents.add(path, found)
  }

  private addAcl(path: string, state: { live: Znode; before: Znode; written: Present }): void {
    const { live, before, written } = state
    if (isAclEqualAsFarAsSeen(live.acl, before.acl)) return
    if (isMaskedAcl(before.acl)) {
      this.builder.warn('acl-masked', path, `${this.words.before} hides digests of its ACL: it is left as it is`)
      return
    }
    const found = toExpectation(live)
    const isLater = found.czxid !== written.czxid || found.aversion !== written.aversion
    this.acls.add(path, written, { before: live.acl, after: before.acl, later: isLater ? found : null })
  }

  private async putAclBack({ path, expect: written, value }: Noted<AclToPutBack>): Promise<void> {
    const { before, after, later } = value
    if (written.kind === 'absent') return
    if (later !== null && !this.mayOverwrite(path, { what: 'acl', expected: written, found: later })) return
    await this.builder.setAcl(path, { before, after, expect: later ?? written })
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
      this.builder.warn('unreadable', path, `${this.words.before} does not hold it: it cannot be created again`)
      this.builder.skip('not-in-safety-backup')
      return
    }
    if (live.kind === 'unreadable') {
      this.builder.warn('unreadable', path, `cannot be read now, so it is left as it is: ${live.message}`)
      this.builder.skip('unreadable')
      return
    }
    if (live.kind === 'missing') {
      this.contents.add(path, NOTHING_THERE, RECREATE)
      return
    }
    const { data, acl } = before.znode
    const isSame = isSameData(live.znode.data, data) && isAclEqualAsFarAsSeen(live.znode.acl, acl)
    if (isSame && live.znode.kind !== 'ephemeral') return
    const found = toExpectation(live.znode)
    if (!this.mayOverwrite(path, { what: 'created', expected: null, found }, live.znode.kind)) return
    const state = { live: live.znode, before: before.znode, written: found }
    this.addData(path, state)
    this.addAcl(path, state)
  }

  private addDelete(path: string, live: ZnodeReading, written: Present): void {
    if (live.kind !== 'found') return
    const found = toExpectation(live.znode)
    const isLater = found.czxid !== written.czxid || found.version !== written.version
    if (isLater && !this.mayOverwrite(path, { what: 'data', expected: written, found }, live.znode.kind)) {
      this.builder.keep(path)
      this.keptBelow.set(parentPath(path), (this.keptBelow.get(parentPath(path)) ?? 0) + 1)
    } else this.deletes.add(path, isLater ? found : written, live.numChildren)
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

  /** A created znode that holds children which the run did not create stays: nobody has asked to delete those. */
  private deleteCreated(): void {
    const knownBelow = new Map(this.keptBelow)
    for (const { path } of this.deletes.ascending())
      knownBelow.set(parentPath(path), (knownBelow.get(parentPath(path)) ?? 0) + 1)
    const staying = new Set<string>()
    for (const { path, expect, note: liveChildren } of this.deletes.ascending()) {
      const others = liveChildren - (knownBelow.get(path) ?? 0)
      if (others > 0) {
        staying.add(path)
        const what = `${countOf(others, 'child', 'children')} that ${this.words.doer} did not create`
        this.noteLaterWrite(
          { path, what: 'children', expected: expect, found: expect },
          `below it lies ${what}: it stays`,
        )
        this.builder.skip('later-write')
        this.builder.keep(path)
      }
    }
    this.builder.deleteAllLater(staying.size === 0 ? this.deletes : withoutPaths(this.deletes, staying))
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

  /** False: the place is left as it is. What belongs to a session is never written over. */
  private mayOverwrite(path: string, write: Omit<LaterWrite, 'path'>, kind?: Znode['kind']): boolean {
    const overwrites = this.input.laterWrites === 'overwrite' && kind !== 'ephemeral'
    this.noteLaterWrite(
      { path, ...write },
      `somebody has ${LATER_WORDS[write.what]} since ${this.words.doer}. ${overwrites ? OVERWRITTEN : LEFT}`,
    )
    if (!overwrites) this.builder.skip(kind === 'ephemeral' ? 'ephemeral' : 'later-write')
    return overwrites
  }

  private noteLaterWrite(write: LaterWrite, message: string): void {
    this.laterCount++
    this.builder.warn('later-write', write.path, message)
    this.input.onLaterWrite?.(write)
  }
}

function withoutPaths(list: GuardList, paths: ReadonlySet<string>): GuardList {
  const rest = new GuardList()
  for (const { path, expect, note } of list.ascending()) if (!paths.has(path)) rest.add(path, expect, note)
  return rest
}

const RUN_WORDS: UndoWords = { doer: 'the run', before: 'the safety backup' }
const LEFT = 'It is left as it is'
const OVERWRITTEN = 'It is taken back all the same'
const LATER_WORDS: Record<LaterWrite['what'], string> = {
  data: 'written it',
  acl: 'written its ACL',
  deleted: 'deleted it',
  created: 'created it again',
  children: 'created children below it',
}

function toExpectation({ stat }: Znode): Present {
  return { kind: 'present', czxid: stat.czxid, version: stat.version, aversion: stat.aversion }
}
