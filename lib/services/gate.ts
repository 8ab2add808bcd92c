import type { Prisma } from '../adapters/database/generated/client.ts'
import { formatErrorLine, isArkeeperError } from '../base/errors.ts'
import { type AuditEntryInput, lockAudit, writeAudit } from './audit/write-audit.ts'
import { findReadOnlyFault, getClusterForWriting } from './clusters/armed.ts'
import type { ServiceContext } from './context.ts'
import { ServiceError } from './errors.ts'
import {
  type Action,
  type ClusterAction,
  isOverall,
  isRoleEnough,
  LEAST_ROLE,
  type OverallAction,
  roleAt,
} from './policy.ts'
import { describeLackOfScope, isScopeEnough } from './tokens/token-scopes.ts'

export type { Action, ClusterAction } from './policy.ts'
export type Transaction = Prisma.TransactionClient

/**
 * What the audit says about the subject of an action. The role at its cluster counts, without one the overall role; at a second cluster that
 * is concerned, for example the one that a backup came from, the same role is needed.
 */
export type Subject = Omit<AuditEntryInput, 'action' | 'outcome' | 'startedId'>

type OfCluster = Subject & Required<Pick<Subject, 'cluster'>>
/** The cluster cannot be forgotten: `null` only says that it is not known any more. */
export type Mutation = (OfCluster & { readonly action: ClusterAction }) | (Subject & { readonly action: OverallAction })

/** Adds what only the work itself can know to the entry: later values win, `before` and `after` are merged. */
export type RecordFacts = (facts: Subject) => void

type GateContext = Pick<ServiceContext, 'actor' | 'clock' | 'db' | 'log'>

/** Throws FORBIDDEN, after a `denied` entry, when the actor's role where it is done is below what the action needs. */
export async function assertActorCan(context: GateContext, { action, ...subject }: Mutation): Promise<void> {
  const { actor } = context
  const { otherClusterId } = subject
  await assertTokenCan(context, { action, ...subject })
  const places = isOverall(action) ? [null] : [subject.cluster?.id ?? null, ...(otherClusterId ? [otherClusterId] : [])]
  const lacking = places.find((clusterId) => !isRoleEnough(roleAt(actor, clusterId), action))
  if (lacking === undefined) return
  const role = roleAt(actor, lacking)
  const where = lacking === otherClusterId ? ' at the other cluster' : role === actor.role ? '' : ' at this cluster'
  const message = `${action} needs the role ${LEAST_ROLE[action]}; ${actor.name} has ${role}${where}`
  await writeAudit(context.db, context, { ...subject, action, outcome: 'denied', message })
  throw new ServiceError('FORBIDDEN', message, {
    unaffected: 'nothing was changed',
    remedy: 'ask an administrator',
  })
}

/** Throws FORBIDDEN, after a `denied` entry, when it is a token that acts and its scopes do not hold the action. Persons pass. */
export async function assertTokenCan(
  context: GateContext,
  { action, ...subject }: Subject & { readonly action: Action },
): Promise<void> {
  const { token } = context.actor
  if (!token || isScopeEnough(token.scopes, action)) return
  const message = describeLackOfScope(token, action)
  await writeAudit(context.db, context, { ...subject, action, outcome: 'denied', message })
  throw new ServiceError('FORBIDDEN', message, {
    unaffected: 'nothing was changed',
    remedy: 'use a token that has the scope, or do it as a person in the browser',
  })
}

/**
 * A change of our own database. The work and its `ok` entry are stored in one transaction or not at all; a failure gets an entry of its own.
 * Inside the work use only `tx`, and await nothing but the database.
 */
export async function mutate<T>(
  context: GateContext,
  mutation: Mutation,
  work: (tx: Transaction, record: RecordFacts) => Promise<T>,
): Promise<T> {
  await assertActorCan(context, mutation)
  const facts = new Facts(mutation)
  try {
    return await context.db.$transaction(async (tx) => {
      await lockAudit(tx)
      const result = await work(tx, facts.record)
      await writeAudit(tx, context, facts.entry('ok'))
      return result
    })
  } catch (error) {
    facts.record({ message: describe(error) })
    await writeAfterwards(context, facts.entry('failed'))
    throw error
  }
}

/**
 * What follows by the clock from what a person has put on record (the rounds of a migration): the role is checked, one transaction, and no
 * entry of its own, which would bury the others. What writes to a cluster goes through `mutateCluster` all the same.
 */
export async function keepBooks<T>(
  context: GateContext,
  mutation: Mutation,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  await assertActorCan(context, mutation)
  return context.db.$transaction(work)
}

export interface ClusterMutation extends Omit<Subject, 'cluster'> {
  readonly action: ClusterAction
  readonly clusterId: string
}

/** How the work ended when it did not throw: `failed` is for what the cluster refused, a conflict for example. */
export type ClusterWorkResult<T> = { readonly value: T; readonly outcome: 'ok' | 'failed' }

/**
 * A change of a cluster. Role and arming are checked, then a `started` entry is stored: without it nothing is written.
 * Then the work runs (outside any transaction) and its outcome gets a second entry, with what `record` was told.
 */
export async function mutateCluster<T>(
  context: GateContext,
  mutation: ClusterMutation,
  work: (cluster: { readonly id: string; readonly name: string }, record: RecordFacts) => Promise<ClusterWorkResult<T>>,
): Promise<T> {
  const { clusterId, ...subject } = mutation
  const cluster = await getClusterForWriting(context, clusterId)
  const facts = new Facts({ ...subject, cluster: { id: cluster.id, name: cluster.name } })
  await assertActorCan(context, { ...subject, cluster: { id: cluster.id, name: cluster.name } })
  const fault = findReadOnlyFault(cluster, context.clock.now())
  if (fault) {
    await writeAudit(context.db, context, { ...facts.entry('denied'), message: fault.message })
    throw fault
  }
  const startedId = await writeAudit(context.db, context, facts.entry('started'))
  try {
    const { value, outcome } = await work({ id: cluster.id, name: cluster.name }, facts.record)
    await writeAfterwards(context, { ...facts.entry(outcome), startedId })
    return value
  } catch (error) {
    facts.record({ message: describe(error) })
    await writeAfterwards(context, { ...facts.entry('failed'), startedId })
    throw error
  }
}

/** A reading that is on record from its start to its end, an export for example. */
export interface AuditedReading {
  readonly record: RecordFacts
  /** Once, when it has ended. */
  end(outcome: 'ok' | 'failed'): Promise<void>
}

/** Checks the role and stores a `started` entry: without it nothing is given out. */
export async function startAuditedReading(context: GateContext, mutation: Mutation): Promise<AuditedReading> {
  await assertActorCan(context, mutation)
  const facts = new Facts(mutation)
  const startedId = await writeAudit(context.db, context, facts.entry('started'))
  return {
    record: facts.record,
    end: (outcome) => writeAfterwards(context, { ...facts.entry(outcome), startedId }),
  }
}

class Facts {
  #subject: Mutation

  constructor(mutation: Mutation) {
    this.#subject = mutation
  }

  record: RecordFacts = (facts) => {
    const known = this.#subject
    this.#subject = {
      ...known,
      ...facts,
      before: facts.before ? { ...known.before, ...facts.before } : known.before,
      after: facts.after ? { ...known.after, ...facts.after } : known.after,
    }
  }

  entry(outcome: AuditEntryInput['outcome']): AuditEntryInput & { readonly action: Action } {
    const { action, cluster, otherClusterId, path, reason, before, after, message } = this.#subject
    return { action, cluster, otherClusterId, path, reason, before, after, message, outcome }
  }
}

/**
 * The deed is done or refused already, so an entry that cannot be stored must not hide how it ended: it goes to the log instead.
 * A `started` entry without outcome stays visible in the audit.
 */
async function writeAfterwards(context: GateContext, entry: AuditEntryInput): Promise<void> {
  try {
    await writeAudit(context.db, context, entry)
  } catch (error) {
    context.log.error({ error: formatErrorLine(error), entry }, 'An audit entry could not be stored')
  }
}

function describe(error: unknown): string {
  return isArkeeperError(error) ? formatErrorLine(error) : 'INTERNAL: an unexpected failure, described in the log'
}
