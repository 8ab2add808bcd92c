import 'server-only'
import { getActor } from '@/app/_server/actor.ts'
import { getRuntime } from '@/lib/runtime/runtime.ts'
import { hasAdministrator } from '@/lib/services/people/has-administrator.ts'

/** How else than with a password one can come in; null: not at all. */
export async function loadSingleSignOn() {
  return (await getRuntime()).singleSignOn
}

/** Whether whoever comes first has to show that they can see the terminal. */
export async function isSetUpCodeAsked(): Promise<boolean> {
  return (await getRuntime()).setUpCode !== null
}

/** `fresh`: nobody can sign in yet, the administrator is to be made first. */
export async function loadSignInState(): Promise<'fresh' | 'signed-in' | 'signed-out'> {
  if (await getActor()) return 'signed-in'
  const { db } = await getRuntime()
  return (await hasAdministrator({ db })) ? 'signed-out' : 'fresh'
}
