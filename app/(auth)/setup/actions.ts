'use server'

import { unstable_rethrow } from 'next/navigation'
import { toErrorView } from '@/app/_server/error-response.ts'
import { getRuntime } from '@/lib/runtime/runtime.ts'
import type { ActionResult } from '@/lib/services/error-view.ts'
import { createFirstAdministrator } from '@/lib/services/people/create-first-administrator.ts'
import type { CreateAdministratorInput } from '@/lib/services/people/schemas.ts'

/** The one action without a session: there is nobody yet. The service refuses it as soon as there is somebody. */
export async function createAdministratorAction(input: CreateAdministratorInput): Promise<ActionResult<null>> {
  try {
    const runtime = await getRuntime()
    const context = runtime.contextFor({ kind: 'system', id: null, name: 'set-up', role: 'admin' })
    await createFirstAdministrator(context, input)
    return { ok: true, value: null }
  } catch (error) {
    unstable_rethrow(error)
    return { ok: false, error: await toErrorView(error) }
  }
}
