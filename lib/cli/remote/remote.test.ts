import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { makeApiToken } from '../../services/tokens/token-format.ts'
import { ApiClient } from './client.ts'
import { connect, toServer } from './connect.ts'

const token = makeApiToken()
const { signal } = new AbortController()
const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections()
})

interface Asked {
  readonly url: string
  readonly key: string | undefined
  readonly authorization: string | undefined
}

/** A server that answers each request by the next of these; null drops the connection. */
async function serve(answers: readonly ({ status: number; body: unknown; location?: string } | null)[]) {
  const asked: Asked[] = []
  const server = createServer((request: IncomingMessage, response) => {
    const { authorization, 'idempotency-key': key } = request.headers
    asked.push({ url: request.url ?? '', key: key?.toString(), authorization })
    const answer = answers[asked.length - 1]
    if (!answer) return request.socket.destroy()
    response.writeHead(answer.status, {
      'content-type': 'application/json',
      ...(answer.location ? { location: answer.location } : {}),
    })
    return response.end(JSON.stringify(answer.body))
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { asked, address, client: new ApiClient({ server: `${address}/base`, token, signal }) }
}

describe('the address of a server', () => {
  test.each([
    ['https://arkeeper.example.org', 'https://arkeeper.example.org'],
    ['https://example.org/arkeeper/', 'https://example.org/arkeeper'],
    ['http://127.0.0.1:3000', 'http://127.0.0.1:3000'],
    ['http://localhost:3000/', 'http://localhost:3000'],
    ['http://[::1]:3000', 'http://[::1]:3000'],
  ])('%s is taken', (given, wanted) => expect(toServer(given, false)).toBe(wanted))

  test.each([
    'http://arkeeper.example.org',
    'http://127.0.0.1.example.org',
    'http://10.0.0.1:3000',
    'http://localhost.',
  ])('%s would send the token in the clear, which has to be asked for', (given) => {
    expect(() => toServer(given, false)).toThrow(/not encrypted/)
    expect(toServer(given, true)).toBe(given)
  })

  test.each([undefined, '', 'arkeeper', 'ftp://example.org', 'https://user:pw@example.org'])(
    '%s is refused',
    (given) => {
      expect(() => toServer(given, true)).toThrow(expect.objectContaining({ code: 'BAD_USAGE' }))
    },
  )
})

describe('the token', () => {
  const open = (env: Record<string, string>, tokenFile?: string) =>
    connect({ server: 'https://example.org', tokenFile, insecureHttp: false, env, signal })

  test('comes from the environment or a file, and is looked at before it is sent anywhere', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'arkeeper-token-'))
    try {
      const file = join(dir, 'token')
      await writeFile(file, `${token}\n`)
      await open({ ARKEEPER_TOKEN: token })
      await open({}, file)
      await open({ ARKEEPER_TOKEN_FILE: file })
      await expect(open({})).rejects.toMatchObject({ code: 'BAD_USAGE' })
      await expect(open({ ARKEEPER_TOKEN: 'secret' })).rejects.toMatchObject({ code: 'BAD_USAGE' })
      await expect(open({}, join(dir, 'none'))).rejects.toMatchObject({ code: 'BAD_INPUT' })
    } finally {
      await rm(dir, { recursive: true })
    }
  })
})

describe('a request', () => {
  test('that got no answer is asked again under the same key, so that nothing begins twice', async () => {
    const { client, asked } = await serve([null, { status: 202, body: { jobId: 'j', backupId: 'b' } }])
    expect(await client.call('startBackup', { body: { clusterId: 'c' } })).toEqual({ jobId: 'j', backupId: 'b' })
    expect(asked).toHaveLength(2)
    expect(asked[0]).toEqual({
      url: '/base/api/v1/backups',
      key: expect.stringMatching(/./),
      authorization: `Bearer ${token}`,
    })
    expect(asked[1]).toEqual(asked[0])
  })

  test('that was refused is not asked again, and fails in the words of the server', async () => {
    const body = { code: 'WRONG_STATE', message: 'It runs', unaffected: 'nothing was changed', remedy: null }
    const { client, asked } = await serve([{ status: 409, body }])
    await expect(client.call('cancelJob', { params: { jobId: 'a/b' }, body: {} })).rejects.toMatchObject({
      ...{ code: 'WRONG_STATE', message: 'It runs', unaffected: 'nothing was changed', remedy: undefined },
    })
    expect(asked.map(({ url }) => url)).toEqual(['/base/api/v1/jobs/a%2Fb/cancel'])
  })

  test('takes the token nowhere else, and no answer of another shape', async () => {
    const other = await serve([])
    const { client } = await serve([
      { status: 302, body: null, location: other.address },
      { status: 200, body: { items: [{ id: 1 }] } },
    ])
    await expect(client.call('listClusters')).rejects.toMatchObject({ code: 'BAD_ANSWER' })
    await expect(client.call('listClusters')).rejects.toMatchObject({ code: 'BAD_ANSWER' })
    expect(other.asked).toEqual([])
  })

  test('is given up with who asked', async () => {
    const gone = new AbortController()
    const { address } = await serve([null, null, null, null])
    const client = new ApiClient({ server: address, token, signal: gone.signal })
    const answer = client.call('listClusters')
    gone.abort()
    await expect(answer).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})
