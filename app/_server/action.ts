import 'server-only'
import { unstable_rethrow } from 'next/navigation'
import type { z } from 'zod'
import type { ServiceContext } from '@/lib/services/context.ts'
import type { ActionResult } from '@/lib/services/error-view.ts'
import { parseInput } from '@/lib/services/parse-input.ts'
import { getContextOrThrow } from './actor.ts'
import { toErrorView } from './error-response.ts'

/** Every server action: a session first, then the input, then one service call; failures come back as values. */
export function action<Schema extends z.ZodType, T>(
  schema: Schema,
  run: (context: ServiceContext, input: z.output<Schema>) => Promise<T>,
): (input: z.input<Schema>) => Promise<ActionResult<T>> {
  return async (input) => {
    try {
      const context = await getContextOrThrow()
      return { ok: true, value: await run(context, parseInput(schema, input)) }
    } catch (error) {
      unstable_rethrow(error)
      return { ok: false, error: await toErrorView(error) }
    }
  }
}
