import 'server-only'
import { notFound, unstable_rethrow } from 'next/navigation'
import type { ServiceContext } from '@/lib/services/context.ts'
import type { ActionResult } from '@/lib/services/error-view.ts'
import { ServiceError } from '@/lib/services/errors.ts'
import { requireContext } from './actor.ts'
import { toErrorView } from './error-response.ts'

/**
 * Every page read: a session first, then the service. A thrown error would reach the browser without its message,
 * so what can fail comes back as a value and the page shows it; what is not there is the not-found page.
 */
export async function load<T>(read: (context: ServiceContext) => Promise<T>): Promise<ActionResult<T>> {
  const context = await requireContext()
  try {
    return { ok: true, value: await read(context) }
  } catch (error) {
    unstable_rethrow(error)
    if (error instanceof ServiceError && error.code === 'NOT_FOUND') notFound()
    return { ok: false, error: await toErrorView(error) }
  }
}
