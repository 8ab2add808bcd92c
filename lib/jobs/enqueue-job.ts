import type { Prisma } from '../adapters/database/generated/client.ts'
import { nameOfActor } from '../base/actor-name.ts'
import { JOB_DEFINITIONS, type JobKind, type JobPayload } from './definitions.ts'

export interface EnqueueJobInput<Kind extends JobKind> {
  readonly id: string
  readonly kind: Kind
  readonly payload: JobPayload<Kind>
  readonly clusterId: string | null
  /** A second cluster that it reads. */
  readonly otherClusterId?: string | null
  /** The backup, diff, search or restore that the job works for. */
  readonly subjectId: string | null
  readonly actor: {
    readonly id: string | null
    readonly name: string
    readonly token?: { readonly id: string; readonly name: string }
  }
  readonly nowMs: number
  /** Not before then. */
  readonly runAfterMs?: number
}

/** In the transaction of the change that asks for the work, so that there is never one without the other. */
export async function enqueueJob<Kind extends JobKind>(
  tx: Pick<Prisma.TransactionClient, 'job'>,
  input: EnqueueJobInput<Kind>,
): Promise<void> {
  const definition = JOB_DEFINITIONS[input.kind]
  const now = new Date(input.nowMs)
  await tx.job.create({
    data: {
      id: input.id,
      kind: input.kind,
      clusterId: input.clusterId,
      otherClusterId: input.otherClusterId ?? null,
      subjectId: input.subjectId,
      payload: definition.payload.parse(input.payload),
      actorId: input.actor.id ?? SYSTEM_ACTOR,
      actorName: nameOfActor(input.actor),
      tokenId: input.actor.token?.id ?? null,
      attemptsMax: definition.attemptsMax,
      runAfter: new Date(input.runAfterMs ?? input.nowMs),
      createdAt: now,
    },
    select: { id: true },
  })
}

/** Stands for an actor that is no person. */
export const SYSTEM_ACTOR = 'system'
