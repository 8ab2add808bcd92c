import { formatErrorLine, isArkeeperError } from '../../base/errors.ts'
import { LEASE_MS } from '../../jobs/definitions.ts'
import { enqueueJob } from '../../jobs/enqueue-job.ts'
import type { Actor, ServiceContext } from '../context.ts'
import type { ErrorView } from '../error-view.ts'
import { keepBooks, type Transaction } from '../gate.ts'
import { parseErrorView } from '../jobs/to-job-view.ts'
import { leaseIsFree } from '../lease-is-free.ts'
import { findClusterRoles } from '../people/find-cluster-roles.ts'
import { isRoleEnough, roleAt, toRole } from '../policy.ts'
import { confirmRestore } from '../restores/confirm-restore.ts'
import { getRestoreRow, parsePlanView } from '../restores/find-restore.ts'
import { replanRestore } from '../restores/replan-restore.ts'
import { reportViewSchema, toRestoreViews } from '../restores/to-restore-view.ts'
import type { RestoreView } from '../restores/views.ts'
import { closeEmptyRound } from './close-empty-round.ts'
import { findLatestRound, type MigrationRow, placesOf, type RoundRow } from './find-migration.ts'
import { FAILURES_MAX, nextActOf, OPEN_STATES, toMigrationState, type WaitingFor } from './migration-rules.ts'
import { readSourceZxid, startRound } from './start-round.ts'

/** While a round's own job is at work. */
const LOOK_AGAIN_MS = 1_000

type Change = Parameters<Transaction['migration']['updateMany']>[0]['data']

/**
 * One step of one migration that is due, as `owner`; false when none is. Steps are short: what takes long are the jobs of the rounds'
 * restores, with their own leases and journals, so that a worker may be killed at any instant and another one goes on.
 */
export async function runDueMigrations(context: ServiceContext, owner: string): Promise<boolean> {
  const { db, clock } = context
  const now = new Date(clock.now())
  const isDue = {
    state: { in: [...OPEN_STATES] },
    nextRunAt: { lte: now },
    ...leaseIsFree(now),
  }
  const due = await db.migration.findFirst({ where: isDue, orderBy: { nextRunAt: 'asc' }, select: { id: true } })
  if (!due) return false
  const { count } = await db.migration.updateMany({
    where: { ...isDue, id: due.id },
    data: { leaseOwner: owner, leaseUntil: new Date(now.getTime() + LEASE_MS) },
  })
  if (count === 0) return true
  const row = await db.migration.findUniqueOrThrow({ where: { id: due.id } })
  const turn = new Turn(context, row, owner)
  try {
    await turn.take()
  } catch (error) {
    if (!isArkeeperError(error)) throw error
    context.log.warn({ migration: row.id, error: formatErrorLine(error) }, 'A step of a migration failed')
    await turn.fail({ code: error.code, message: error.message, remedy: error.remedy, unaffected: error.unaffected })
  } finally {
    await db.migration.updateMany({
      where: { id: row.id, leaseOwner: owner },
      data: { leaseOwner: null, leaseUntil: null },
    })
  }
  return true
}

/** One look at one migration, and what follows from it. */
class Turn {
  readonly #context: ServiceContext
  readonly #row: MigrationRow
  readonly #owner: string

  constructor(context: ServiceContext, row: MigrationRow, owner: string) {
    this.#context = context
    this.#row = row
    this.#owner = owner
  }

  async take(): Promise<void> {
    const context = await this.#asPerson()
    if (context === null) return
    const moved = await this.#findMovedAddress()
    if (moved !== null) return this.fail(moved)
    const row = this.#row
    const round = await findLatestRound(context, row.id)
    const restore = await this.#findRestore(context, round)
    const proofJob = await this.#findProofJob()
    if (proofJob === 'failed') return this.#giveUpFinishing()
    const act = nextActOf(
      { state: toMigrationState(row.state), finalRounds: row.finalRounds, isComparing: proofJob === 'active' },
      round && {
        restoreState: restore?.state ?? null,
        steps: restore?.plan?.steps ?? null,
        isFinished: round.finishedAt !== null,
        differences: round.differences,
      },
    )
    switch (act) {
      case 'rest':
        return
      case 'wait':
        return this.#set({
          nextRunAt: this.#after(LOOK_AGAIN_MS),
          waiting: restore?.state === 'paused' ? 'paused' : null,
        })
      case 'await-person':
        return this.#set({ nextRunAt: null, ...(row.state === 'checking' ? { state: 'checked', failures: 0 } : {}) })
      case 'start-round':
        return this.#startRound(context, round)
      case 'close-empty':
        await closeEmptyRound(context, row, round!)
        return this.#set({ ...this.#afterRound(round!), waiting: null, failures: 0 })
      case 'confirm':
        return this.#confirm(context, round!, restore!)
      case 'close-written':
        return this.#closeWritten(round!, restore!)
      case 'retry-plan':
        return this.#retryPlan(context, round!, restore!)
      case 'fail-round':
        return this.#failRound(round!, restore)
      case 'compare':
        return this.#compare(context)
      case 'give-up-finishing':
        return this.#giveUpFinishing()
    }
  }

  async fail(error: ErrorView): Promise<void> {
    const finishedAt = new Date(this.#context.clock.now())
    await this.#set({
      state: 'failed',
      error: toJson(error),
      nextRunAt: null,
      waiting: null,
      finalRounds: null,
      finishedAt,
    })
  }

  /** Rounds are applied in the name of whoever confirmed them, with the role that this person has now. */
  async #asPerson(): Promise<ServiceContext | null> {
    const id = this.#row.confirmedById ?? this.#row.createdById
    const user = await this.#context.db.user.findUnique({
      where: { id },
      select: { name: true, role: true, deactivatedAt: true },
    })
    const clusterRoles = await findClusterRoles(this.#context.db, id)
    const person = { role: toRole(user?.role), clusterRoles }
    const may = (clusterId: string) => isRoleEnough(roleAt(person, clusterId), 'restore.confirm')
    const { sourceId, targetId } = this.#row
    if (!user || user.deactivatedAt !== null || !may(sourceId) || !may(targetId)) {
      await this.fail({
        code: 'FORBIDDEN',
        message: `${user?.name ?? 'Who confirmed it'} may not restore any more`,
        unaffected: 'what was written before stays',
        remedy: 'go on in your own name',
      })
      return null
    }
    const actor: Actor = { kind: 'user', id, name: user.name, ...person }
    return { ...this.#context, actor }
  }

  /** An entry that leads elsewhere now may lead to the source: that is asked again when somebody goes on. */
  async #findMovedAddress(): Promise<ErrorView | null> {
    const { sourceId, targetId, addresses } = this.#row
    const clusters = await this.#context.db.cluster.findMany({
      where: { id: { in: [sourceId, targetId] }, removedAt: null },
      select: { id: true, connectString: true },
    })
    const find = (id: string) => clusters.find((cluster) => cluster.id === id)?.connectString
    const known = addresses as { readonly source?: string; readonly target?: string }
    if (find(sourceId) === known.source && find(targetId) === known.target) return null
    return {
      code: 'WRONG_STATE',
      message:
        clusters.length < 2
          ? 'One of the clusters was removed'
          : 'The connect string of one of the clusters was changed',
      unaffected: 'what was written before stays',
      remedy: 'look at both clusters, then go on: it is checked again that they are two',
    }
  }

  /** As that person sees it: whether an approval covers the run depends on who starts it. */
  async #findRestore(context: ServiceContext, round: RoundRow | null): Promise<RestoreView | null> {
    if (!round?.restoreId) return null
    const row = await getRestoreRow(context, round.restoreId)
    return (await toRestoreViews(context, [row]))[0] ?? null
  }

  async #findProofJob(): Promise<'none' | 'active' | 'failed'> {
    const { proofJobId, finalRounds } = this.#row
    if (proofJobId === null || finalRounds === null) return 'none'
    const job = await this.#context.db.job.findUnique({ where: { id: proofJobId }, select: { state: true } })
    if (job?.state === 'queued' || job?.state === 'running') return 'active'
    return job?.state === 'succeeded' ? 'none' : 'failed'
  }

  async #startRound(context: ServiceContext, last: RoundRow | null): Promise<void> {
    const row = this.#row
    const sourceZxid = await readSourceZxid(context, row.sourceId)
    await keepBooks(context, { action: 'migration.round', ...placesOf(row) }, async (tx) => {
      const { count } = await tx.migration.updateMany({
        where: { id: row.id, leaseOwner: this.#owner, state: row.state },
        data: {
          nextRunAt: this.#after(LOOK_AGAIN_MS),
          waiting: null,
          ...(row.finalRounds !== null ? { finalRounds: row.finalRounds - 1 } : {}),
        },
      })
      if (count === 1) await startRound(context, tx, { row, number: (last?.number ?? 0) + 1, sourceZxid })
    })
  }

  /** Through the same gate as a person's confirmation: arming, approval and plan hash are looked at there once more. */
  async #confirm(context: ServiceContext, round: RoundRow, restore: RestoreView): Promise<void> {
    const { canConfirm, plan } = restore
    const row = this.#row
    if (!canConfirm.ok || plan === null) {
      const waiting: WaitingFor = restore.clusterIsArmed ? 'approval' : 'read-only'
      return this.#set({ waiting, nextRunAt: this.#after(LOOK_AGAIN_MS) })
    }
    await confirmRestore(context, {
      restoreId: restore.id,
      planHash: plan.hash,
      typedName: restore.clusterName,
      reason: `Round ${round.number} of the migration from ${row.sourceName}: ${row.reason ?? ''}`.slice(0, 500),
      dangersRead: true,
    })
    await this.#setRound(round, { differences: plan.steps })
    await this.#set({ waiting: null, nextRunAt: this.#after(LOOK_AGAIN_MS) })
  }

  async #closeWritten(round: RoundRow, restore: RestoreView): Promise<void> {
    const { report, plan } = restore
    await this.#setRound(round, {
      differences: plan?.steps ?? 0,
      applied: report ? report.applied + report.alreadyDone : 0,
      verified: report?.verified ?? null,
      finishedAt: new Date(this.#context.clock.now()),
    })
    await this.#set({ ...this.#afterRound(round), waiting: null, failures: 0 })
  }

  /** The first copy takes long: what moved meanwhile is looked at once, and from then on by the clock. */
  #afterRound(round: RoundRow): Change {
    if (this.#row.state === 'copying') return { state: 'following', nextRunAt: this.#after(0) }
    if (this.#row.state === 'switching') return { nextRunAt: this.#after(0) }
    const next = round.startedAt.getTime() + this.#row.everySeconds * 1000
    return { nextRunAt: new Date(Math.max(next, this.#context.clock.now())) }
  }

  /** A cluster that is away for a while. Nothing was written. */
  async #retryPlan(context: ServiceContext, round: RoundRow, restore: RestoreView): Promise<void> {
    const failures = this.#row.failures + 1
    if (this.#row.confirmedAt === null || failures >= FAILURES_MAX) return this.#failRound(round, restore)
    await replanRestore(context, restore.id)
    const nextRunAt = this.#after(this.#row.everySeconds * 1000)
    await this.#set({ failures, nextRunAt, ...(restore.error ? { error: toJson(restore.error) } : {}) })
  }

  async #failRound(round: RoundRow, restore: RestoreView | null): Promise<void> {
    const plan = parsePlanView(restore?.plan)
    const report = reportViewSchema.safeParse(restore?.report).data ?? null
    await this.#setRound(round, {
      differences: plan?.steps ?? null,
      applied: report ? report.applied + report.alreadyDone : null,
      verified: report?.verified ?? null,
      finishedAt: new Date(this.#context.clock.now()),
    })
    const error = parseErrorView(restore?.error)
    await this.fail({
      code: error?.code ?? 'WRONG_STATE',
      message: `Round ${round.number} ${error ? `failed: ${error.message}` : `is ${restore?.state ?? 'gone'}`}`,
      unaffected: error?.unaffected ?? 'the source was only read',
      remedy: 'look at that round, then go on: a new plan holds whatever is left',
    })
  }

  async #compare(context: ServiceContext): Promise<void> {
    const row = this.#row
    const jobId = context.newId()
    await keepBooks(context, { action: 'migration.round', ...placesOf(row) }, async (tx) => {
      const { count } = await tx.migration.updateMany({
        where: { id: row.id, leaseOwner: this.#owner, state: 'switching', proofJobId: row.proofJobId },
        data: { proofJobId: jobId, nextRunAt: this.#after(LOOK_AGAIN_MS) },
      })
      if (count === 0) return
      await enqueueJob(tx, {
        id: jobId,
        kind: 'migrate-proof',
        payload: { migrationId: row.id },
        clusterId: row.targetId,
        otherClusterId: row.sourceId,
        subjectId: row.id,
        actor: context.actor,
        nowMs: context.clock.now(),
      })
    })
  }

  /** It stays at the switch-over: the page says that differences were left, and a person decides. */
  async #giveUpFinishing(): Promise<void> {
    await this.#set({ finalRounds: null, nextRunAt: null, waiting: null })
  }

  #after(ms: number): Date {
    return new Date(this.#context.clock.now() + ms)
  }

  /** Only while nobody has stopped or steered it since this turn began. */
  async #set(data: Change): Promise<void> {
    const { id, state, finalRounds, confirmedAt } = this.#row
    await this.#context.db.migration.updateMany({
      where: { id, leaseOwner: this.#owner, state, finalRounds, confirmedAt },
      data,
    })
  }

  async #setRound({ migrationId, number }: RoundRow, data: Partial<RoundRow>): Promise<void> {
    await this.#context.db.migrationRound.updateMany({ where: { migrationId, number }, data })
  }
}

function toJson({ code, message, unaffected, remedy }: ErrorView) {
  return { code, message, ...(unaffected ? { unaffected } : {}), ...(remedy ? { remedy } : {}) }
}
