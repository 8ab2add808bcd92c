import { CancelledError, isArkeeperError } from '../../base/errors.ts'
import { findTlsFault } from '../../base/tls-fault.ts'
import { S3Error } from './errors.ts'

interface Answer {
  readonly name: string
  readonly message: string
  readonly status: number | null
}

/** What the other side said, in the terms of S3; null where it said nothing. */
function answerOf(error: unknown): Answer | null {
  if (!(error instanceof Error)) return null
  const metadata = '$metadata' in error ? error.$metadata : null
  const status =
    typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata ? metadata.httpStatusCode : null
  if (typeof status !== 'number') return null
  return { name: error.name, message: error.message, status }
}

export function isMissing(error: unknown): boolean {
  const answer = answerOf(error)
  return answer !== null && (answer.name === 'NoSuchKey' || answer.name === 'NotFound' || answer.status === 404)
}

/** The upload in parts is not known there any more: finished, aborted, or swept away. */
export function isNoSuchUpload(error: unknown): boolean {
  return answerOf(error)?.name === 'NoSuchUpload'
}

/** The server does not know a part of the request that we can do without. */
export function isNotImplemented(error: unknown): boolean {
  const answer = answerOf(error)
  return answer !== null && (answer.status === 501 || answer.name === 'NotImplemented')
}

export function isPreconditionFailed(error: unknown): boolean {
  const answer = answerOf(error)
  return answer !== null && (answer.status === 412 || answer.name === 'PreconditionFailed')
}

const DENIED = new Set(['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'InvalidToken', 'ExpiredToken', 'AuthFailure'])

/** Any failure of the SDK as one clear message. Ours stay as they are. */
export function toS3Error(error: unknown, doing: string, signal?: AbortSignal): unknown {
  if (isArkeeperError(error)) return error
  if (signal?.aborted) return new CancelledError(undefined, { cause: error })
  const ours = causesOf(error).find(isArkeeperError)
  if (ours) return ours
  const answer = answerOf(error)
  return answer === null ? explainSilence(error, doing) : explainAnswer(answer, slim(error), doing)
}

function explainAnswer({ name, message, status }: Answer, cause: unknown, doing: string): S3Error {
  const said = `${doing}: ${name}${message && message !== name && message !== 'UnknownError' ? `, ${message}` : ''}`
  if (DENIED.has(name)) {
    return new S3Error('STORE_DENIED', `The store does not take the access key (${said})`, {
      cause,
      remedy: "check access key and secret in the store's settings",
    })
  }
  if (name === 'RequestTimeTooSkewed') {
    return new S3Error('STORE_CLOCK', `The clock of this machine is not that of the store (${said})`, {
      cause,
      remedy: 'set the clock of this machine right (NTP)',
    })
  }
  if (name === 'NoSuchBucket') {
    return new S3Error('STORE_NO_BUCKET', `There is no such bucket (${said})`, {
      cause,
      remedy: 'make the bucket, or correct its name and region',
    })
  }
  if (name === 'PermanentRedirect' || name === 'AuthorizationHeaderMalformed') {
    return new S3Error('STORE_NO_BUCKET', `The bucket is in another region (${said})`, {
      cause,
      remedy: 'correct the region',
    })
  }
  if (status === 403) {
    const isLock = /worm|object.?lock|retention|legal hold/i.test(message)
    return new S3Error(isLock ? 'STORE_LOCKED' : 'STORE_DENIED', `The store refuses it (${said})`, {
      cause,
      remedy: isLock
        ? 'wait until its object lock has run out'
        : 'give the key the rights that the README names (Stores): list, read, write, delete, uploads in parts',
    })
  }
  if (status === 404) return new S3Error('OBJECT_MISSING', `It is not in the store (${said})`, { cause })
  return new S3Error('STORE_FAILED', `The store failed (${said}${status === null ? '' : `, ${status}`})`, {
    cause,
    remedy: "try again; look into the store's own log",
  })
}

function explainSilence(error: unknown, doing: string): S3Error {
  for (const cause of causesOf(error)) {
    const fault = findTlsFault(cause)
    if (fault !== null) {
      const what = cause instanceof Error ? cause.message : fault
      return new S3Error('STORE_TLS', `The store's TLS cannot be trusted (${doing}: ${fault}, ${what})`, {
        cause: slim(error),
        remedy: 'give the certificate of the authority that signed it, as PEM, and the address that it names',
      })
    }
  }
  const name = error instanceof Error ? error.name : ''
  if (name === 'CredentialsProviderError') {
    return new S3Error('STORE_DENIED', `This machine has no credentials of its own (${doing})`, {
      cause: slim(error),
      remedy: "give an access key in the store's settings, or credentials to this machine",
    })
  }
  const [deepest] = causesOf(error).reverse()
  const said = deepest instanceof Error ? deepest.message || codeOf(deepest) || deepest.name : String(deepest)
  return new S3Error('STORE_UNREACHABLE', `The store does not answer (${doing}: ${said})`, {
    cause: slim(error),
    remedy: 'check the address, and whether the store is up and reachable from this machine',
  })
}

/** The SDK hangs the whole exchange on its errors, signature and all: nothing for a log. */
function slim(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const slimmed = new Error(error.message)
  slimmed.name = error.name
  slimmed.stack = error.stack
  return slimmed
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** The error, then what it came of. */
function causesOf(error: unknown): unknown[] {
  const found: unknown[] = []
  for (let at: unknown = error; at !== undefined && at !== null && found.length < 8; ) {
    found.push(at)
    const inner: unknown = at instanceof AggregateError ? at.errors[0] : at instanceof Error ? at.cause : undefined
    at = inner
  }
  return found
}
