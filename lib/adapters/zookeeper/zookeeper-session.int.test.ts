import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { OPEN_ACL } from '../../domain/znode/acl.ts'
import { startZooKeeperProxy, type ZooKeeperProxy } from '../../testing/zookeeper-proxy.ts'
import { startZooKeeper, type ZooKeeperServer } from '../../testing/zookeeper-server.ts'
import type { ClusterConnection, ClusterTarget, LiveEvent } from './connection.ts'
import { createZooKeeper } from './zookeeper.ts'

const zooKeeper = createZooKeeper()
const WAIT = { timeout: 60_000, interval: 20 }
let server: ZooKeeperServer
let proxy: ZooKeeperProxy
/** Straight to the server, to see what really happened. */
let direct: ClusterConnection
const opened: ClusterConnection[] = []
const PING = 11
let counter = 0
let base = ''

beforeAll(async () => {
  // A short tick lets sessions be short: their timeout is at least two ticks. None of them must end because the machine is busy.
  server = await startZooKeeper({ config: { tickTime: '200', maxSessionTimeout: '30000' } })
  direct = await zooKeeper.connect({ connectString: server.connectString })
})
afterAll(async () => {
  await direct.close()
  await server.stop()
})
beforeEach(async () => {
  proxy = await startZooKeeperProxy(server.port)
  base = `/s${counter++}`
  await direct.create({ path: base, data: null, acl: OPEN_ACL, kind: 'persistent' })
})
afterEach(async () => {
  proxy.resume()
  for (const connection of opened.splice(0)) await connection.close()
  await proxy.stop()
})

async function connect(target: Partial<ClusterTarget> = {}) {
  const connection = await zooKeeper.connect({
    connectString: proxy.connectString,
    sessionTimeoutMs: 30_000,
    connectTimeoutMs: 2_000,
    requestTimeoutMs: 20_000,
    ...target,
  })
  opened.push(connection)
  const events: LiveEvent[] = []
  connection.onEvent((event) => events.push(event))
  const states = () => events.flatMap((event) => (event.kind === 'connection' ? [event.state] : []))
  return { connection, events, states }
}

const set = (connection: ClusterConnection, text: string) =>
  connection.multi([{ op: 'setData', path: base, data: Buffer.from(text), version: -1 }])

async function dataOf(path: string): Promise<string | null> {
  const reading = await direct.get(path)
  return reading.kind === 'found' && reading.znode.data ? Buffer.from(reading.znode.data).toString() : null
}

describe('a connection that breaks', () => {
  test('comes back by itself with the same session and its ephemerals', async () => {
    const { connection, states } = await connect()
    const { sessionId } = connection
    await connection.create({ path: `${base}/e`, data: null, acl: OPEN_ACL, kind: 'ephemeral' })
    proxy.cut()
    await expect.poll(states, WAIT).toEqual(['disconnected', 'connected'])
    expect(connection.sessionId).toBe(sessionId)
    expect(await connection.get(`${base}/e`)).toMatchObject({ kind: 'found', znode: { kind: 'ephemeral' } })
  })

  test('under a write leaves its outcome in doubt, and the write is not repeated', async () => {
    const { connection } = await connect()
    proxy.holdAnswers()
    const writing = set(connection, 'arrived')
    await expect.poll(() => dataOf(base), WAIT).toBe('arrived')
    proxy.cut()
    expect(await writing).toMatchObject({ kind: 'unknown' })
    proxy.resume()
    const reading = await connection.get(base)
    expect(reading).toMatchObject({ kind: 'found', znode: { stat: { version: 1 } } })
  })

  test('under a read asks again', async () => {
    const { connection } = await connect()
    proxy.holdAnswers()
    const reading = connection.get(base)
    const accepted = proxy.accepted
    proxy.cut()
    proxy.resume()
    expect(await reading).toMatchObject({ kind: 'found' })
    expect(proxy.accepted).toBeGreaterThan(accepted)
  })

  test('does not send later what has already been given up', async () => {
    const { connection, states } = await connect({ requestTimeoutMs: 500 })
    proxy.freeze()
    proxy.cut()
    await expect.poll(states, WAIT).toContain('disconnected')
    await expect(set(connection, 'too late')).rejects.toMatchObject({
      code: 'REQUEST_TIMEOUT',
      details: { sent: false },
    })
    proxy.resume()
    await expect.poll(states, WAIT).toContain('connected')
    const inTime = set((await connect()).connection, 'in time')
    expect(await inTime).toMatchObject({ kind: 'done', stats: [{ version: 1 }] })
  })

  test('sends the credentials again before anything else', async () => {
    const auth = [{ scheme: 'digest', id: 'ann:secret' }]
    const { connection } = await connect({ auth })
    const acl = [{ perms: 31, scheme: 'auth', id: '' }]
    await connection.create({ path: `${base}/mine`, data: Buffer.from('x'), acl, kind: 'persistent' })
    expect(await direct.get(`${base}/mine`)).toMatchObject({ kind: 'unreadable' })
    for (let i = 0; i < 5; i++) {
      proxy.cut()
      const readings = await Promise.all(Array.from({ length: 20 }, () => connection.get(`${base}/mine`)))
      expect(new Set(readings.map((reading) => reading.kind))).toEqual(new Set(['found']))
    }
  })

  test('arms its watches again and tells what changed meanwhile', async () => {
    const { connection, events } = await connect()
    await connection.watch({ dirs: [base], znodes: [`${base}/later`] }, () => undefined)
    proxy.freeze()
    proxy.cut()
    await direct.create({ path: `${base}/later`, data: null, acl: OPEN_ACL, kind: 'persistent' })
    proxy.resume()
    await expect.poll(() => events, WAIT).toContainEqual({ kind: 'children', path: base })
    await expect.poll(() => events, WAIT).toContainEqual({ kind: 'created', path: `${base}/later` })
  })

  test('with more watches than fit into one request comes back all the same', async () => {
    const { connection, states, events } = await connect()
    const long = 'x'.repeat(900)
    const znodes = Array.from({ length: 1_500 }, (_, i) => `${base}/${long}-${i}`)
    await connection.watch({ dirs: [], znodes }, () => undefined)
    proxy.cut()
    await expect.poll(states, WAIT).toEqual(['disconnected', 'connected'])
    const accepted = proxy.accepted
    await direct.create({ path: `${base}/${long}-1499`, data: null, acl: OPEN_ACL, kind: 'persistent' })
    await expect.poll(() => events, WAIT).toContainEqual({ kind: 'created', path: `${base}/${long}-1499` })
    expect(proxy.accepted).toBe(accepted)
  })

  test('silently is noticed: calls end by their deadline, and the silent server is left', async () => {
    const { connection, states } = await connect({ requestTimeoutMs: 500, sessionTimeoutMs: 6_000 })
    proxy.freeze()
    const writing = set(connection, 'x')
    await expect(connection.get(base)).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT' })
    expect(await writing).toMatchObject({ kind: 'unknown' })
    await expect.poll(states, WAIT).toContain('disconnected')
  })

  test('is kept alive while nothing is asked', async () => {
    const { connection, states } = await connect({ sessionTimeoutMs: 4_000 })
    const { sessionId } = connection
    let pings = 0
    proxy.onRequest((frame) => {
      if (frame.length >= 8 && frame.readInt32BE(4) === PING) pings++
    })
    // They come at least three to a session's length: without them it would be over by then.
    await expect.poll(() => pings, WAIT).toBeGreaterThanOrEqual(4)
    expect(await connection.get(base)).toMatchObject({ kind: 'found' })
    expect(connection.sessionId).toBe(sessionId)
    expect(states()).toEqual([])
  })
})

describe('a session that is over', () => {
  test('ends every call with SESSION_EXPIRED, those in the queue included, and says so once', async () => {
    const { connection, states } = await connect({ sessionTimeoutMs: 2_000, requestTimeoutMs: 60_000 })
    await connection.create({ path: `${base}/e`, data: null, acl: OPEN_ACL, kind: 'ephemeral' })
    proxy.freeze()
    proxy.cut()
    await expect.poll(states, WAIT).toEqual(['disconnected'])
    const waiting = Promise.allSettled([connection.get(base), set(connection, 'never'), connection.sync('/')])
    await expect.poll(() => direct.get(`${base}/e`), WAIT).toEqual({ kind: 'missing' })
    proxy.resume()
    for (const result of await waiting) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'SESSION_EXPIRED' } })
    }
    expect(states()).toEqual(['disconnected', 'expired'])
    await expect(connection.get(base)).rejects.toMatchObject({ code: 'SESSION_EXPIRED' })
    await expect(set(connection, 'never')).rejects.toMatchObject({ code: 'SESSION_EXPIRED' })
    expect(await dataOf(base)).toBeNull()
  })

  test('closing ends every call, twice is once, and nothing stays connected', async () => {
    const { connection, states } = await connect()
    proxy.holdAnswers()
    const reading = connection.get(base)
    const closing = Promise.all([connection.close(), connection.close()])
    await expect(reading).rejects.toMatchObject({ code: 'CLOSED' })
    await closing
    await expect.poll(() => proxy.connections, WAIT).toBe(0)
    expect(states()).toEqual(['closed'])
    await expect(connection.get(base)).rejects.toMatchObject({ code: 'CLOSED' })
    await expect(connection.readMany([base, base])).rejects.toMatchObject({ code: 'CLOSED' })
  })

  test('closing while disconnected ends the search for a server', async () => {
    const { connection } = await connect()
    await proxy.stop()
    await connection.close()
    await expect(connection.get(base)).rejects.toMatchObject({ code: 'CLOSED' })
  })
})

describe('a server that stops', () => {
  test('in the middle of calls ends each with an answer or a typed error, and is found again when it is back', async () => {
    const own = await startZooKeeper()
    const connection = await zooKeeper.connect({ connectString: own.connectString, requestTimeoutMs: 3_000 })
    const states: string[] = []
    connection.onEvent((event) => {
      if (event.kind === 'connection') states.push(event.state)
    })
    try {
      own.kill('SIGSTOP')
      const calls = Promise.allSettled([
        connection.get('/'),
        connection.sync('/'),
        connection.multi([{ op: 'create', path: '/x', data: null, acl: OPEN_ACL, kind: 'persistent', ttlMs: null }]),
        connection.listChildren('/', { limit: 10 }),
      ])
      const results = await calls
      expect(results[2]).toMatchObject({ status: 'fulfilled', value: { kind: 'unknown' } })
      for (const i of [0, 1, 3])
        expect(results[i]).toMatchObject({ status: 'rejected', reason: { code: 'REQUEST_TIMEOUT' } })
      own.kill('SIGCONT')
      await expect.poll(() => connection.get('/').catch(() => null), WAIT).toMatchObject({ kind: 'found' })
    } finally {
      await own.stop()
    }
    await expect.poll(() => states.at(-1), WAIT).toBe('disconnected')
    const started = Date.now()
    await connection.close()
    // Long before the session would end by itself.
    expect(Date.now() - started).toBeLessThan(20_000)
  })
})

describe('watches', () => {
  test('tell what another client does, again and again, until they are given up', async () => {
    const { connection } = await connect()
    const seen: string[] = []
    const stop = await connection.watch({ dirs: [base], znodes: [`${base}/a`] }, (event) => {
      if (event.kind !== 'connection') seen.push(`${event.kind} ${event.path}`)
    })
    const path = `${base}/a`
    const seenNow = async (expected: string) => {
      await expect.poll(() => seen, WAIT).toContain(expected)
      seen.length = 0
    }
    for (let round = 0; round < 3; round++) {
      await direct.create({ path, data: null, acl: OPEN_ACL, kind: 'persistent' })
      await expect.poll(() => seen, WAIT).toContain(`children ${base}`)
      await seenNow(`created ${path}`)
      await direct.multi([{ op: 'setData', path, data: Buffer.from('1'), version: -1 }])
      await seenNow(`data ${path}`)
      await direct.multi([{ op: 'delete', path, version: -1 }])
      await expect.poll(() => seen, WAIT).toContain(`children ${base}`)
      await seenNow(`deleted ${path}`)
    }
    stop()
    seen.length = 0
    const other: string[] = []
    await connection.watch({ dirs: [base], znodes: [] }, (event) => {
      if (event.kind !== 'connection') other.push(event.kind)
    })
    await direct.create({ path, data: null, acl: OPEN_ACL, kind: 'persistent' })
    await expect.poll(() => other, WAIT).toEqual(['children'])
    expect(seen).toEqual([])
  })

  test('on a directory that comes later begin when it comes', async () => {
    const { connection } = await connect()
    const seen: string[] = []
    await connection.watch({ dirs: [`${base}/dir`], znodes: [] }, (event) => {
      if (event.kind !== 'connection') seen.push(`${event.kind} ${event.path}`)
    })
    await direct.create({ path: `${base}/dir`, data: null, acl: OPEN_ACL, kind: 'persistent' })
    await expect.poll(() => seen, WAIT).toEqual([`created ${base}/dir`])
    await direct.create({ path: `${base}/dir/x`, data: null, acl: OPEN_ACL, kind: 'persistent' })
    await expect.poll(() => seen, WAIT).toContain(`children ${base}/dir`)
  })

  test('are shared: two viewers of one place both hear, and one leaving does not deafen the other', async () => {
    const { connection } = await connect()
    const first: string[] = []
    const second: string[] = []
    const stopFirst = await connection.watch({ dirs: [base], znodes: [] }, (event) => first.push(event.kind))
    await connection.watch({ dirs: [base], znodes: [] }, (event) => second.push(event.kind))
    await direct.create({ path: `${base}/1`, data: null, acl: OPEN_ACL, kind: 'persistent' })
    await expect.poll(() => [first, second], WAIT).toEqual([['children'], ['children']])
    stopFirst()
    await direct.create({ path: `${base}/2`, data: null, acl: OPEN_ACL, kind: 'persistent' })
    await expect.poll(() => second, WAIT).toEqual(['children', 'children'])
    expect(first).toEqual(['children'])
  })

  test('never miss the last of many quick changes', async () => {
    const { connection } = await connect()
    let last: string | null = null
    await connection.watch({ dirs: [], znodes: [base] }, () => {
      connection
        .get(base)
        .then((reading) => {
          if (reading.kind === 'found' && reading.znode.data) last = Buffer.from(reading.znode.data).toString()
        })
        .catch(() => undefined)
    })
    for (let i = 0; i < 300; i++) await set(direct, String(i))
    await expect.poll(() => last, WAIT).toBe('299')
  })
})
