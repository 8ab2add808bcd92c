import { OPERATION_LIST } from '../../lib/services/api/contract.ts'
import { leastRoleOf } from '../../lib/services/api/operation.ts'
import { TOKEN_SCOPES } from '../../lib/services/tokens/schemas.ts'
import { act, bearerOf } from '../support/act.ts'
import { expect, test } from '../support/fixtures.ts'
import { CONSOLE_PAGES, PLANTED_VALUE } from '../support/gallery.ts'
import { API_VALUES, apiBodies, HANDLER_ROLES, OPEN_ACTIONS, roleMap } from '../support/role-map.ts'
import { fillPattern, listRouteHandlers, listServerActions } from '../support/site-map.ts'
import { codeOf, join, listen, NOT_THERE, RANK } from '../support/walk.ts'

test('no lesser role gets through a server action or a route, and a stream ends with its reader’s session', async ({
  browser,
  demo,
  gallery,
  signedIn,
}) => {
  const admin = signedIn.request
  const people = [
    await join(browser, demo, admin, { name: 'viewer', role: 'viewer' }),
    await join(browser, demo, admin, { name: 'operator', role: 'operator' }),
  ]
  const files = await admin.get(`${demo.url}/api/physical/${gallery.runbookId}`)
  const { runbook }: { runbook: { key: string }[] } = await files.json()
  const map = roleMap(gallery, { userId: people[0]?.userId ?? '', step: runbook[0]?.key ?? '' })

  await test.step('every action of the build', async () => {
    const names = listServerActions().map(({ name }) => name)
    expect(names.filter((name) => !(name in map) && !OPEN_ACTIONS.includes(name))).toEqual([])
    const through: string[] = []
    let asked = 0
    for (const { context, role } of people) {
      for (const name of names) {
        const needed = map[name]
        if (needed === undefined || RANK[role] >= RANK[needed.least]) continue
        const answer = await act(context.request, demo, name, needed.input)
        asked++
        const wanted = NOT_THERE.includes(name) ? 'NOT_FOUND' : 'FORBIDDEN'
        if (answer.ok || answer.error?.code !== wanted) through.push(`${role} ${name}: ${JSON.stringify(answer)}`)
      }
    }
    expect(through).toEqual([])
    expect(asked).toBeGreaterThan(60)
  })

  await test.step('every route that does more than read', async () => {
    const asked = HANDLER_ROLES.map(({ method, pattern }) => `${method} ${pattern}`)
    const changing = listRouteHandlers()
      // Those of the API are walked below.
      .filter(({ pattern }) => !pattern.startsWith('/api/auth/') && !pattern.startsWith('/api/v1/'))
      .flatMap(({ pattern, methods }) => methods.map((method) => `${method} ${pattern}`))
      .filter((door) => !/^(GET|HEAD) /.test(door))
    expect(changing.filter((door) => !asked.includes(door))).toEqual([])
    const { id: clusterId } = gallery.cluster
    const values = { clusterId, backupId: gallery.backupId, physicalId: gallery.runbookId, kind: 'live', id: clusterId }
    for (const { context, role } of people) {
      for (const { method, pattern, least } of HANDLER_ROLES) {
        if (RANK[role] >= RANK[least]) continue
        const address = `${demo.url}${fillPattern(pattern, { ...values, name: 'manifest.json' })}?path=/config&name=x.json`
        const answer = await context.request.fetch(address, {
          method,
          headers: { origin: demo.url },
          ...(method === 'GET' ? {} : { data: { clusterId } }),
        })
        // A stream has begun by the time that it is refused.
        if (answer.ok()) expect(await answer.text(), `${role} ${method} ${pattern}`).toContain('"code":"FORBIDDEN"')
        else expect(await codeOf(answer), `${role} ${method} ${pattern}`).toBe('FORBIDDEN')
      }
    }
  })

  await test.step('no answer and no page tells a viewer a hidden value', async () => {
    const { path, value } = PLANTED_VALUE
    const { id: clusterId } = gallery.cluster
    const values = { ...gallery, restoreId: gallery.plannedRestoreId, exportId: 'none', name: 'manifest.json' }
    const query = `?${new URLSearchParams({ path, left: `backup:${gallery.backupId}`, right: `live:${clusterId}` })}`
    const handlers = listRouteHandlers().filter(
      ({ pattern, methods }) => methods.includes('GET') && !/^\/api\/(auth|v1)\//.test(pattern),
    )
    const answers: { readonly pattern: string; readonly text: string }[] = []
    for (const pattern of [...handlers, ...CONSOLE_PAGES.map((page) => ({ pattern: page }))].map(
      (each) => each.pattern,
    )) {
      for (const tree of [
        { kind: 'live', id: clusterId },
        { kind: 'backup', id: gallery.backupId },
      ]) {
        if (tree.kind === 'backup' && !pattern.includes('[kind]')) continue
        const address = fillPattern(pattern, { ...pick(values), ...tree, clusterId })
        const answer = await people[0]?.context.request.get(`${demo.url}${address}${query}`)
        answers.push({ pattern, text: (await answer?.text()) ?? '' })
      }
    }
    const forms = [value, Buffer.from(value).toString('base64'), Buffer.from(value).toString('hex')]
    const telling = answers.filter(({ text }) => forms.some((form) => text.includes(form)))
    expect(telling.map(({ pattern }) => pattern)).toEqual([])
    const hiding = answers.filter(({ text }) => text.includes('"hidden":{')).map(({ pattern }) => pattern)
    expect(hiding).toEqual(expect.arrayContaining(['/api/trees/[kind]/[id]/znode', '/api/znode-pair']))
  })

  await test.step('every operation of the API', async () => {
    const values = {
      ...{ clusterId: gallery.cluster.id, backupId: gallery.backupId, diffId: gallery.diffId, jobId: gallery.jobId },
      ...{ searchId: gallery.searchId, restoreId: gallery.plannedRestoreId, kind: 'live', treeId: gallery.cluster.id },
      scheduleId: gallery.scheduleId,
      name: 'manifest.json',
      ...API_VALUES,
    }
    let refused = 0
    for (const { context, role } of people) {
      const headers = await bearerOf(context.request, demo, { name: `walk of a ${role}`, scopes: TOKEN_SCOPES })
      for (const [id, operation] of OPERATION_LIST) {
        if (RANK[role] >= RANK[leastRoleOf(operation)]) continue
        const address = fillPattern(`/api/v1${operation.path.replace(/\{(\w+)\}/g, '[$1]')}`, values)
        const data = operation.body === null ? undefined : apiBodies(gallery)[id]
        const answer = await context.request.fetch(demo.url + address, { method: operation.method, headers, data })
        expect(await codeOf(answer), `${role} ${id}`).toBe('FORBIDDEN')
        refused++
      }
    }
    expect(refused).toBeGreaterThan(15)
    const [viewer] = people
    const headers = await bearerOf(viewer?.context.request ?? admin, demo, { name: 'a look', scopes: ['read'] })
    const place = `live/${gallery.cluster.id}/znode?${new URLSearchParams({ path: PLANTED_VALUE.path })}`
    const shown = await (await admin.get(`${demo.url}/api/v1/trees/${place}`, { headers })).text()
    expect(shown).toContain('"hidden":{')
    expect(shown).not.toContain(Buffer.from(PLANTED_VALUE.value).toString('base64'))
  })

  await test.step('who is deactivated hears nothing more of the cluster', async () => {
    const viewer = people[0]
    if (!viewer) throw new Error('nobody joined')
    const heard = await listen(viewer.context, demo, gallery.cluster.id)
    expect(await act(admin, demo, 'deactivatePersonAction', { userId: viewer.userId })).toMatchObject({ ok: true })
    expect(await heard()).toContain('"code":"SIGNED_OUT"')
    expect((await viewer.context.request.get(`${demo.url}/api/jobs`)).status()).toBe(401)
  })
  for (const { context } of people) await context.close()
})

/** The ids that addresses are made of. */
function pick(values: object): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}
