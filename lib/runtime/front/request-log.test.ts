import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { createLog } from '../../adapters/log/create-log.ts'
import { createFront } from './create-front.ts'
import { parseProxies } from './proxies.ts'
import { followRequest, nameRequest, routeOf } from './request-log.ts'

it.each([
  ['/', '/'],
  ['/clusters/0b0e7a2e-6f4e-4c35-8f5e-2f4ad9f6a001/health?range=day&token=planted', '/clusters/*/health'],
  ['/api/v1/backups/abc123/files/snapshot.1a.gz', '/api/v1/backups/*/files/*'],
  ['/_next/static/chunks/main.js', '/_next/*'],
  ['/api/auth/sign-in/email', '/api/auth/sign-in/email'],
  ['/%2e%2e/PLANTED', '/*/*'],
])('%s is logged as %s', (target, route) => {
  expect(routeOf(target)).toBe(route)
})

it('the id of a trusted proxy is taken when it is well-formed, of nobody else', () => {
  expect(nameRequest('proxy-id.0001', true)).toBe('proxy-id.0001')
  expect(nameRequest('proxy-id.0001', false)).not.toBe('proxy-id.0001')
  for (const odd of ['short', 'a b c d e f g h', `x${'y'.repeat(64)}`, 'new\nline-in-it', undefined]) {
    expect(nameRequest(odd, true)).toMatch(/^[0-9a-f-]{36}$/)
  }
})

it('a request has one id in its answer, in every line of its work and in the line about it', async () => {
  const lines: string[] = []
  const log = createLog({ level: 'debug', component: 'web', destination: { write: (line) => void lines.push(line) } })
  const proxies = parseProxies('127.0.0.1')
  if (!proxies) throw new Error('no list of proxies')
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const front = createFront({ host: '127.0.0.1', port, publicUrl: null, basePath: '', trustedProxies: proxies })
  const ended: Promise<unknown>[] = []
  server.on('request', (request, response) => {
    const target = request.url ?? ''
    ended.push(once(response, 'close'))
    const isAdmitted = front.admit(request, response)
    void followRequest(log, { request, response, target }, async () => {
      if (!isAdmitted) return
      await Promise.resolve()
      log.info({}, 'at work')
      response.writeHead(201).end('done')
    })
  })
  try {
    const url = `http://127.0.0.1:${port}/clusters/c-1?secret=planted`
    const answer = await fetch(url, { headers: { 'x-request-id': 'from-the-proxy' } })
    expect(answer.headers.get('x-request-id')).toBe('from-the-proxy')
    await Promise.all(ended)
    const found = lines.map((line) => JSON.parse(line))
    expect(found.slice(0, 2)).toMatchObject([
      { msg: 'at work', requestId: 'from-the-proxy', component: 'web' },
      { msg: 'Request', requestId: 'from-the-proxy', method: 'GET', route: '/clusters/*', status: 201, level: 'debug' },
    ])
    expect(lines.join('')).not.toContain('planted')
  } finally {
    server.closeAllConnections()
    server.close()
  }
})
