import 'server-only'
import { headers } from 'next/headers'
import { unstable_rethrow } from 'next/navigation'
import type { z } from 'zod'
import { addressOf } from '@/lib/runtime/request-address.ts'
import { getRuntime } from '@/lib/runtime/runtime.ts'
import type { Actor, ServiceContext } from '@/lib/services/context.ts'
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

/**
 * The few actions before there is a session: the first administrator, and an invitation. What the service asks for (a fresh installation,
 * the token of a link) is the right to it; `open` in its name keeps such an action in sight.
 */
export function openAction<Schema extends z.ZodType, T>(
  actor: Pick<Actor, 'name' | 'role'>,
  schema: Schema,
  run: (context: ServiceContext, input: z.output<Schema>) => Promise<T>,
): (input: z.input<Schema>) => Promise<ActionResult<T>> {
  return async (input) => {
    try {
      const ip = addressOf(await headers())
      const nobody: Actor = { kind: 'system', id: null, ...actor, ...(ip === null ? {} : { ip }) }
      const context = (await getRuntime()).contextFor(nobody)
      return { ok: true, value: await run(context, parseInput(schema, input)) }
    } catch (error) {
      unstable_rethrow(error)
      return { ok: false, error: await toErrorView(error) }
    }
  }
}
