/**
 * The one error shape that crosses rooms. `message` says what failed; `unaffected` what was left as it was; `remedy` what to do next.
 * Each room has one subclass whose `code` is a literal union (style: never a bare Error for what can happen).
 */
export abstract class ArkeeperError<Code extends string = string> extends Error {
  readonly code: Code
  readonly details: Readonly<Record<string, unknown>>
  readonly unaffected: string | undefined
  readonly remedy: string | undefined

  constructor(code: Code, message: string, options: ArkeeperErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.code = code
    this.details = options.details ?? {}
    this.unaffected = options.unaffected
    this.remedy = options.remedy
  }
}

export interface ArkeeperErrorOptions {
  readonly details?: Readonly<Record<string, unknown>>
  readonly cause?: unknown
  readonly unaffected?: string
  readonly remedy?: string
}

export function isArkeeperError(value: unknown): value is ArkeeperError {
  return value instanceof ArkeeperError
}

/** Raised when an AbortSignal ends work: the caller asked for it, so it is never logged as a failure. */
export class CancelledError extends ArkeeperError<'CANCELLED'> {
  constructor(message = 'The work was cancelled', options: ArkeeperErrorOptions = {}) {
    super('CANCELLED', message, options)
  }
}

/** An external call did not answer within its deadline. `details.timeoutMs` holds the limit. */
export class TimeoutError extends ArkeeperError<'TIMEOUT'> {
  constructor(message: string, timeoutMs: number, options: ArkeeperErrorOptions = {}) {
    super('TIMEOUT', message, { ...options, details: { ...options.details, timeoutMs } })
  }
}

/** One line for a log or standard error: code, message, remedy. Never includes details or stack. */
export function formatErrorLine(error: unknown): string {
  if (isArkeeperError(error)) {
    return `${error.code}: ${[error.message, error.unaffected, error.remedy].filter(Boolean).join(' — ')}`.replaceAll(
      '\n',
      ' ',
    )
  }
  return `INTERNAL: ${error instanceof Error ? error.message : String(error)}`.replaceAll('\n', ' ')
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new CancelledError(undefined, { cause: signal.reason })
}
