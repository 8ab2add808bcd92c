import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { SeededRandom } from '../../lib/testing/seeded-random.ts'

const TIMEOUT_MS = 20_000
const PAUSE_MS = 250
/** Long enough for both web processes and the database to come back. */
const GIVE_UP_MS = 60_000

export interface ApiAnswer {
  readonly status: number
  // Whatever the product says: the load looks at a few of its fields.
  readonly body: Record<string, unknown>
}

/** A program that uses the HTTP API of whichever web process answers, and asks again with the same key where none did. */
export class ApiClient {
  readonly #urls: readonly string[]
  readonly #token: string
  readonly #random: SeededRandom
  /** Tries that got no answer, or one that said to come again. */
  retries = 0

  constructor(urls: readonly string[], token: string, random: SeededRandom) {
    this.#urls = urls
    this.#token = token
    this.#random = random
  }

  get(path: string): Promise<ApiAnswer> {
    return this.#ask('GET', path, null)
  }

  /** Null: the web process died in the middle of it, and whether it was done can only be seen. */
  async post(path: string, body: Record<string, unknown> = {}): Promise<ApiAnswer | null> {
    const answer = await this.#ask('POST', path, body)
    return isInDoubt(answer) ? null : answer
  }

  async #ask(method: string, path: string, body: Record<string, unknown> | null): Promise<ApiAnswer> {
    const key = randomUUID()
    const giveUpAt = Date.now() + GIVE_UP_MS
    for (let tries = 0; ; tries++) {
      const answer = await this.#askOnce(method, path, body, key)
      const isFinal = answer !== null && answer.status < 500 && answer.status !== 429
      if (isFinal && !(isInDoubt(answer) && tries < 8)) return answer
      this.retries++
      if (Date.now() > giveUpAt)
        throw new Error(
          `no answer to ${method} ${path} within ${GIVE_UP_MS} ms, the last was ${JSON.stringify(answer)}`,
        )
      await pause(PAUSE_MS)
    }
  }

  async #askOnce(
    method: string,
    path: string,
    body: Record<string, unknown> | null,
    key: string,
  ): Promise<ApiAnswer | null> {
    try {
      const response = await fetch(`${this.#random.pick(this.#urls)}/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${this.#token}`,
          ...(body === null ? {} : { 'content-type': 'application/json', 'idempotency-key': key }),
        },
        ...(body === null ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
      const text = await response.text()
      const isJson = response.headers.get('content-type')?.startsWith('application/json') ?? false
      return { status: response.status, body: isJson ? JSON.parse(text) : {} }
    } catch (_cutOff) {
      return null
    }
  }
}

/** The first try under this key was begun and never answered: it is not done a second time. */
function isInDoubt({ status, body }: ApiAnswer): boolean {
  return status === 409 && JSON.stringify(body).includes('has not been answered')
}
