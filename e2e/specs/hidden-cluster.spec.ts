import { OPERATION_LIST } from '../../lib/services/api/contract.ts'
import type { Role } from '../../lib/services/context.ts'
import { roleAt } from '../../lib/services/policy.ts'
import { act, bearerOf } from '../support/act.ts'
import { expect, test } from '../support/fixtures.ts'
import { CONSOLE_PAGES } from '../support/gallery.ts'
import { HANDLER_ROLES, handlerValues, OPEN_ACTIONS, roleMap } from '../support/role-map.ts'
import { fillPattern, listRouteHandlers, listServerActions } from '../support/site-map.ts'
import { codeOf, join, listen, NOT_THERE, RANK, type Somebody } from '../support/walk.ts'

/** The least of the roles where something is done; null where somebody does not even see it. */
function roleFor(somebody: Somebody, at: readonly string[]): Role | null {
  const roles = (at.length === 0 ? [null] : at).map((clusterId) => roleAt(somebody, clusterId))
  if (at.length > 0 && roles.includes('none')) return null
  return roles.toSorted((a, b) => RANK[a] - RANK[b])[0] ?? 'none'
}

test('a role at one cluster counts there only, and what is of a cluster that somebody does not see is not there', async ({
  browser,
  demo,
  gallery,
  signedIn,
}) => {
  const admin = signedIn.request
  const { id: clusterId } = gallery.cluster
  const elsewhere = await join(browser, demo, admin, {
    name: 'elsewhere',
    role: 'viewer',
    clusterRoles: { [gallery.smallId]: 'operator' },
  })
  // Two who do not see the cluster: all others are seen by the one, none by the other.
  const blind = await join(browser, demo, admin, {
    name: 'blind',
    role: 'operator',
    clusterRoles: { [clusterId]: 'none' },
  })
  const nobody = await join(browser, demo, admin, { name: 'nobody', role: 'none' })
  const people = [elsewhere, blind, nobody]
  const files = await admin.get(`${demo.url}/api/physical/${gallery.runbookId}`)
  const { runbook }: { runbook: { key: string }[] } = await files.json()
  const map = roleMap(gallery, { userId: nobody.userId, step: runbook[0]?.key ?? '' })

  await test.step('every action of the build', async () => {
    const names = listServerActions().map(({ name }) => name)
    expect(names.filter((name) => !(name in map) && !OPEN_ACTIONS.includes(name))).toEqual([])
    const through: string[] = []
    let asked = 0
    for (const somebody of people) {
      for (const name of names) {
        const door = map[name]
        const role = roleFor(somebody, door?.at ?? [])
        if (door === undefined || (role !== null && RANK[role] >= RANK[door.least])) continue
        const answer = await act(somebody.context.request, demo, name, door.input)
        asked++
        const wanted = role === null || NOT_THERE.includes(name) ? 'NOT_FOUND' : 'FORBIDDEN'
        const isTold = role === null && tellsOfGallery(JSON.stringify(answer))
        if (answer.ok || answer.error?.code !== wanted || isTold)
          through.push(`${somebody.name} ${name}: ${JSON.stringify(answer)}`)
      }
    }
    expect(through).toEqual([])
    expect(asked).toBeGreaterThan(150)
  })

  await test.step('every route that does more than read', async () => {
    for (const somebody of people) {
      for (const { method, pattern, least } of HANDLER_ROLES) {
        // Only the runbook of the other cluster has nothing but the role in its way.
        const role = roleFor(somebody, [pattern.includes('[physicalId]') ? gallery.smallId : clusterId])
        if (role !== null && RANK[role] >= RANK[least]) continue
        const values = { ...handlerValues(gallery), physicalId: gallery.runbookId }
        const address = `${demo.url}${fillPattern(pattern, values)}?path=/config&name=x.json`
        const answer = await somebody.context.request.fetch(address, {
          method,
          headers: { origin: demo.url },
          ...(method === 'GET' ? {} : { data: { clusterId, dirs: ['/'], znodes: [] } }),
        })
        const wanted = role === null ? 'NOT_FOUND' : 'FORBIDDEN'
        const where = `${somebody.name} ${method} ${pattern}`
        // A stream has begun by the time that it is refused.
        if (answer.ok()) expect(await answer.text(), where).toContain(`"code":"${wanted}"`)
        else expect(await codeOf(answer), where).toBe(wanted)
      }
    }
  })

  await test.step('what is of a cluster is not there for whoever does not see it', async () => {
    const told: string[] = []
    const api = blind.context.request
    for (const { pattern, methods } of listRouteHandlers()) {
      if (!methods.includes('GET') || /^\/api\/(auth|v1)\//.test(pattern) || pattern === '/api/clusters/test') continue
      // Of no session: for whoever has its token, and where there is none for this host alone.
      if (pattern === '/metrics') continue
      for (const tree of pattern.includes('[kind]') ? (['live', 'backup', 'moment'] as const) : (['live'] as const)) {
        const values = handlerValues(gallery, tree)
        const query = '?path=/config/checkout.json&parent=/&format=jsonl&act=change&zxid=0x1'
        const address = fillPattern(pattern, values)
        const answer = await api.get(demo.url + address + query)
        const body = await answer.text()
        const isOne = /\[(?!exportId)/.test(pattern)
        // The answer to what is not there is a 404, or whatever nothing gets.
        const isAsNothing = async () => {
          const nothing = fillPattern(pattern, {
            ...values,
            ...NOTHING,
            id: tree === 'moment' ? 'nothing.0x1' : 'nothing',
          })
          return (await api.get(demo.url + nothing + query)).status() === answer.status()
        }
        if (tellsOfGallery(body) || (isOne && answer.status() !== 404 && !(await isAsNothing())))
          told.push(`${answer.status()} ${address}: ${body.slice(0, 300)}`)
      }
    }
    for (const pattern of CONSOLE_PAGES) {
      const address = gallery.addressOf(pattern)
      const page = await api.get(address)
      // What is asked for in the address comes back in the page.
      const body = (await page.text()).replaceAll(/checkout\.json/g, '')
      const missing = pattern.includes('[') ? demo.url + pattern.replaceAll(/\[\w+\]/g, 'missing') : address
      const asked = pattern.includes('[') ? await api.get(missing) : page
      if (tellsOfGallery(body) || page.status() !== asked.status())
        told.push(`${page.status()} ${address}: ${CONTENT.exec(body)?.[0]}`)
    }
    expect(told).toEqual([])
    const seen = await elsewhere.context.request.get(`${demo.url}/api/jobs`)
    expect(tellsOfGallery(await seen.text())).toBe(true)
  })

  await test.step('nor by the API', async () => {
    const { kind, id, ...rest } = handlerValues(gallery)
    const values = { ...rest, kind: kind ?? '', treeId: id ?? '' }
    const token = { name: 'a walk in the dark', scopes: ['read', 'backup', 'restore'] }
    const headers = await bearerOf(blind.context.request, demo, token)
    const told: string[] = []
    for (const [operationId, operation] of OPERATION_LIST) {
      if (operation.method !== 'GET') continue
      const address = fillPattern(`/api/v1${operation.path.replace(/\{(\w+)\}/g, '[$1]')}`, values)
      const answer = await blind.context.request.get(`${demo.url}${address}?path=/flags&tree=live:${clusterId}`, {
        headers,
      })
      if (tellsOfGallery(await answer.text())) told.push(operationId)
      // One of them is for anybody; the others are of the gallery, and not there.
      if (/\{/.test(operation.path) && answer.ok()) told.push(`${operationId}: ${answer.status()}`)
    }
    expect(told).toEqual([])
  })

  await test.step('whose role is lowered hears nothing more of the cluster', async () => {
    const heard = await listen(elsewhere.context, demo, clusterId)
    const given = { userId: elsewhere.userId, clusterId, role: 'none' }
    expect(await act(admin, demo, 'setClusterRoleAction', given)).toMatchObject({ ok: true })
    expect(await heard()).toContain('"code":"FORBIDDEN"')
  })
  for (const { context } of people) await context.close()
})

const IDS = [
  'clusterId',
  'backupId',
  'diffId',
  'searchId',
  'restoreId',
  'physicalId',
  'migrationId',
  'jobId',
  'scheduleId',
]
const NOTHING = Object.fromEntries(IDS.map((name) => [name, 'nothing']))

/** Words that only whoever sees the gallery's cluster can be told. */
const CONTENT = /\bgallery\b|checkout\.json|new-basket|before the change/

function tellsOfGallery(text: string): boolean {
  return CONTENT.test(text)
}
