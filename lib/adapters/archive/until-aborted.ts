import { CancelledError } from '../../base/errors.ts'

/** The stream's items; a CancelledError as soon as the signal fires, even while the stream itself hangs. */
export async function* untilAborted<T>(stream: AsyncIterable<T>, signal: AbortSignal | undefined): AsyncGenerator<T> {
  const iterator = stream[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = await orAbort(iterator.next(), signal)
      if (next.done) return
      yield next.value
    }
  } finally {
    // Not awaited: a source that hangs would hang its own end as well. Its failure while being ended changes nothing.
    Promise.resolve(iterator.return?.()).catch(() => undefined)
  }
}

/** Not Promise.race: one lasting abort promise would hold on to every item that ever came. */
function orAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new CancelledError('The backup was cancelled', { cause: signal?.reason }))
    if (signal?.aborted) onAbort()
    signal?.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal?.removeEventListener('abort', onAbort))
  })
}
