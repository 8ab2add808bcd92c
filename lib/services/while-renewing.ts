import type { ServiceContext } from './context.ts'

/**
 * Works while a lease is renewed beside it, so that the lease itself can be short: what a killed worker held is free again soon. `renew` says
 * whether it is still ours; the context of the work is cancelled where it is not. A database that does not answer proves nothing.
 */
export async function whileRenewing<T>(
  context: ServiceContext,
  { everyMs, renew }: { readonly everyMs: number; readonly renew: () => Promise<boolean> },
  work: (context: ServiceContext) => Promise<T>,
): Promise<T> {
  const lost = new AbortController()
  const timer = setInterval(() => {
    renew().then(
      (isOurs) => !isOurs && lost.abort(),
      () => undefined,
    )
  }, everyMs)
  const signal = context.signal ? AbortSignal.any([context.signal, lost.signal]) : lost.signal
  try {
    return await work({ ...context, signal })
  } finally {
    clearInterval(timer)
  }
}
