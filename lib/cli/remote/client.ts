import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { ArkeeperError, CancelledError, isArkeeperError } from '../../base/errors.ts'
import { API_ROOT, OPERATIONS, type OperationId, type Operations } from '../../services/api/contract.ts'
import type { OperationShape } from '../../services/api/operation.ts'
import { problem } from '../../services/api/shapes.ts'

/** What the server answered instead of doing it, under the code that it gave, or why there was no answer. */
export class RemoteError extends ArkeeperError {
  static override readonly family: string = 'remote'
}

type InputOf<Id extends OperationId> = {
  readonly params?: z.input<Operations[Id]['params']>
  readonly query?: { readonly [Name in keyof z.input<Operations[Id]['query']>]?: string | number | boolean | undefined }
  readonly body?: Operations[Id]['body'] extends z.ZodType ? z.input<Operations[Id]['body']> : never
}
export type AnswerOf<Id extends OperationId> = Operations[Id]['answer'] extends {
  readonly kind: 'json'
  readonly schema: infer Schema extends z.ZodType
}
  ? z.output<Schema>
  : null

const ATTEMPTS = 4
const PAUSE_MS = 500

export interface ClientOptions {
  /** With base path, without a slash at its end. */
  readonly server: string
  readonly token: string
  readonly signal: AbortSignal
}

/** The API of a server, typed by the same table that the server answers from. What it answers is checked against that table too. */
export class ApiClient {
  readonly #options: ClientOptions

  constructor(options: ClientOptions) {
    this.#options = options
  }

  async call<Id extends OperationId>(id: Id, input: InputOf<Id> = {}): Promise<AnswerOf<Id>> {
    const response = await this.#send(id, input)
    const operation: OperationShape = OPERATIONS[id]
    // A job without an answer of its own has none that could be wrong.
    if (operation.answer.kind !== 'json') return null as AnswerOf<Id>
    const body: unknown = await response.json().catch(() => null)
    // Backwards is the direction in which a codec checks what it would have given.
    const checked = z.safeEncode(operation.answer.schema, body)
    if (!checked.success) {
      throw new RemoteError('BAD_ANSWER', `${this.#options.server} answers in another shape than this version knows`, {
        cause: checked.error,
        remedy: 'use the arkeeper of the server’s version',
      })
    }
    return body as AnswerOf<Id>
  }

  /** Text pieces of an operation that answers with a stream. */
  async *stream<Id extends OperationId>(id: Id, input: InputOf<Id> = {}): AsyncGenerator<string, void, void> {
    const response = await this.#send(id, input)
    const decoder = new TextDecoder()
    try {
      for await (const piece of response.body ?? []) yield decoder.decode(piece, { stream: true })
    } catch (cause) {
      throw this.#lost(cause)
    }
    yield decoder.decode()
  }

  async #send<Id extends OperationId>(id: Id, { params, query, body }: InputOf<Id>): Promise<Response> {
    const { server, token, signal } = this.#options
    const { method, path }: OperationShape = OPERATIONS[id]
    const values: Readonly<Record<string, unknown>> = { ...params }
    const address = new URL(
      server + API_ROOT + path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(values[name]))),
    )
    for (const [name, value] of Object.entries(query ?? {})) {
      if (value !== undefined) address.searchParams.set(name, String(value))
    }
    const headers: Record<string, string> = { authorization: `Bearer ${token}`, accept: 'application/json, */*' }
    if (method === 'POST') headers['idempotency-key'] = randomUUID()
    if (body !== undefined) headers['content-type'] = 'application/json'
    const request = { method, headers, body: body === undefined ? null : JSON.stringify(body), signal }
    for (let attempt = 1; ; attempt++) {
      try {
        // The token goes to the server that was named and nowhere else.
        const response = await fetch(address, { ...request, redirect: 'manual' })
        if (response.ok) return response
        throw await toError(response, server)
      } catch (error) {
        if (signal.aborted) throw new CancelledError('Interrupted', { cause: error })
        // What is asked again carries the key of the first time: nothing is begun twice.
        if (isArkeeperError(error) || attempt === ATTEMPTS || method === 'DELETE') throw this.#lost(error)
        await pause(PAUSE_MS * attempt, undefined, { signal }).catch(() => undefined)
      }
    }
  }

  #lost(cause: unknown): unknown {
    if (isArkeeperError(cause)) return cause
    if (this.#options.signal.aborted) return new CancelledError('Interrupted', { cause })
    const why = cause instanceof Error && cause.cause instanceof Error ? `: ${cause.cause.message}` : ''
    return new RemoteError('UNREACHABLE', `${this.#options.server} did not answer${why}`, {
      cause,
      remedy: 'is the server up, and is this its address?',
    })
  }
}

async function toError(response: Response, server: string): Promise<RemoteError> {
  const parsed = problem.safeParse(await response.json().catch(() => null))
  if (!parsed.success) {
    return new RemoteError('BAD_ANSWER', `${server} answers ${response.status}, and not as Arkeeper does`, {
      remedy: 'is this the address of Arkeeper, with its base path?',
    })
  }
  const { code, message, unaffected, remedy } = parsed.data
  return new RemoteError(code, message, { unaffected: unaffected ?? undefined, remedy: remedy ?? undefined })
}
