import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { create, encodeEntry } from '../../testing/log-builder.ts'
import {
  type LeaderConnection,
  type ScriptedLeader,
  startScriptedLeader,
  welcome,
} from '../../testing/scripted-leader.ts'
import { createObserver } from './create-observer.ts'
import { PACKET } from './internal/quorum/packet-reader.ts'
import { Proposals } from './internal/quorum/proposals.ts'

const EPOCH = 2n << 32n
const at = (counter: number) => EPOCH + BigInt(counter)
const txn = (zxid: bigint) => encodeEntry(create(zxid, { path: '/n', data: 'x' }))
const ints = (...values: readonly number[]) => {
  const bytes = Buffer.alloc(values.length * 4)
  values.forEach((value, i) => void bytes.writeInt32BE(value, i * 4))
  return bytes
}

let scratchDir = ''
let leader: ScriptedLeader | null = null
const timers: NodeJS.Timeout[] = []
beforeEach(async () => {
  scratchDir = await mkdtemp(join(tmpdir(), 'arkeeper-hostile-'))
})
afterEach(async () => {
  for (const timer of timers.splice(0)) clearInterval(timer)
  await leader?.stop()
  await rm(scratchDir, { recursive: true, force: true })
})

/** Listens until it ends; gives what was passed on before, and why it ended. */
async function hear(script: (connection: LeaderConnection) => unknown, limits = {}) {
  const started = await startScriptedLeader(script)
  leader = started
  const zxids: bigint[] = []
  try {
    const servers = [{ host: started.host, port: started.port }]
    const session = await createObserver().open({ servers, ...limits }, { from: at(5), scratchDir })
    for await (const { entries } of session.transactions()) zxids.push(...entries.map(({ zxid }) => zxid))
  } catch (error) {
    const { code, message } = Object.assign({ code: 'none', message: '' }, error, { message: String(error) })
    return { zxids, code, message }
  } finally {
    expect(await readdir(scratchDir)).toEqual([])
  }
  throw new Error('it was believed')
}

const begin = (connection: LeaderConnection) => welcome(connection, 2n)
const sendTree = async (connection: LeaderConnection, ...bytes: readonly Buffer[]) => {
  await begin(connection)
  connection.send(PACKET.snapshot, at(4))
  for (const piece of bytes) connection.sendRaw(piece)
}
const goOn = async (connection: LeaderConnection, zxid: bigint, data = txn(zxid)) => {
  await begin(connection)
  connection.send(PACKET.diff, at(9))
  connection.send(PACKET.inform, at(6), txn(at(6)))
  connection.send(PACKET.inform, zxid, data)
}
/** A root without sessions and lists, and the length of the path behind it. */
const ROOT = Buffer.concat([ints(0, 0, 0, -1), Buffer.alloc(68)])
const HUGE = 0x7fff_ffff

describe('whoever poses as a leader is not believed', () => {
  test.each<[string, string, (connection: LeaderConnection) => unknown]>([
    ['with an epoch that nobody can begin', 'cannot begin here', (one) => one.send(PACKET.leaderInfo, -EPOCH, ints(1))],
    [
      'with a tree of a later epoch than its own',
      'no epoch up to its own, 2',
      async (one) => {
        await begin(one)
        one.send(PACKET.snapshot, 3n << 32n)
      },
    ],
    [
      'with a tree before all numbers',
      'no epoch up to its own',
      async (one) => {
        await begin(one)
        one.send(PACKET.snapshot, -1n)
      },
    ],
    [
      'that wants more taken back than there is',
      'was never here',
      async (one) => {
        await begin(one)
        one.send(PACKET.truncate, at(6))
      },
    ],
    ['with a packet of 2 GiB', `${HUGE} bytes of data`, (one) => one.sendRaw(ints(17, 2, 0, HUGE))],
    ['with identities by the million', '1000000 identities', (one) => one.sendRaw(ints(17, 2, 0, -1, 1_000_000))],
    [
      'with identities of megabytes',
      'bytes of identities',
      (one) =>
        one.sendRaw(
          Buffer.concat([
            ints(17, 2, 0, -1, 1024),
            ...Array(40).fill(Buffer.concat([ints(65_536), Buffer.alloc(65_536)])),
          ]),
        ),
    ],
    ['with sessions by the billion', `${HUGE} sessions`, (one) => sendTree(one, ints(HUGE))],
    ['with lists by the billion', `${HUGE} lists of ACLs`, (one) => sendTree(one, ints(0, HUGE))],
    ['with a list of millions', '16777216 entries', (one) => sendTree(one, ints(0, 1, 0, 1, 1 << 24))],
    [
      'with more ACLs than memory holds',
      'bytes of ACLs',
      (one) =>
        sendTree(
          one,
          ints(0, 1, 0, 1, 65_536),
          ...Array(30).fill(Buffer.concat([ints(31, 4 << 20), Buffer.alloc(4 << 20), ints(0)])),
        ),
    ],
    ['with a path of 2 GiB', `${HUGE} bytes of a path`, (one) => sendTree(one, ROOT, ints(HUGE))],
    ['with a length below none', '-2 bytes of a path', (one) => sendTree(one, ROOT, ints(-2))],
    [
      'with data of 2 GiB',
      `${HUGE} bytes of data`,
      (one) => sendTree(one, ROOT, ints(4), Buffer.from('/abc'), ints(HUGE)),
    ],
    ['with a second root', 'a second root', (one) => sendTree(one, ROOT, ints(0))],
  ])('%s', async (_what, message, script) => {
    expect(await hear(script)).toMatchObject({ code: 'PROTOCOL', message: expect.stringContaining(message), zxids: [] })
  })

  test.each<[string, string, (connection: LeaderConnection) => unknown]>([
    ['that go back', 'it goes back', (one) => goOn(one, at(5) - 1n)],
    ['that come twice', 'it goes back', (one) => goOn(one, at(6))],
    ['of a later epoch than its own', 'no epoch up to its own, 2', (one) => goOn(one, (3n << 32n) + 1n)],
    [
      'whose record is none',
      'cannot be read',
      (one) => goOn(one, at(7), Buffer.concat([txn(at(7)).subarray(0, 36), Buffer.alloc(40, 0xff)])),
    ],
    [
      'with more behind their end',
      'cannot be read',
      (one) => goOn(one, at(7), Buffer.concat([txn(at(7)), Buffer.alloc(3)])),
    ],
  ])('with transactions %s; what came before is given', async (_what, message, script) => {
    const heard = await hear(script)
    expect(heard).toMatchObject({ code: 'PROTOCOL', message: expect.stringContaining(message), zxids: [at(6)] })
  })

  test('with proposals without end', () => {
    const proposals = new Proposals()
    const packet = { type: PACKET.proposal, zxid: 1n, data: Buffer.alloc(8 << 20) }
    for (let i = 0; i < 7; i++) proposals.add(packet)
    expect(proposals.commit(1n)).toBe(packet.data)
    proposals.add(packet)
    expect(() => proposals.add(packet)).toThrow('proposals without end')
  })
})

describe('whoever keeps us waiting is left', () => {
  const limits = { handshakeTimeoutMs: 100, silenceLimitMs: 100 }
  /** A piece now and then, far more often than the limit. */
  const drip = (connection: LeaderConnection, piece: Buffer) => {
    timers.push(setInterval(() => connection.sendRaw(piece), 5))
  }
  const ping = Buffer.concat([ints(PACKET.ping, 2, 4, -1, -1)])

  test.each<[string, string, string, (connection: LeaderConnection) => unknown]>([
    [
      'an epoch byte by byte',
      'REFUSED',
      'did not go on for 100 ms',
      (one) => {
        one.sendRaw(ints(PACKET.leaderInfo, 2, 0, 5000))
        drip(one, Buffer.alloc(1))
      },
    ],
    [
      'its tree byte by byte',
      'LOST',
      'sent nothing that leads on',
      async (one) => {
        await sendTree(one, ROOT, ints(1000))
        drip(one, Buffer.alloc(1))
      },
    ],
    [
      'a packet byte by byte',
      'LOST',
      'sent nothing that leads on',
      async (one) => {
        await begin(one)
        one.send(PACKET.diff, at(5))
        one.sendRaw(ints(PACKET.inform, 2, 6, 5000))
        drip(one, Buffer.alloc(1))
      },
    ],
    [
      'pings, and never what it has',
      'LOST',
      'sent nothing that leads on',
      async (one) => {
        await begin(one)
        one.send(PACKET.diff, at(5))
        drip(one, ping)
      },
    ],
  ])('%s', async (_what, code, message, script) => {
    expect(await hear(script, limits)).toMatchObject({ code, message: expect.stringContaining(message), zxids: [] })
  })
})
