import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { RestoreDirectory } from '../../lib/services/engine/restore-directory.ts'
import { cancelRestore } from '../../lib/services/restores/cancel-restore.ts'
import { confirmRestore } from '../../lib/services/restores/confirm-restore.ts'
import { resumeRestore } from '../../lib/services/restores/resume-restore.ts'
import type { SeededRandom } from '../../lib/testing/seeded-random.ts'
import { readBare } from './bare-reader.ts'
import { type Finding, type ForeignWrite, type JudgeOptions, judgeTree } from './judge-tree.ts'
import type { Place } from './place.ts'
import { type Expectation, ROOT } from './tree-model.ts'

const RESUMES_MAX = 12
const UNDER_WAY = ['queued', 'running']

interface Ended {
  readonly state: string
  /** Paths that are listed as a conflict or as a difference. */
  readonly listed: ReadonlySet<string>
  readonly conflicts: number
}

/** One confirmed restore (or the undo of one), from its first step to its end, whatever happens to it on the way. */
export class RestoreRun {
  readonly place: Place
  readonly restoreId: string
  readonly random: SeededRandom
  readonly expected: ReadonlyMap<string, Expectation>
  readonly foreign = new Map<string, ForeignWrite>()
  /** Of them, those that came when it was through with its steps: they may be listed or not. */
  readonly late = new Set<string>()
  /** It is to be taken back from where the next fault leaves it. */
  isToBeCut = false
  /** Undone when the run has ended, before it is judged: a second worker is stopped, for example. */
  readonly cleanups: (() => Promise<void>)[] = []
  readonly #judgeAs: 'end' | 'back'

  constructor(input: {
    place: Place
    restoreId: string
    random: SeededRandom
    expected: ReadonlyMap<string, Expectation>
    judgeAs: 'end' | 'back'
  }) {
    this.place = input.place
    this.restoreId = input.restoreId
    this.random = input.random
    this.expected = input.expected
    this.#judgeAs = input.judgeAs
  }

  /** Its plan is made; a plan that a fault of the round before has cut short is asked for again by the caller. */
  async confirm(): Promise<void> {
    const { place, restoreId } = this
    const { planHash } = await place.runtime.db.restore.findUniqueOrThrow({ where: { id: restoreId } })
    await confirmRestore(place.context, { restoreId, planHash: planHash ?? '', typedName: 'chaos', reason: 'chaos' })
  }

  async find(): Promise<{ state: string; jobId: string; report: unknown }> {
    const { state, jobId, report } = await this.place.runtime.db.restore.findUniqueOrThrow({
      where: { id: this.restoreId },
      select: { state: true, jobId: true, report: true },
    })
    return { state, jobId: jobId ?? '', report }
  }

  async isOver(): Promise<boolean> {
    return !UNDER_WAY.includes((await this.find()).state)
  }

  async isUnfinished(): Promise<boolean> {
    const { state } = await this.find()
    return UNDER_WAY.includes(state) || state === 'failed' || state === 'cancelled'
  }

  async journalLines(): Promise<number> {
    return (await this.place.readJournal(this.restoreId)).split('\n').length - 1
  }

  async timesResumed(): Promise<number> {
    return (await this.place.readJournal(this.restoreId)).split('"kind":"resumed"').length - 1
  }

  /** Waits for a random instant of what is left of the run: so many more lines of its journal, and a moment. False when it ended before. */
  async reachInstant(): Promise<boolean> {
    const wanted = (await this.journalLines()) + 1 + this.random.below(14)
    const moment = this.random.below(6)
    for (let tries = 0; (await this.journalLines()) < wanted; tries++) {
      if (tries % 20 === 19 && (await this.isOver())) return false
      await pause(2)
    }
    await pause(moment)
    return !(await this.isOver())
  }

  /** Acts in the very moment in which a random one of the next multis goes by. False when there was none before the end. */
  async reachMulti(act: () => void): Promise<boolean> {
    let reached = false
    const callOff = this.place.onNthMulti(1 + this.random.below(6), this.restoreId, () => {
      reached = true
      act()
    })
    try {
      while (!reached) {
        if (await this.isOver()) break
        await pause(4)
      }
    } finally {
      callOff()
    }
    return reached
  }

  async judge(when: JudgeOptions['when']): Promise<Finding[]> {
    const tree = await readBare(this.place.directly, ROOT)
    return judgeTree(tree, { expected: this.expected, when, foreign: this.foreign })
  }

  /** In the middle: nothing is there that neither was before nor is to be. */
  judgeMiddle(): Promise<Finding[]> {
    return this.judge(this.#judgeAs === 'end' ? 'middle' : 'turning')
  }

  /** Goes on with it, as a person would, until it is through. */
  async finish(): Promise<Ended> {
    for (let resumes = 0; ; resumes++) {
      const ended = await this.untilOver()
      if (ended.state !== 'failed') return ended
      if (resumes >= RESUMES_MAX)
        throw new Error(`${this.restoreId} failed ${resumes} times: ${await this.lastError()}`)
      await resumeRestore(this.place.context, this.restoreId)
    }
  }

  /** What has failed is taken up again at once, for the next fault to come. */
  async goOn(): Promise<void> {
    await resumeRestore(this.place.context, this.restoreId)
  }

  async hasSafetyBackup(): Promise<boolean> {
    const row = await this.place.runtime.db.restore.findUniqueOrThrow({ where: { id: this.restoreId } })
    return row.safetyBackupId !== null
  }

  async steps(): Promise<number> {
    const { steps } = await new RestoreDirectory(join(this.place.context.paths.workDir, 'restores', this.restoreId))
      .readPlan()
      .then(({ summary }) => summary)
    return steps
  }

  async cancel(): Promise<void> {
    // It may have ended in the same instant, which is as good.
    await cancelRestore(this.place.context, this.restoreId).catch(() => undefined)
  }

  /** Stops it for good where it is. */
  async cutShort(): Promise<Ended> {
    await this.cancel()
    return this.untilOver()
  }

  /** `isCut`: where it was stopped, each path is as it was or as it was to be. */
  async judgeEnd({ state, listed }: Ended, isCut: boolean): Promise<Finding[]> {
    for (const cleanUp of this.cleanups.splice(0)) await cleanUp()
    const findings = await this.judge(state === 'conflict' || isCut ? 'middle' : this.#judgeAs)
    const wanted = this.foreign.size === 0 ? ['succeeded'] : ['conflict', 'incomplete', 'succeeded']
    if (!isCut && !wanted.includes(state))
      findings.push({ kind: 'wrong', path: ROOT, message: `the restore is ${state}, though nobody else has written` })
    for (const path of this.foreign.keys()) {
      // A restore that stopped at the first conflict has not come to the others.
      if (!listed.has(path) && !this.late.has(path) && state !== 'conflict' && !isCut)
        findings.push({ kind: 'wrong', path, message: 'another has written it, and it is not listed' })
    }
    for (const path of listed)
      if (!this.foreign.has(path))
        findings.push({ kind: 'wrong', path, message: 'it is listed though nobody else wrote' })
    return findings
  }

  private async untilOver(): Promise<Ended> {
    const { place } = this
    const { state, report } = await place.until(`the end of the restore ${this.restoreId}`, async () => {
      const row = await this.find()
      return UNDER_WAY.includes(row.state) ? null : row
    })
    return { state, ...readReport(report) }
  }

  private async lastError(): Promise<string> {
    const { jobId } = await this.find()
    const job = await this.place.runtime.db.job.findUnique({ where: { id: jobId }, select: { error: true } })
    return JSON.stringify(job?.error)
  }
}

function readReport(report: unknown): Pick<Ended, 'listed' | 'conflicts'> {
  const { conflicts = [], differences = [] } = (report ?? {}) as {
    conflicts?: { path: string }[]
    differences?: { path: string }[]
  }
  const listed = new Set([...conflicts, ...differences].map(({ path }) => path))
  return { listed, conflicts: listed.size }
}
