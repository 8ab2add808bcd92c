import { CancelledError, TimeoutError } from './errors.ts'

/**
 * Ends with the promise, with TimeoutError after `timeoutMs`, or with CancelledError when the signal fires, whichever is first.
 * The work behind the promise is not stopped; the caller closes what it opened.
 */
export function withDeadline<T>(
  promise: Promise<T>,
  limit: { what: string; timeoutMs: number; signal?: AbortSignal },
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => settle(() => reject(new CancelledError(`${limit.what} was cancelled`)))
    const timer = setTimeout(
      () =>
        settle(() =>
          reject(new TimeoutError(`${limit.what} gave no answer within ${limit.timeoutMs} ms`, limit.timeoutMs)),
        ),
      limit.timeoutMs,
    )
    const settle = (finish: () => void) => {
      clearTimeout(timer)
      limit.signal?.removeEventListener('abort', onAbort)
      finish()
    }
    if (limit.signal?.aborted) return onAbort()
    limit.signal?.addEventListener('abort', onAbort, { once: true })
    promise.then(
      (value) => settle(() => resolve(value)),
      (error) => settle(() => reject(error)),
    )
  })
}
