import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { createFront, FRONT_LIMITS } from './create-front.ts'
import { parseProxies } from './proxies.ts'

const servers: Server[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
})

/** A door with nothing behind it but an echo of what it was told. */
async function open(env: { publicUrl?: string; basePath?: string; proxies?: string } = {}, limits = FRONT_LIMITS) {
  const proxies = parseProxies(env.proxies ?? '')
  if (!proxies) throw new Error('no list of proxies')
  let front: ReturnType<typeof createFront> | null = null
  const server = createServer((request, response) => {
    if (!front?.admit(request, response)) return
    echo(request, response.writeHead.bind(response), (text) => response.end(text))
  })
  const settings = () => ({
    host: '127.0.0.1',
    port: portOf(server),
    publicUrl: env.publicUrl ?? null,
    basePath: env.basePath ?? '',
    trustedProxies: proxies,
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  servers.push(server)
  front = createFront(settings(), limits)
  front.guard(server)
  return { port: portOf(server), url: `http://127.0.0.1:${portOf(server)}`, server }
}

function echo(request: IncomingMessage, begin: (status: number) => unknown, end: (text: string) => void): void {
  request.on('end', () => {
    begin(200)
    end(JSON.stringify({ url: request.url, headers: request.headers }))
  })
  request.resume()
}

const portOf = (server: Server) => (server.address() as AddressInfo).port

interface Echo {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

async function told(url: string, headers: Record<string, string> = {}): Promise<Echo> {
  const answer = await fetch(url, { headers })
  expect(answer.status).toBe(200)
  return answer.json()
}

/** Sends bytes as they are, and gives all that comes back until the other side closes. */
async function sendRaw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let answer = ''
  return new Promise((resolve) => {
    socket.on('data', (chunk) => {
      answer += chunk.toString()
    })
    // A connection that is broken off has said what it had to say.
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(answer))
    socket.write(text)
  })
}

describe('what goes on', () => {
  test('carries what the door says, never what a client has said in its place', async () => {
    const { url } = await open()
    const { headers } = await told(`${url}/clusters/c1?x=1`, {
      'x-forwarded-for': '198.51.100.1',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
      forwarded: 'for=198.51.100.1',
      'x-real-ip': '198.51.100.1',
      'x-arkeeper-path': '//evil.example',
      'x-middleware-subrequest': 'middleware',
      'content-security-policy': "script-src 'nonce-mine'",
    })
    expect(headers).toMatchObject({
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-arkeeper-path': '/clusters/c1?x=1',
    })
    for (const name of ['x-forwarded-host', 'forwarded', 'x-real-ip', 'x-middleware-subrequest']) {
      expect(headers[name], name).toBeUndefined()
    }
    expect(headers['content-security-policy']).not.toContain('nonce-mine')
  })

  test('says whether somebody has handed it on, whom this host need not trust', async () => {
    const { url, port } = await open()
    const saidOf = async (headers: Record<string, string>) => (await told(url, headers)).headers['x-arkeeper-proxied']
    expect(await saidOf({ 'x-arkeeper-proxied': '1' })).toBeUndefined()
    for (const name of ['x-forwarded-for', 'x-forwarded-proto', 'forwarded', 'via', 'x-real-ip']) {
      expect(await saidOf({ [name]: '192.0.2.7' }), name).toBe('1')
    }
    // As nginx asks that was told nothing but where to.
    const answer = await sendRaw(port, `GET /a HTTP/1.0\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`)
    expect(answer).toContain('"x-arkeeper-proxied":"1"')
  })

  test('behind a trusted proxy carries the address that it has seen and the public host', async () => {
    const { url } = await open({ publicUrl: 'https://ark.example', proxies: '127.0.0.1', basePath: '/ark' })
    const { headers } = await told(`${url}/ark/audit`, { 'x-forwarded-for': '1.1.1.1, 192.0.2.7' })
    expect(headers).toMatchObject({
      host: 'ark.example',
      'x-forwarded-for': '192.0.2.7',
      'x-forwarded-proto': 'https',
      'x-arkeeper-path': '/audit',
    })
  })
})

test('what Next.js hands on to another page of this server keeps who has asked, and only that can', async () => {
  const { url } = await open({ publicUrl: 'https://ark.example', proxies: '127.0.0.1' })
  const origin = 'https://ark.example'
  const first: Echo = await post(url, { origin, 'x-forwarded-for': '192.0.2.7' })
  const { host: _host, connection: _connection, 'content-length': _length, ...handedOn } = first.headers
  expect((await post(url, handedOn)).headers).toMatchObject({
    'x-forwarded-for': '192.0.2.7',
    'x-forwarded-proto': 'https',
    host: 'ark.example',
  })
  const forged = await post(url, {
    ...handedOn,
    origin,
    'x-arkeeper-pass': 'forged',
    'x-forwarded-for': '1.1.1.1, 192.0.2.9',
  })
  expect(forged.headers['x-forwarded-for']).toBe('192.0.2.9')
})

test.each(['null', 'not an origin', 'https://evil.example', 'http://[', ''])(
  'a reading that says to come from %j neither stops the process nor gives this server another name',
  async (origin) => {
    const { url, port } = await open()
    expect((await told(`${url}/sign-in`, { origin })).headers.host).toBe(`127.0.0.1:${port}`)
  },
)

async function post(url: string, headers: Record<string, string>): Promise<Echo> {
  const answer = await fetch(url, { method: 'POST', headers, body: 'x' })
  expect(answer.status).toBe(200)
  return answer.json()
}

describe('an answer', () => {
  test('carries a policy with a nonce of its own, the one that the page is told', async () => {
    const { url } = await open()
    const nonces = new Set<string>()
    for (let i = 0; i < 3; i++) {
      const answer = await fetch(`${url}/`)
      const policy = answer.headers.get('content-security-policy') ?? ''
      const { headers }: Echo = await answer.json()
      expect(headers['content-security-policy']).toBe(policy)
      const scripts = /script-src ([^;]*)/.exec(policy)?.[1] ?? ''
      expect(scripts).toMatch(/^'self' 'nonce-[A-Za-z0-9+/]{22}==' 'strict-dynamic'$/)
      nonces.add(scripts)
      expect(answer.headers.get('cache-control')).toBe('no-store')
      expect(answer.headers.get('strict-transport-security')).toBeNull()
    }
    expect(nonces.size).toBe(3)
  })

  test('that is data runs nothing; a file of the build may be kept', async () => {
    const { url } = await open({ publicUrl: 'https://ark.example', basePath: '/ark' })
    const data = await fetch(`${url}/ark/api/jobs`)
    expect(data.headers.get('content-security-policy')).toMatch(/^sandbox; default-src 'none'/)
    expect(data.headers.get('strict-transport-security')).toBe('max-age=31536000')
    const script = await fetch(`${url}/ark/_next/static/chunks/a.js`)
    expect(script.headers.get('cache-control')).toBeNull()
    expect(script.headers.get('x-content-type-options')).toBe('nosniff')
  })

  test('of the door itself is one of our errors, with the same headers', async () => {
    const { port } = await open()
    const answer = await sendRaw(port, 'GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n')
    expect(answer).toMatch(/^HTTP\/1\.1 421 /)
    expect(answer).toMatch(/content-security-policy: default-src/i)
    expect(JSON.parse(answer.split('\r\n\r\n')[1]?.replace(/^\w+\r\n|\r\n0$/g, '') ?? '')).toMatchObject({
      code: 'WRONG_HOST',
      remedy: expect.any(String),
    })
  })
})

test('below a base path the root leads there, and probes are answered at the root', async () => {
  const { url } = await open({ basePath: '/ark' })
  const root = await fetch(`${url}/`, { redirect: 'manual' })
  expect([root.status, root.headers.get('location')]).toEqual([307, '/ark'])
  for (const probe of ['/healthz', '/readyz', '/metrics']) {
    expect((await told(url + probe)).url).toBe(`/ark${probe}`)
  }
})

describe('bytes that are no honest request', () => {
  test.each([
    [
      'two lengths',
      'POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    [
      'two different lengths',
      'POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      400,
    ],
    ['a space before the colon', 'GET / HTTP/1.1\r\nHost : 127.0.0.1\r\n\r\n', 400],
    ['no host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['two hosts', 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n', 400],
    ['a folded header', 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a\r\n b\r\n\r\n', 400],
    ['an absolute address', 'GET http://evil.example/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n', 400],
    ['another site as a path', 'GET //evil.example/%2e%2e HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n', 400],
    ['a body of a gigabyte', 'POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1073741824\r\n\r\n', 413],
    ['headers of 17 kB', `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`, 431],
  ])('%s', async (_name, bytes, status) => {
    const { port } = await open()
    const answer = await sendRaw(port, bytes)
    expect(answer.split('\r\n')[0]).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    // Nothing that follows on the connection is taken for a request of its own.
    expect(answer.match(/^HTTP\/1\.1 /gm)).toHaveLength(1)
  })

  test('a body that does not say how long it is ends where it is too long', async () => {
    const { port } = await open()
    const chunk = `100000\r\n${'x'.repeat(0x100000)}\r\n`
    const head = 'POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n'
    expect(
      await sendRaw(port, `${head}${chunk.repeat(2)}0\r\n\r\n`.replace('1\r\n', '1\r\nConnection: close\r\n')),
    ).toMatch(/^HTTP\/1\.1 200 /)
    expect(await sendRaw(port, head + chunk.repeat(9))).toBe('')
  })

  test.each(['/', '/api/clusters/c1/import'])('a body that stops half-way ends the connection: %s', async (path) => {
    const { port } = await open({}, { ...FRONT_LIMITS, requestMs: 50, stallMs: 50 })
    const head = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\nhalf`
    expect(await sendRaw(port, head)).toBe('')
  })

  test('a connection on which nothing moves is ended', async () => {
    const { port } = await open({}, { ...FRONT_LIMITS, idleMs: 50 })
    expect(await sendRaw(port, 'GET / HTT')).toBe('')
  })
})
