import { createHash } from 'node:crypto'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'

const KEPT_MS = 24 * 3600_000
const KEY_CHARACTERS_MAX = 200

export interface JsonAnswer {
  readonly status: number
  /** Plain JSON. */
  readonly body: unknown
}

/**
 * A program that got no answer asks again with the same key and gets the first answer instead of a second backup. Kept for a day. A request
 * that failed did nothing, so that its key is free again; one whose answer was lost with the process is never done a second time.
 */
export async function answerOnce(
  context: ServiceContext,
  request: { readonly operation: string; readonly key: string; readonly asked: unknown },
  work: () => Promise<JsonAnswer>,
): Promise<JsonAnswer & { readonly isRepeated: boolean }> {
  const { db, clock, actor } = context
  if (request.key.length > KEY_CHARACTERS_MAX) {
    throw new ServiceError('INVALID_INPUT', `An Idempotency-Key has at most ${KEY_CHARACTERS_MAX} characters`)
  }
  const id = hash([actor.token?.id ?? actor.id, request.operation, request.key])
  const requestHash = hash(request.asked)
  const now = new Date(clock.now())
  await db.idempotentRequest.deleteMany({ where: { createdAt: { lt: new Date(now.getTime() - KEPT_MS) } } })
  try {
    await db.idempotentRequest.create({ data: { id, requestHash, createdAt: now }, select: { id: true } })
  } catch (error) {
    if (!isTaken(error)) throw error
    return repeat(await db.idempotentRequest.findUnique({ where: { id } }), requestHash)
  }
  let answer: JsonAnswer
  try {
    answer = await work()
  } catch (error) {
    await db.idempotentRequest.deleteMany({ where: { id } })
    throw error
  }
  await db.idempotentRequest.update({
    where: { id },
    data: { status: answer.status, answer: JSON.stringify(answer.body) },
    select: { id: true },
  })
  return { ...answer, isRepeated: false }
}

function repeat(
  first: { readonly requestHash: string; readonly status: number | null; readonly answer: unknown } | null,
  requestHash: string,
): JsonAnswer & { readonly isRepeated: boolean } {
  if (first !== null && first.requestHash !== requestHash) {
    throw new ServiceError('INVALID_INPUT', 'This Idempotency-Key was used for another request', {
      unaffected: 'nothing was started',
      remedy: 'take a new key for every request that is not a repetition',
    })
  }
  if (first === null || first.status === null) {
    throw new ServiceError('WRONG_STATE', 'The first request with this Idempotency-Key has not been answered', {
      unaffected: 'nothing was started a second time',
      remedy: 'repeat it in a moment; if this stays, look at the list of jobs whether the first one came through',
    })
  }
  return {
    status: first.status,
    body: typeof first.answer === 'string' ? JSON.parse(first.answer) : null,
    isRepeated: true,
  }
}

function isTaken(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'P2002'
}

function hash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex')
}
