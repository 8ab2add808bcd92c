import { z } from 'zod'
import { invariant } from '../../base/invariant.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { assertTokenCan } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { answerOnce, type JsonAnswer } from './answer-once.ts'
import { OPERATIONS, type OperationId } from './contract.ts'
import type { Stream } from './handler.ts'
import { HANDLERS } from './handlers.ts'
import { type OperationShape, scopesOf } from './operation.ts'

export interface ApiRequest {
  readonly id: OperationId
  readonly params: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  /** What was sent as JSON; undefined for nothing. */
  readonly body: unknown
  readonly idempotencyKey: string | null
}

export type ApiAnswer =
  | (JsonAnswer & { readonly kind: 'json'; readonly isRepeated: boolean })
  | { readonly kind: 'none'; readonly status: number }
  | { readonly kind: 'stream'; readonly status: number; readonly stream: Stream }

/** Scope, then the input, then the service, then the answer in the shape that was promised. */
export async function runOperation(context: ServiceContext, request: ApiRequest): Promise<ApiAnswer> {
  const operation: OperationShape = OPERATIONS[request.id]
  await assertScope(context, operation)
  const input = parseInput(inputOf(operation), {
    params: request.params,
    query: request.query,
    body: operation.body === null ? null : (request.body ?? {}),
  })
  const call = () => handle(context, request.id, input)
  const { answer } = operation
  if (answer.kind === 'stream') {
    const stream = await call()
    invariant(isStream(stream), `${request.id} gives no stream`)
    return { kind: 'stream', status: answer.status, stream }
  }
  if (answer.kind === 'none') {
    await call()
    return { kind: 'none', status: answer.status }
  }
  const work = async (): Promise<JsonAnswer> => ({ status: answer.status, body: answer.schema.parse(await call()) })
  if (operation.method !== 'POST' || request.idempotencyKey === null) {
    return { kind: 'json', isRepeated: false, ...(await work()) }
  }
  const asked = { params: request.params, query: request.query, body: request.body ?? {} }
  const once = await answerOnce(context, { operation: request.id, key: request.idempotencyKey, asked }, work)
  return { kind: 'json', ...once }
}

/** A field that is misspelt would be a wish that goes unheard: nothing unknown is taken. */
export function inputOf({ params, query, body }: OperationShape) {
  return z.object({
    params,
    query: query.strict(),
    body: body instanceof z.ZodObject ? body.strict() : z.null(),
  })
}

/** Before anything is told of what is there. What an action needs the gate asks for once more, and on record. */
async function assertScope(context: ServiceContext, operation: OperationShape): Promise<void> {
  const { token } = context.actor
  const wanted = scopesOf(operation)
  if (!token || wanted.some((scope) => token.scopes.includes(scope))) return
  if (operation.action !== null) await assertTokenCan(context, { action: operation.action })
  throw new ServiceError(
    'FORBIDDEN',
    `This needs a token with the scope ${wanted.join(' or ')}; ${token.name} has none`,
    {
      unaffected: 'nothing was changed',
      remedy: 'use a token that has the scope',
    },
  )
}

/** The table of handlers is typed against the contract by id; here the id is known at run time only, and the input has just been parsed by that very operation. */
function handle(context: ServiceContext, id: OperationId, input: unknown): Promise<unknown> {
  const handler = HANDLERS[id] as (context: ServiceContext, input: unknown) => Promise<unknown>
  return handler(context, input)
}

function isStream(answer: unknown): answer is Stream {
  return typeof answer === 'object' && answer !== null && 'pieces' in answer
}
