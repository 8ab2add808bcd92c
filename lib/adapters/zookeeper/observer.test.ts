import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { TxnEntry } from '../../domain/txnlog/entry.ts'
import { TXN_TYPE } from '../../domain/txnlog/txn.ts'
import { createTestAuthority } from '../../testing/certificates.ts'
import { bodyOf, findCorpusSet, withoutBlocks } from '../../testing/corpus.ts'
import { create, encodeEntry } from '../../testing/log-builder.ts'
import {
  type LeaderConnection,
  type ScriptedLeader,
  settle,
  startScriptedLeader,
  welcome,
} from '../../testing/scripted-leader.ts'
import type { ServerAddress } from './connect-string.ts'
import { createObserver } from './create-observer.ts'
import { PACKET } from './internal/quorum/packet-reader.ts'
import type { ObserverSession, OpenObserverOptions, QuorumTarget } from './observer.ts'

const EPOCH = 1n << 32n
const SIGNATURE = Buffer.from('\0\0\0\nBenWasHere', 'latin1')
const at = (counter: number) => EPOCH + BigInt(counter)
const txn = (counter: number) => encodeEntry(create(at(counter), { path: `/n${counter}`, data: 'x'.repeat(100) }))

const cleanUps: (() => Promise<unknown>)[] = []
let scratchDir = ''
beforeEach(async () => {
  scratchDir = await mkdtemp(join(tmpdir(), 'arkeeper-observer-'))
})
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
  await rm(scratchDir, { recursive: true, force: true })
})

async function lead(...given: Parameters<typeof startScriptedLeader>): Promise<ScriptedLeader> {
  const leader = await startScriptedLeader(...given)
  cleanUps.push(leader.stop)
  return leader
}

async function listen(
  leader: ScriptedLeader | readonly ScriptedLeader[],
  options: Partial<OpenObserverOptions> = {},
  target: Partial<QuorumTarget> = {},
): Promise<ObserverSession> {
  const servers = [leader].flat().map(({ host, port }) => ({ host, port }))
  const session = await createObserver().open({ servers, ...target }, { from: 0n, scratchDir, ...options })
  cleanUps.push(() => session.close())
  return session
}

/** What the reader is given up to an end by error, and that error's code. */
async function readToEnd(session: ObserverSession): Promise<{ zxids: bigint[]; synced: boolean; code: string }> {
  const zxids: bigint[] = []
  let synced = false
  try {
    for await (const batch of session.transactions()) {
      zxids.push(...batch.entries.map((entry: TxnEntry) => entry.zxid))
      synced = batch.synced
    }
  } catch (error) {
    return { zxids, synced, code: error instanceof Error && 'code' in error ? String(error.code) : 'none' }
  }
  return { zxids, synced, code: 'none' }
}

function propose(connection: LeaderConnection, counter: number): void {
  connection.send(PACKET.proposal, at(counter), txn(counter))
  connection.send(PACKET.commit, at(counter))
}

describe('it only ever listens', () => {
  const OBSERVER_INFO = { type: 16, zxid: 0n, data: 'fffffffffffffff9000100000000000000000000' }
  const ACK_BEGINNING = { type: 3, zxid: EPOCH, data: null }

  test('whatever a leader sends, it says who it is, what it has, that it has heard the beginning, and answers pings', async () => {
    const done = Promise.withResolvers<void>()
    const leader = await lead(async (connection) => {
      await welcome(connection)
      connection.send(PACKET.diff, at(8))
      propose(connection, 6)
      // Before the beginning is acknowledged a leader would take an answer for a fault.
      connection.send(PACKET.ping, at(6))
      connection.send(PACKET.proposal, at(7), txn(7))
      await settle(connection)
      connection.send(PACKET.sync, at(7))
      connection.send(PACKET.revalidate, at(7), Buffer.alloc(13))
      connection.send(PACKET.commitAndActivate, at(7), Buffer.alloc(8))
      connection.send(PACKET.inform, at(8), txn(8))
      connection.send(PACKET.informAndActivate, at(9), Buffer.concat([Buffer.alloc(8), txn(9)]))
      connection.send(PACKET.proposal, at(10), txn(10))
      connection.send(PACKET.ping, at(9))
      await connection.next()
      connection.send(PACKET.ping, at(10))
      await connection.next()
      done.resolve()
    })
    const session = await listen(leader, { from: at(5) })
    const zxids: bigint[] = []
    for await (const { entries } of session.transactions()) {
      zxids.push(...entries.map(({ zxid }) => zxid))
      if (zxids.length === 4) break
    }
    await done.promise
    // The proposal without a commit is none.
    expect(zxids).toEqual([6, 7, 8, 9].map(at))
    expect(session.heard.zxid).toBe(at(10))
    await session.close()
    await leader.connections[0]!.closed
    expect(leader.connections[0]!.heard).toEqual([
      OBSERVER_INFO,
      { type: 18, zxid: at(5), data: 'ffffffff' },
      ACK_BEGINNING,
      ACK_BEGINNING,
      { type: 5, zxid: at(9), data: '' },
      { type: 5, zxid: at(10), data: '' },
    ])
  })

  test('a new leader that has told nothing yet is not waited for, though it names its epoch', async () => {
    const pinged = Promise.withResolvers<void>()
    const leader = await lead(async (connection) => {
      await welcome(connection)
      connection.send(PACKET.diff, EPOCH)
      await settle(connection)
      connection.send(PACKET.ping, EPOCH)
      await connection.next()
      pinged.resolve()
    })
    const session = await listen(leader, { from: EPOCH - 7n })
    const reading = readToEnd(session)
    await pinged.promise
    expect(session.heard.zxid).toBe(0n)
    await session.close()
    await reading
  })

  test.each<[string, (connection: LeaderConnection) => unknown]>([
    ['to acknowledge a proposal as a beginning', (one) => one.send(PACKET.newLeader, at(6))],
    ['to acknowledge the beginning of another epoch', (one) => one.send(PACKET.newLeader, 2n << 32n)],
    ['to vote for another epoch', (one) => one.send(PACKET.leaderInfo, 2n << 32n, Buffer.from([0, 1, 0, 0]))],
    ['to take it for a follower', (one) => one.send(11, at(6))],
    ['to acknowledge what never began', (one) => one.send(PACKET.upToDate, -1n)],
  ])('a leader that wants it %s hears no more of it', async (_what, provoke) => {
    const leader = await lead(async (connection) => {
      await welcome(connection)
      connection.send(PACKET.diff, at(5))
      propose(connection, 6)
      provoke(connection)
    })
    const session = await listen(leader, { from: at(5) })
    expect(await readToEnd(session)).toEqual({ zxids: [at(6)], synced: false, code: 'PROTOCOL' })
    await leader.connections[0]!.closed
    expect(leader.connections[0]!.heard.map(({ type }) => type)).toEqual([16, 18])
  })

  test('an epoch with a transaction in its number is not acknowledged', async () => {
    const leader = await lead((connection) => connection.send(PACKET.leaderInfo, at(1), Buffer.from([0, 1, 0, 0])))
    await expect(listen(leader)).rejects.toMatchObject({ code: 'PROTOCOL' })
    expect(leader.connections[0]!.heard.map(({ type }) => type)).not.toContain(PACKET.ackEpoch)
  })
})

describe('the tree of a leader', () => {
  const { file } = findCorpusSet('3.9.6').snapshots.at(-1)!

  test('lies on the disk as a server would have written it, and what comes behind it is told', async () => {
    const snapshot = await readFile(file)
    const leader = await lead(async (connection) => {
      await welcome(connection)
      connection.send(PACKET.snapshot, at(5))
      const stream = Buffer.concat([bodyOf(snapshot), SIGNATURE])
      for (let from = 0; from < stream.length; from += 1000) connection.sendRaw(stream.subarray(from, from + 1000))
      // Applied before the tree was sent, and sent once more.
      for (const counter of [4, 5, 6]) propose(connection, counter)
      await settle(connection)
      connection.send(PACKET.inform, at(7), txn(7))
      connection.end()
    })
    const session = await listen(leader)
    const path = join(scratchDir, 'snapshot.100000005')
    expect(session.start).toEqual({ kind: 'snapshot', zxid: at(5), file: path, bytes: snapshot.length - 54 })
    expect(await readFile(path)).toEqual(withoutBlocks(snapshot))
    expect(await readToEnd(session)).toEqual({ zxids: [at(6), at(7)], synced: true, code: 'LOST' })
  })

  test('that ends early leaves no file', async () => {
    const snapshot = await readFile(file)
    const leader = await lead(async (connection) => {
      await welcome(connection)
      connection.send(PACKET.snapshot, at(5))
      connection.sendRaw(bodyOf(snapshot).subarray(0, 2000))
      connection.end()
    })
    await expect(listen(leader)).rejects.toMatchObject({ code: 'LOST', message: expect.stringContaining('closed') })
    expect(await readdir(scratchDir)).toEqual([])
  })

  test('is left where it is when it is not wanted', async () => {
    const leader = await lead(async (connection) => {
      await welcome(connection)
      connection.send(PACKET.snapshot, at(5))
    })
    const refused = listen(leader, { from: at(1), acceptSnapshot: false })
    await expect(refused).rejects.toMatchObject({ code: 'NEEDS_SNAPSHOT' })
    expect(await readdir(scratchDir)).toEqual([])
  })

  test('that cannot be kept is an error of the disk, and no other member is asked for it', async () => {
    const leader = await lead(async (connection) => {
      await welcome(connection)
      connection.send(PACKET.snapshot, at(5))
      connection.sendRaw(Buffer.alloc(8))
    })
    const refused = listen([leader, leader], { scratchDir: join(scratchDir, 'nosuch') })
    await expect(refused).rejects.toMatchObject({ code: 'DISK', message: expect.stringContaining('nosuch') })
  })
})

describe('transactions', () => {
  test('go on behind what a leader wants taken back', async () => {
    const leader = await lead(async (connection) => {
      await welcome(connection, 2n)
      connection.send(PACKET.truncate, at(5))
      propose(connection, 6)
      await settle(connection, 2n)
      connection.end()
    })
    const session = await listen(leader, { from: at(9) })
    expect(session).toMatchObject({ epoch: 2n, start: { kind: 'truncate', zxid: at(5) } })
    expect(await readToEnd(session)).toEqual({ zxids: [at(6)], synced: true, code: 'LOST' })
  })

  test('that nobody reads are dropped with the connection, and what came before is given', async () => {
    const leader = await lead(async (connection) => {
      await welcome(connection)
      connection.send(PACKET.diff, at(0))
      await settle(connection)
      for (let counter = 1; counter <= 100; counter++) connection.send(PACKET.inform, at(counter), txn(counter))
    })
    const session = await listen(leader, { from: at(0), backlogBytesMax: 2000 })
    await leader.connections[0]!.closed
    const { zxids, code } = await readToEnd(session)
    expect(code).toBe('TOO_SLOW')
    expect(zxids).toEqual([1, 2, 3, 4, 5, 6].map(at).slice(0, zxids.length))
    expect(zxids.length).toBeGreaterThan(3)
  })

  test.each<[string, (connection: LeaderConnection) => void]>([
    ['a commit of what was not proposed', (one) => one.send(PACKET.commit, at(6))],
    ['a gap', (one) => one.send(PACKET.inform, at(7), txn(7))],
    ['a number that is not its own', (one) => one.send(PACKET.inform, at(6), txn(7))],
    ['nothing', (one) => one.send(PACKET.inform, at(6))],
    ['a piece of one', (one) => one.send(PACKET.inform, at(6), Buffer.alloc(31))],
    [
      'a type that no server writes',
      (one) => one.send(PACKET.inform, at(6), encodeEntry({ type: 77, zxid: at(6), record: Buffer.alloc(4) })),
    ],
  ])('are believed only whole and in order: %s', async (_what, send) => {
    const leader = await lead(async (connection) => {
      await welcome(connection)
      connection.send(PACKET.diff, at(5))
      send(connection)
    })
    const session = await listen(leader, { from: at(5) })
    expect(await readToEnd(session)).toEqual({ zxids: [], synced: false, code: 'PROTOCOL' })
  })

  test('an error under the number before it is no gap', async () => {
    const error = encodeEntry({ type: TXN_TYPE.error, zxid: at(6), record: (writer) => writer.int32(-5) })
    const leader = await lead(async (connection) => {
      await welcome(connection)
      connection.send(PACKET.diff, at(5))
      propose(connection, 6)
      connection.send(PACKET.inform, at(6), error)
      connection.send(PACKET.inform, at(7), txn(7))
      connection.end()
    })
    const session = await listen(leader, { from: at(5) })
    expect((await readToEnd(session)).zxids).toEqual([6, 6, 7].map(at))
  })
})

describe('who does not lead', () => {
  const nobody = async () => {
    const gone = await startScriptedLeader(() => undefined)
    await gone.stop()
    return gone
  }

  test('refuses, and the next address is asked', async () => {
    const leader = await lead(async (connection) => {
      await welcome(connection)
      connection.send(PACKET.diff, at(5))
    })
    const session = await listen([await nobody(), leader, await nobody()], { from: at(5) })
    expect(session.peer.port).toBe(leader.port)
  })

  test('everywhere is told with each address', async () => {
    const [first, second] = [await nobody(), await nobody()]
    await expect(listen([first, second])).rejects.toMatchObject({
      code: 'NO_LEADER',
      message: expect.stringMatching(new RegExp(`${first.port} refused.*${second.port} refused`)),
      remedy: expect.stringContaining('only the leader'),
      details: { isSilent: false },
    })
    const servers = [{ host: 'no-such-host.invalid', port: 2888 }]
    await expect(
      createObserver().open({ servers, connectTimeoutMs: 200 }, { from: 0n, scratchDir }),
    ).rejects.toMatchObject({
      code: 'NO_LEADER',
      details: { isSilent: true },
    })
  })

  /** Closes as soon as it has heard so many bytes; `answer` is what it says to `srvr`. */
  async function closing(afterBytes: number, answer?: string): Promise<ServerAddress> {
    const server = createServer((socket) => {
      let heard = 0
      socket.on('error', () => undefined)
      if (afterBytes === 0) socket.end()
      socket.on('data', (chunk) => {
        heard += chunk.length
        if (answer !== undefined && chunk.toString('latin1') === 'srvr') socket.end(answer)
        else if (heard >= afterBytes) socket.destroy()
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    cleanUps.push(() => new Promise((done) => server.close(done)))
    const address = server.address()
    return { host: '127.0.0.1', port: typeof address === 'object' && address !== null ? address.port : 0 }
  }

  test('closes without a word: why is found by knocking again, and where it cannot be, what it may be is said', async () => {
    const ports = [
      { what: 'a leader that wants SASL', afterBytes: 8, code: 'SASL_REQUIRED', remedy: /serverRequireSasl/ },
      { what: 'Zookeeper version: 3.8.0', afterBytes: 24, code: 'PROTOCOL', remedy: /first port of its server/ },
      { what: 'one that leads no more', afterBytes: 0, code: 'REFUSED', remedy: /gives up leading.*proxy/ },
      { what: 'anything', afterBytes: 24, code: 'CLOSED', remedy: /elections.*giving up leading.*another service/ },
    ]
    const answers = ports.map(async ({ what, afterBytes, code, remedy }) => {
      const servers = [await closing(afterBytes, code === 'PROTOCOL' ? what : undefined)]
      const opening = createObserver().open({ servers }, { from: 0n, scratchDir })
      await expect(opening, what).rejects.toMatchObject({ code, remedy: expect.stringMatching(remedy) })
    })
    await Promise.all(answers)
  })

  test('closes where it should send its tree: too many are being sent', async () => {
    const leader = await lead(async (connection) => {
      await welcome(connection)
      connection.end()
    })
    await expect(listen(leader)).rejects.toMatchObject({
      code: 'REFUSED',
      remedy: expect.stringContaining('maxConcurrentSnapSyncs'),
    })
  })

  test('says nothing, and is not waited for without end; nor is a leader that falls silent', async () => {
    const silent = await lead(() => undefined)
    const limits = { handshakeTimeoutMs: 20, silenceLimitMs: 20 }
    await expect(listen(silent, {}, limits)).rejects.toMatchObject({ code: 'REFUSED' })
    const leader = await lead(async (connection) => {
      await welcome(connection)
      connection.send(PACKET.diff, at(5))
    })
    const session = await listen(leader, { from: at(5) }, limits)
    expect(await readToEnd(session)).toEqual({ zxids: [], synced: false, code: 'LOST' })
  })

  test('is not waited for once nobody wants it any more', async () => {
    const abort = new AbortController()
    const silent = await lead(() => abort.abort())
    await expect(listen(silent, { signal: abort.signal })).rejects.toMatchObject({ code: 'CANCELLED' })
    await silent.connections[0]!.closed
  })
})

describe('TLS', () => {
  const authority = createTestAuthority('CN=Quorum authority')
  const member = authority.issue('CN=zk1', { names: ['127.0.0.1'] })
  const us = authority.issue('CN=arkeeper')
  const tls = { ca: authority.cert, cert: us.cert, key: us.key, checkName: true }
  const options = {
    cert: member.cert,
    key: member.key,
    ca: authority.cert,
    requestCert: true,
    rejectUnauthorized: true,
  }
  const begin = async (connection: LeaderConnection) => {
    await welcome(connection)
    connection.send(PACKET.diff, at(5))
    propose(connection, 6)
    connection.end()
  }

  test('with a client certificate is spoken from the first byte', async () => {
    const session = await listen(await lead(begin, options), { from: at(5) }, { tls })
    expect((await readToEnd(session)).zxids).toEqual([at(6)])
  })

  test('without a client certificate is told as that', async () => {
    const leader = await lead(begin, options)
    const refused = listen(leader, { from: at(5) }, { tls: { ...tls, cert: null, key: null } })
    await expect(refused).rejects.toMatchObject({
      code: 'TLS_FAULT',
      message: expect.stringContaining('asks for a client certificate'),
    })
  })

  test('that is not asked for, and that is not there, are told apart', async () => {
    // As members speak it, who want a certificate of each other; and where none is wanted.
    for (const more of [{}, { maxVersion: 'TLSv1.2' as const }, { requestCert: false }]) {
      await expect(listen(await lead(begin, { ...options, ...more }))).rejects.toMatchObject({
        code: 'TLS_FAULT',
        message: expect.stringContaining('speaks TLS (sslQuorum)'),
      })
    }
    await expect(listen(await lead(begin), {}, { tls, connectTimeoutMs: 2000 })).rejects.toMatchObject({
      code: 'TLS_FAULT',
      message: expect.stringContaining('does not speak TLS'),
    })
  })
})
