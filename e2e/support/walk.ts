import { type APIRequestContext, type APIResponse, type Browser, type BrowserContext, expect } from '@playwright/test'
import type { Actor, Role } from '../../lib/services/context.ts'
import { act } from './act.ts'
import type { Product } from './product.ts'

// What the walks through every action and route share. The order of the roles is said here again, so that the policy is not asked about itself.
export const RANK: Record<Role, number> = { none: 0, viewer: 1, operator: 2, admin: 3 }
/** Nothing of that name is there, which is told before the role is asked for. */
export const NOT_THERE = [
  'decideApprovalAction',
  'removeIgnoreRuleAction',
  'changeValueRuleAction',
  'removeValueRuleAction',
  'revokeInvitationAction',
  'restoreZnodeVersionAction',
]

export interface Somebody extends Pick<Actor, 'role' | 'clusterRoles'> {
  readonly name: string
}

/** Somebody of those roles, signed in. */
export async function join(browser: Browser, demo: Product, admin: APIRequestContext, somebody: Somebody) {
  const { name, role, clusterRoles = {} } = somebody
  const email = `${name}-of-the-walk@example.org`
  const password = 'a long enough password'
  const invited = await act(admin, demo, 'invitePersonAction', { email, role, days: 1 })
  const context = await browser.newContext()
  const joined = { token: invited.value?.token, name: `Walk ${name}`, password }
  expect(await act(context.request, demo, 'acceptInvitationAction', joined)).toMatchObject({ ok: true })
  const answer = await context.request.post(`${demo.url}/api/auth/sign-in/email`, {
    headers: { origin: demo.url },
    data: { email, password },
  })
  const { user }: { user: { id: string } } = await answer.json()
  for (const [clusterId, clusterRole] of Object.entries(clusterRoles)) {
    const given = { userId: user.id, clusterId, role: clusterRole }
    expect(await act(admin, demo, 'setClusterRoleAction', given)).toMatchObject({ ok: true })
  }
  return { ...somebody, context, userId: user.id }
}

export async function codeOf(answer: APIResponse): Promise<unknown> {
  return answer.ok() ? null : (await answer.json()).code
}

/** Opens the live tree's stream; what it gives until its end. */
export async function listen(
  context: BrowserContext,
  demo: Product,
  clusterId: string,
): Promise<() => Promise<string>> {
  const page = await context.newPage()
  await page.goto(`${demo.url}/account`)
  const text = await page.evaluateHandle(async (id) => {
    const answer = await fetch(`/api/clusters/${id}/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ dirs: ['/'], znodes: [] }),
    })
    const reader = answer.body?.getReader()
    const decoder = new TextDecoder()
    const first = await reader?.read()
    const rest = (async () => {
      let all = decoder.decode(first?.value)
      for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) {
        all += decoder.decode(next.value)
      }
      return all
    })()
    return { rest }
  }, clusterId)
  return () => text.evaluate(({ rest }) => rest)
}
