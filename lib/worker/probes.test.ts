import { get } from 'node:http'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { readEnv } from '../runtime/env.ts'
import { createTestServices, type TestServices } from '../testing/service-context.ts'
import { type Probes, startProbes } from './probes.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

const TOKEN = 'a-token-for-metrics'
let services: TestServices
let probes: Probes

beforeEach(async () => {
  services = await createTestServices()
  probes = await start()
})
afterEach(async () => {
  globalThis.arkeeperStopping = undefined
  await probes.close()
  await services.close()
})

function start(more: Record<string, string> = { ARKEEPER_WORKER_PORT: '0' }): Promise<Probes> {
  const { db, log, clock } = services.contextFor('admin')
  const env = readEnv({ ARKEEPER_METRICS_TOKEN: TOKEN, ...more })
  return startProbes({ db, log, clock, contextFor: services.contextOf, env })
}

const ask = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(`http://127.0.0.1:${probes.port}${path}`, { headers, method })

test('a worker says that it is alive and ready, and no more than that', async () => {
  for (const [path, body] of [
    ['/healthz', { status: 'ok' }],
    ['/readyz', { status: 'ready', missing: [] }],
  ] as const) {
    const answer = await ask(path)
    expect([answer.status, await answer.json()]).toEqual([200, body])
  }
  expect((await ask('/')).status).toBe(404)
  expect((await ask('/healthz', {}, 'POST')).status).toBe(405)
})

test('it is not ready while it stops, or without its database, and alive all the same', async () => {
  globalThis.arkeeperStopping = true
  const stopping = await ask('/readyz')
  expect([stopping.status, await stopping.json()]).toEqual([
    503,
    { status: 'not-ready', missing: ['the process is shutting down'] },
  ])
  globalThis.arkeeperStopping = undefined
  const { client } = services.database
  await client.$executeRawUnsafe('ALTER TABLE "WorkerHeartbeat" RENAME TO "Away"')
  const without = await ask('/readyz')
  // On PostgreSQL the next test gets the same tables, emptied.
  await client.$executeRawUnsafe('ALTER TABLE "Away" RENAME TO "WorkerHeartbeat"')
  expect([without.status, await without.json()]).toEqual([
    503,
    { status: 'not-ready', missing: ['the database does not answer'] },
  ])
  expect((await ask('/healthz')).status).toBe(200)
})

test('metrics are for who shows a token', async () => {
  expect((await ask('/metrics')).status).toBe(401)
  expect((await ask('/metrics', { authorization: 'Bearer another' })).status).toBe(401)
  const answer = await ask('/metrics', { authorization: `Bearer ${TOKEN}` })
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toContain('text/plain; version=0.0.4')
  expect(await answer.text()).toContain('arkeeper_workers 0')
})

test('a port that is taken, or none, keeps no worker from its work', async () => {
  const second = await start({ ARKEEPER_WORKER_PORT: String(probes.port) })
  expect(second.port).toBeNull()
  await second.close()
  const none = await start({})
  expect(none.port).toBeNull()
})

test('metrics without a token are for this host by its own name, where no token is set', async () => {
  const open = await start({ ARKEEPER_WORKER_PORT: '0', ARKEEPER_METRICS_TOKEN: '' })
  const statusBy = (host: string, more: Record<string, string> = {}) =>
    new Promise<number | undefined>((resolve, reject) => {
      get({ host: '127.0.0.1', port: open.port ?? 0, path: '/metrics', headers: { host, ...more } }, (response) => {
        response.resume()
        resolve(response.statusCode)
      }).once('error', reject)
    })
  expect(await statusBy(`127.0.0.1:${open.port}`)).toBe(200)
  expect(await statusBy(`localhost:${open.port}`)).toBe(200)
  expect(await statusBy('evil.example')).toBe(401)
  // A proxy of this host that gives its own name says whom it has seen, or that it was there.
  for (const name of ['X-Forwarded-For', 'X-Forwarded-Host', 'Forwarded', 'Via', 'X-Real-IP']) {
    expect(await statusBy('localhost', { [name]: '192.0.2.7' }), name).toBe(401)
  }
  await open.close()
})
