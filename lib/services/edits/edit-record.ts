import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { WorkFolder } from '../../adapters/workfiles/work-files.ts'
import { formatErrorLine } from '../../base/errors.ts'
import { makeDir } from '../../base/make-dir.ts'
import { JournalWriter } from '../../domain/restore/journal.ts'
import type { PlanStep, PlanSummary } from '../../domain/restore/plan.ts'
import { PlanHasher } from '../../domain/restore/plan-hash.ts'
import type { JournalSink } from '../../domain/restore/ports.ts'
import { encodeStep } from '../../domain/restore/step-codec.ts'
import { ROOT } from '../../domain/znode/path.ts'
import type { Znode } from '../../domain/znode/znode.ts'
import type { ServiceContext } from '../context.ts'
import { EditBeforeWriter } from '../engine/edit-before.ts'
import { RestoreDirectory } from '../engine/restore-directory.ts'

export type EditVerb = 'create' | 'set-data' | 'set-acl' | 'delete'

export interface EditFacts {
  readonly cluster: { readonly id: string; readonly name: string }
  readonly verb: EditVerb
  readonly path: string
  readonly reason?: string
}

type Unnumbered<S> = S extends PlanStep ? Omit<S, 'index'> : never
export type EditStep = Unnumbered<PlanStep>

/** Edits that are kept to be taken back, of a cluster; older ones stay in the audit only. */
const KEPT_MAX = 500
const FORGOTTEN_AT_ONCE = 20

/**
 * An edit by hand as a restore of its own: its steps, what was there before, and a journal, all on disk before anything is written, so
 * that the undo of restores takes it back, too. A process that dies in between leaves a `failed` edit, whose undo looks at the live tree.
 */
export class EditRecord {
  readonly id: string
  readonly #context: ServiceContext
  readonly #facts: EditFacts
  readonly #folder: WorkFolder
  readonly #directory: RestoreDirectory
  readonly #before: EditBeforeWriter
  #sink: (JournalSink & { close(): Promise<void> }) | null = null
  #journal: JournalWriter | null = null
  #steps = 0
  #batch = 0
  #sending: readonly [number, number] = [0, 0]
  /** Something was sent and nobody knows what came of it. */
  #isInDoubt = false
  #applied = 0
  #isClosed = false

  private constructor(
    context: ServiceContext,
    facts: EditFacts,
    { id, folder, before }: { id: string; folder: WorkFolder; before: EditBeforeWriter },
  ) {
    this.id = id
    this.#context = context
    this.#facts = facts
    this.#folder = folder
    this.#directory = new RestoreDirectory(folder.dir, folder)
    this.#before = before
  }

  static async open(context: ServiceContext, facts: EditFacts): Promise<EditRecord> {
    const id = context.newId()
    const folder = await context.workFiles.begin(folderOf(id))
    await makeDir(folder.dir, 0o700)
    return new EditRecord(context, facts, { id, folder, before: await EditBeforeWriter.create(folder.dir) })
  }

  /** What is there now, before the edit; null where nothing is. */
  addBefore(path: string, znode: Znode | null): Promise<void> {
    return this.#before.add(path, znode)
  }

  /** All of it is on disk and in the database when this returns: only then may the edit be sent. */
  async begin(steps: readonly EditStep[]): Promise<void> {
    const { db, clock, actor } = this.#context
    const { cluster, path, verb, reason } = this.#facts
    await this.#before.finish()
    const row = await db.cluster.findUniqueOrThrow({ where: { id: cluster.id }, select: { connectString: true } })
    const header = {
      mode: 'update',
      onConflict: 'stop',
      source: `an edit of ${path}`,
      target: cluster.name,
      sourcePath: ROOT,
      targetPath: ROOT,
      salt: randomUUID(),
    } as const
    const hasher = new PlanHasher(header)
    const plan = await this.#directory.writePlan()
    const totals = { create: 0, setData: 0, delete: 0, setAcl: 0, advanceCounter: 0 }
    for (const step of steps) {
      const line = encodeStep({ ...step, index: this.#steps++ })
      totals[step.step]++
      hasher.addLine(line)
      await plan.write({ ...step, index: this.#steps - 1 }, line)
    }
    const summary: PlanSummary = {
      ...header,
      plan: hasher.finish(),
      creates: totals.create,
      updates: totals.setData,
      deletes: totals.delete,
      aclChanges: totals.setAcl,
      skipped: { ephemeral: 0, system: 0 },
      warnings: [],
      steps: this.#steps,
      dataBytes: 0,
      plannedAtZxid: 0n,
      plannedAtMs: clock.now(),
      fidelity: null,
    }
    await plan.finish({ summary, connectString: row.connectString, clusterName: cluster.name, undoOf: null })
    const now = new Date(clock.now())
    await db.restore.create({
      data: {
        id: this.id,
        clusterId: cluster.id,
        source: `live:${cluster.id}`,
        sourceLabel: 'an edit by hand',
        scope: { kind: 'edit', verb, path },
        mode: 'edit',
        onConflict: 'stop',
        state: 'failed',
        planHash: summary.plan,
        reason: reason ?? null,
        confirmedById: actor.id,
        confirmedAt: now,
        dir: folderOf(this.id),
        createdById: actor.id ?? 'system',
        createdAt: now,
        finishedAt: now,
      },
      select: { id: true },
    })
    this.#sink = await this.#directory.openJournal(() => undefined)
    this.#journal = new JournalWriter(this.#sink, clock, this.id)
    await this.#journal.begin({ run: this.id, plan: summary.plan, steps: this.#steps, onConflict: 'stop' })
  }

  /** Before the request with these steps is sent. */
  async sending(from: number, to: number): Promise<void> {
    this.#sending = [from, to]
    this.#isInDoubt = true
    await this.#journal?.intent({ batch: this.#batch, from, to, zxid: 0n })
  }

  /** What was sent last is done. */
  async applied(zxid: bigint | null): Promise<void> {
    const [from, to] = this.#sending
    this.#applied += to - from
    await this.#outcome([{ zxid, ranges: [[from, to]] }])
  }

  /** What was sent last was refused: certainly not carried out. */
  refused(): Promise<void> {
    return this.#outcome([])
  }

  /**
   * The end, however it came: kept when anything was or may have been written, else forgotten. The edit itself is done by now, so a record
   * that cannot be kept must not make it look undone. Gives the id to undo it by, or null.
   */
  async end(how: 'done' | 'nothing' | 'unknown'): Promise<string | null> {
    const { db, clock, log } = this.#context
    try {
      const isDone = how === 'done'
      // An answer that was lost and found later: the journal has the step as doubtful, and the undo looks at the live tree.
      if (isDone && !this.#isClosed)
        await this.#journal?.finish('done', { applied: this.#applied, alreadyDone: 0, skipped: 0, conflicts: 0 })
      if (!this.#isClosed) await this.#sink?.close()
      this.#isClosed = true
      // Whatever else failed afterwards: what may have been written must be there to be taken back.
      if (how === 'nothing' && this.#applied === 0 && !this.#isInDoubt) {
        await db.restore.deleteMany({ where: { id: this.id } })
        if (this.#sink === null) await this.#before.abandon().catch(() => undefined)
        await this.#context.workFiles.remove(folderOf(this.id))
        return null
      }
      const counts = { applied: this.#applied, alreadyDone: 0, skipped: 0 }
      const report = { ...counts, conflicts: [], verified: null, differences: [], durationMs: 0 }
      await db.restore.updateMany({
        where: { id: this.id },
        data: { state: isDone ? 'succeeded' : 'failed', report, finishedAt: new Date(clock.now()) },
      })
      await this.#forgetOld()
      return this.id
    } catch (error) {
      log.error({ edit: this.id, error: formatErrorLine(error) }, 'The record of an edit could not be ended')
      return null
    } finally {
      await this.#folder.end().catch(() => undefined)
    }
  }

  async #outcome(applied: Parameters<JournalWriter['outcome']>[0]['applied']): Promise<void> {
    this.#isInDoubt = false
    if (this.#isClosed) return
    const none = { already: [], skipped: [], conflicts: [], rewritten: [] }
    await this.#journal?.outcome({ batch: this.#batch++, applied, ...none }, { durable: true })
  }

  async #forgetOld(): Promise<void> {
    const { db } = this.#context
    const old = await db.restore.findMany({
      where: { clusterId: this.#facts.cluster.id, mode: 'edit' },
      orderBy: { createdAt: 'desc' },
      skip: KEPT_MAX,
      take: FORGOTTEN_AT_ONCE,
      select: { id: true },
    })
    for (const { id } of old) {
      await db.restore.deleteMany({ where: { id } })
      await this.#context.workFiles.remove(folderOf(id))
    }
  }
}

function folderOf(id: string): string {
  return join('restores', id)
}
