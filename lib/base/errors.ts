import { invariant } from './invariant.ts'

const FAMILIES = Symbol.for('arkeeper.error.families')

/**
 * The one error shape that crosses rooms. `message` says what failed; `unaffected` what was left as it was; `remedy` what to do next.
 * Each room has one subclass whose `code` is a literal union (style: never a bare Error for what can happen).
 *
 * `instanceof` goes by `family`, not by the identity of the class: the web server's bundles hold copies of one module each, and an
 * error thrown by a connection that one bundle has opened must be known in all others. Every subclass names its own family.
 */
export abstract class ArkeeperError<Code extends string = string> extends Error {
  static readonly family: string = 'arkeeper'

  static override [Symbol.hasInstance](value: unknown): boolean {
    if (typeof value !== 'object' || value === null || !(FAMILIES in value)) return false
    // biome-ignore lint/complexity/noThisInStatic: `this` is the class that stands right of instanceof, which is the point
    return Array.isArray(value[FAMILIES]) && value[FAMILIES].includes(this.family)
  }

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
    Object.defineProperty(this, FAMILIES, { value: familiesOf(new.target), enumerable: false })
  }
}

/** Families of a class and its ancestors. A subclass without a family of its own would pass for its parent: a bug, found at once. */
function familiesOf(errorClass: { readonly family: string }): string[] {
  invariant(Object.hasOwn(errorClass, 'family'), 'an error class has no family of its own')
  const families: string[] = []
  for (let at: unknown = errorClass; typeof at === 'function' && at !== Error; at = Object.getPrototypeOf(at)) {
    if ('family' in at && typeof at.family === 'string') families.push(at.family)
  }
  return families
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
  static override readonly family: string = 'cancelled'

  constructor(message = 'The work was cancelled', options: ArkeeperErrorOptions = {}) {
    super('CANCELLED', message, options)
  }
}

/** An external call did not answer within its deadline. `details.timeoutMs` holds the limit. */
export class TimeoutError extends ArkeeperError<'TIMEOUT'> {
  static override readonly family: string = 'timeout'

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
