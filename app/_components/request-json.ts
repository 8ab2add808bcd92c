import type { ErrorView } from '@/lib/services/error-view.ts'

/** A failed request, with what the server said about it. */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly view: ErrorView
  readonly status: number

  constructor(view: ErrorView, status: number) {
    super(view.message)
    this.view = view
    this.status = status
  }
}

const TIMEOUT_MS = 30_000

/** Reads JSON from one of our route handlers; `T` is the view that the handler at that path answers with. Throws RequestError. */
export async function requestJson<T>(url: string, options: { signal?: AbortSignal } = {}): Promise<T> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS)
  const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout
  let response: Response
  try {
    response = await fetch(url, { signal, headers: { accept: 'application/json' } })
  } catch (error) {
    if (options.signal?.aborted) throw error
    throw new RequestError(UNREACHABLE, 0)
  }
  if (!response.ok) throw new RequestError(await readErrorView(response), response.status)
  return response.json()
}

const UNREACHABLE: ErrorView = {
  code: 'UNREACHABLE',
  message: 'Arkeeper does not answer',
  unaffected: 'clusters and backups are not affected by this',
  remedy: 'check that the web process runs and that this machine has a network, then try again',
}

export async function readErrorView(response: Response): Promise<ErrorView> {
  const fallback: ErrorView = { code: 'HTTP', message: `The server answered with status ${response.status}` }
  try {
    const body: unknown = await response.json()
    return isErrorView(body) ? body : fallback
  } catch {
    return fallback
  }
}

export function isErrorView(value: unknown): value is ErrorView {
  return (
    typeof value === 'object' &&
    value !== null &&
    'code' in value &&
    'message' in value &&
    typeof value.code === 'string' &&
    typeof value.message === 'string'
  )
}

export function viewOfError(error: unknown): ErrorView {
  if (error instanceof RequestError) return error.view
  return { code: 'BROWSER', message: error instanceof Error ? error.message : String(error) }
}
