import { generateIdentity, identityToRecipient } from 'age-encryption'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addTestPeople } from '../../testing/work-off-jobs.ts'
import type { ServiceContext } from '../context.ts'
import { isRoleEnough } from '../policy.ts'
import { createToken } from '../tokens/create-token.ts'
import { findTokenActor } from '../tokens/find-token-actor.ts'
import { TOKEN_SCOPES, type TokenScope } from '../tokens/schemas.ts'
import { findOperation, OPERATION_LIST, type OperationId } from './contract.ts'
import { HANDLERS } from './handlers.ts'
import { makeOpenApi } from './openapi.ts'
import { leastRoleOf, scopesOf } from './operation.ts'
import { type ApiRequest, inputOf, runOperation } from './run-operation.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

type Json = { [key: string]: Json } & { readonly [Symbol.iterator]: never }
const document = JSON.parse(JSON.stringify(makeOpenApi('1.2.3'))) as Json

let services: TestServices
beforeEach(async () => {
  services = await createTestServices({ archives: (keys) => createFileArchives({ keys }) })
  await addTestPeople(services)
  for (const name of ['orders', 'stock']) {
    await services.database.client.cluster.create({
      data: { id: `c-${name}`, name, connectString: '127.0.0.1:1', sessionTimeoutMs: 1000, environment: 'staging' },
    })
  }
})
afterEach(() => services.close())

let made = 0
async function byToken(scopes: readonly TokenScope[], role: 'viewer' | 'operator' | 'admin' = 'admin') {
  const owner = services.contextFor(role)
  const { token } = await createToken(owner, { name: `test ${made++}`, hours: 1, scopes: [...scopes] })
  return { ...owner, actor: await findTokenActor(owner, token, null) }
}

const ask = (context: ServiceContext, id: OperationId, request: Partial<Omit<ApiRequest, 'id'>> = {}) =>
  runOperation(context, { id, params: {}, query: {}, body: undefined, idempotencyKey: null, ...request })

/** The body of a JSON answer, found right by the document itself. */
async function askJson(context: ServiceContext, id: OperationId, request: Partial<Omit<ApiRequest, 'id'>> = {}) {
  const answer = await ask(context, id, request)
  if (answer.kind !== 'json') throw new Error(`${id} gave ${answer.kind}`)
  const body = JSON.parse(JSON.stringify(answer.body))
  schemaOfAnswer(id).parse(body)
  return { ...answer, body }
}

function schemaOfAnswer(id: OperationId): z.ZodType {
  const [, operation] = OPERATION_LIST.find(([each]) => each === id) ?? []
  const described = document.paths?.[operation?.path ?? '']?.[operation?.method.toLowerCase() ?? '']
  const schema = described?.responses?.[operation?.answer.status ?? 0]?.content?.['application/json']?.schema
  const text = JSON.stringify({ ...schema, $defs: document.components?.schemas })
  return z.fromJSONSchema(JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/')))
}

describe('the OpenAPI document', () => {
  test('is whole: every reference leads somewhere, every parameter of a path is described, every id is there once', () => {
    expect(document.openapi).toBe('3.1.0')
    const text = JSON.stringify(document)
    const references = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, to]) => to ?? '')
    expect(references.length).toBeGreaterThan(20)
    for (const to of references) {
      const target = to
        .replace(/^#\//, '')
        .split('/')
        .reduce<Json | undefined>((at, part) => at?.[part], document)
      expect(target, to).toBeTypeOf('object')
    }
    const ids: unknown[] = []
    for (const [path, methods] of Object.entries(document.paths ?? {})) {
      for (const [method, described] of Object.entries(methods)) {
        const where = `${method} ${path}`
        ids.push(described.operationId)
        expect(described.summary, where).toBeTypeOf('string')
        const inPath = (described.parameters as unknown as { in: string; name: string; required: boolean }[]).filter(
          (parameter) => parameter.in === 'path',
        )
        const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
        expect(
          inPath.map(({ name }) => name),
          where,
        ).toEqual(named)
        expect(inPath.every(({ required }) => required)).toBe(true)
        expect(Object.keys(described.responses ?? {}), where).toEqual(expect.arrayContaining(['401', '403', 'default']))
        expect(described['x-scopes'], where).not.toEqual([])
      }
    }
    expect(ids.sort()).toEqual(Object.keys(HANDLERS).sort())
    expect(text).not.toContain('$defs')
  })

  test('says milliseconds where views have dates, and keeps hex as text', () => {
    const backup = document.components?.schemas?.Backup?.properties
    expect(backup?.takenAt).toMatchObject({ type: 'integer' })
    expect(backup?.zxid).toMatchObject({ type: 'string', pattern: '^0x[0-9a-f]{1,16}$' })
  })
})

describe('every operation', () => {
  test('is found by its own address and method, and by no other', () => {
    for (const [id, { method, path }] of OPERATION_LIST) {
      const segments = path.slice(1).split('/')
      expect(findOperation(method, segments)?.id, path).toBe(id)
      expect(findOperation(method, [...segments, 'more'])?.id, path).not.toBe(id)
    }
    expect(findOperation('GET', ['backups', 'a b', 'files', 'x.json'])?.params).toEqual({
      backupId: 'a b',
      name: 'x.json',
    })
  })

  test('refuses a token of any other scope before it tells what is there', async () => {
    let refused = 0
    for (const scope of TOKEN_SCOPES) {
      const context = await byToken([scope])
      for (const [id, operation] of OPERATION_LIST) {
        if (scopesOf(operation).includes(scope)) continue
        await expect(ask(context, id), `${scope} ${id}`).rejects.toMatchObject({ code: 'FORBIDDEN' })
        refused++
      }
    }
    expect(refused).toBeGreaterThan(60)
  })

  test('takes nothing that it does not know', () => {
    for (const [id, operation] of OPERATION_LIST) {
      const params = Object.fromEntries(Object.keys(operation.params.shape).map((name) => [name, 'live']))
      const wrong = inputOf(operation).safeParse({ params, query: { misspelt: '1' }, body: { misspelt: 1 } })
      expect(JSON.stringify(wrong.error?.issues), id).toContain('misspelt')
    }
  })

  test('that changes something needs the role that the gate asks for', () => {
    for (const [id, operation] of OPERATION_LIST) {
      expect(operation.action === null || isRoleEnough(leastRoleOf(operation), operation.action), id).toBe(true)
      if (operation.method !== 'GET') expect(operation.action, id).not.toBeNull()
    }
  })
})

describe('reading', () => {
  test('gives clusters, lists and the audit in the shapes of the document', async () => {
    const context = await byToken(['read'], 'viewer')
    const clusters = await askJson(context, 'listClusters')
    expect(clusters.body.items.map(({ name }: { name: string }) => name)).toEqual(['orders', 'stock'])
    expect(clusters.body.items[0].createdAt).toBeTypeOf('number')
    await askJson(context, 'getCluster', { params: { clusterId: 'c-orders' } })
    for (const id of ['listBackups', 'listDiffs', 'listRestores', 'listJobs'] as const) {
      expect((await askJson(context, id)).body).toEqual({ items: [], next: null })
    }
    const audit = await askJson(context, 'listAudit', { query: { action: 'token', from: '0' } })
    expect(audit.body.items).toMatchObject([{ action: 'token.create', at: services.clock.now() }])
  })

  test('goes through a list by cursor, each item once', async () => {
    const context = await byToken(['read'], 'viewer')
    const at = (i: number) => new Date(services.clock.now() + (i % 3))
    await services.database.client.job.createMany({
      data: Array.from({ length: 11 }, (_, i) => ({
        ...{ id: `job-${i}`, kind: 'verify', state: 'succeeded', payload: {}, clusterId: 'c-orders', attemptsMax: 1 },
        ...{ actorId: 'viewer-1', actorName: 'x', createdAt: at(i), runAfter: at(i) },
      })),
    })
    const seen: string[] = []
    let after: string | null = null
    do {
      const query: Record<string, string> = { limit: '4', ...(after === null ? {} : { after }) }
      const { body } = await askJson(context, 'listJobs', { query })
      seen.push(...body.items.map(({ id }: { id: string }) => id))
      after = body.next
    } while (after !== null)
    expect(seen).toHaveLength(11)
    expect(new Set(seen).size).toBe(11)
    await expect(ask(context, 'listJobs', { query: { after: 'nonsense' } })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    })
    const job = await askJson(context, 'getJob', { params: { jobId: 'job-3' }, query: { waitSeconds: '60' } })
    expect(job.body.state).toBe('succeeded')
  })
})

describe('stores and keys', () => {
  test('are told by name to who reads, with their places to an administrator, and are worked with', async () => {
    const looking = await askJson(await byToken(['read']), 'listStores')
    expect(looking.body.items).toMatchObject([{ id: 'default', kind: 'folder', details: null }])
    const context = await byToken(['admin'])
    expect(JSON.stringify((await askJson(await byToken(['admin'], 'operator'), 'listStores')).body)).not.toContain(
      'where',
    )
    const [builtIn] = (await askJson(context, 'listStores')).body.items
    expect(builtIn.details).toMatchObject({ where: context.paths.storeDir, clusters: ['orders', 'stock'], test: null })
    const where = { params: { storeId: 'default' } }
    expect((await askJson(context, 'testStore', where)).body).toMatchObject({ at: services.clock.now() })
    await askJson(context, 'startRescan', { body: {} })
    const ofCluster = { params: { clusterId: 'c-orders' } }
    expect((await askJson(context, 'getClusterStores', ofCluster)).body).toEqual({ storeId: 'default', copies: [] })
  })

  test('public ones are changed by a token, private ones given by none', async () => {
    const context = await byToken(['admin'])
    const params = { clusterId: 'c-orders' }
    const recipient = await identityToRecipient(await generateIdentity())
    const { body } = await askJson(context, 'addRecipient', { params, body: { recipient, label: 'safe' } })
    expect(body).toMatchObject({ mode: 'default', effective: [], own: [{ recipient, label: 'safe', heldBy: null }] })
    const on = await askJson(context, 'setEncryption', { params, body: { mode: 'own' } })
    expect(on.body).toMatchObject({ mode: 'own', effective: [recipient], staleBackups: 0, waiting: [] })
    await askJson(context, 'startReencrypt', { params, body: {} })
    await askJson(context, 'setEncryption', { params, body: { mode: 'off' } })
    await ask(context, 'removeRecipient', { params: { ...params, recipientId: body.own[0].id } })
    expect((await askJson(context, 'getEncryption', { params })).body).toMatchObject({ own: [] })
    expect(
      OPERATION_LIST.filter(([, { action }]) => action === 'encryption.unlock' || action === 'encryption.prove'),
    ).toEqual([])
    const alert = { params: { alertId: 'none' }, body: { reason: 'seen' } }
    await expect(ask(context, 'acknowledgeAlert', alert)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('an Idempotency-Key', () => {
  const start = (context: ServiceContext, key: string | null, left = 'live:c-orders') =>
    askJson(context, 'startDiff', { body: { left, right: 'live:c-stock' }, idempotencyKey: key })

  test('gets the first answer again and starts nothing a second time', async () => {
    const context = await byToken(['read'])
    const first = await start(context, 'k1')
    const again = await start(context, 'k1')
    expect(first).toMatchObject({ status: 202, isRepeated: false })
    expect(again).toMatchObject({ status: 202, isRepeated: true, body: first.body })
    expect(await services.database.client.diff.count()).toBe(1)
    await start(context, 'k2')
    await start(context, null)
    await start(await byToken(['read']), 'k1')
    expect(await services.database.client.diff.count()).toBe(4)
    await expect(start(context, 'k1', 'live:c-stock')).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    services.clock.advance(24 * 3600_000 + 1)
    expect(await services.database.client.idempotentRequest.count()).toBe(3)
    await start(services.contextFor('admin'), 'k3')
    expect(await services.database.client.idempotentRequest.count()).toBe(1)
  })

  test('of two at the same moment lets one through, and a failed one may be repeated', async () => {
    const context = await byToken(['read'])
    const both = await Promise.allSettled([start(context, 'k'), start(context, 'k')])
    expect(await services.database.client.diff.count()).toBe(1)
    for (const one of both) if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'WRONG_STATE' })
    await expect(start(context, 'f', 'live:nowhere')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(start(context, 'f', 'live:nowhere')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await start(context, 'f')
  })

  test('whose first answer was lost is never done a second time', async () => {
    const context = await byToken(['read'])
    await start(context, 'k')
    await services.database.client.idempotentRequest.updateMany({ data: { status: null } })
    await expect(start(context, 'k')).rejects.toMatchObject({ code: 'WRONG_STATE' })
    expect(await services.database.client.diff.count()).toBe(1)
  })
})
