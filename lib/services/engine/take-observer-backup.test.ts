import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { PACKET } from '../../adapters/zookeeper/internal/quorum/packet-reader.ts'
import { TXN_HEADER_BYTES, type TxnEntry } from '../../domain/txnlog/entry.ts'
import { HistoryReader } from '../../domain/txnlog/read-history.ts'
import { TXN_TYPE } from '../../domain/txnlog/txn.ts'
import { bodyOf, findCorpusSet, logsOf } from '../../testing/corpus.ts'
import { createEngineContext } from '../../testing/engine-context.ts'
import { encodeEntry } from '../../testing/log-builder.ts'
import {
  type LeaderConnection,
  type ScriptedLeader,
  settle,
  startScriptedLeader,
  welcome,
} from '../../testing/scripted-leader.ts'
import { receiveTree } from './receive-tree.ts'
import { takeObserverBackup } from './take-observer-backup.ts'

const SIGNATURE = Buffer.from('\0\0\0\nBenWasHere', 'latin1')
const SET = findCorpusSet('3.9.6')
const base = SET.snapshots.find(({ zxid }) => zxid === 0x100n)!
const DIGEST_BYTES = 12

const context = createEngineContext()
let store = ''
let leader: ScriptedLeader | null = null
beforeEach(async () => {
  store = await mkdtemp(join(tmpdir(), 'arkeeper-observed-'))
})
afterEach(async () => {
  await leader?.stop()
  await rm(store, { recursive: true, force: true })
})

/** What a real server has logged behind its snapshot, up to a zxid. */
async function entriesUpTo(to: bigint): Promise<TxnEntry[]> {
  const entries: TxnEntry[] = []
  const history = new HistoryReader(logsOf(SET), { after: base.zxid, to })
  for await (const batch of history.readEntries()) entries.push(...batch)
  return entries
}
const bytesOf = ({ buffer, start, end }: TxnEntry) => Buffer.from(buffer.subarray(start, end))

/** Plays the tree of the corpus and these transactions; to who comes back, those again that it says it has not. */
async function play(entries: readonly { zxid: bigint; bytes: Buffer }[], before: readonly TxnEntry[] = []) {
  const body = bodyOf(await readFile(base.file))
  leader = await startScriptedLeader(async (connection: LeaderConnection) => {
    const known = await welcome(connection, 0n)
    if (known?.zxid === 0n) {
      connection.send(PACKET.snapshot, base.zxid)
      connection.sendRaw(body)
      connection.sendRaw(SIGNATURE)
    } else connection.send(PACKET.diff, base.zxid)
    for (const { zxid, bytes } of known?.zxid === 0n
      ? entries
      : before.map((one) => ({ zxid: one.zxid, bytes: bytesOf(one) }))) {
      if (known && zxid <= known.zxid) continue
      connection.send(PACKET.proposal, zxid, bytes)
      connection.send(PACKET.commit, zxid)
    }
    await settle(connection, 0n)
  })
  return takeObserverBackup(context, {
    quorum: { servers: [{ host: leader.host, port: leader.port }] },
    target: null,
    clusterName: 'test',
    paths: [],
    parentDir: store,
  })
}

describe('a backup of what a leader says', () => {
  test('is exact at its last transaction, by the digest that the leader sends with it', async () => {
    const entries = await entriesUpTo(0x153n)
    const taken = await play(entries.map((entry) => ({ zxid: entry.zxid, bytes: bytesOf(entry) })))
    expect(taken.manifest).toMatchObject({
      source: 'observer',
      zxid: '0x153',
      consistency: { class: 'exact', proof: 'digest', from: '0x153', to: '0x153' },
      cluster: { connectString: null, chroot: '/' },
    })
    expect(await context.archives.verify(taken.dir)).toMatchObject({ ok: true })
    // The same that the member's own directory gives.
    const own = SET.snapshots.find(({ zxid }) => zxid === 0x153n)!
    const native = await context.archives.openNative(own.file)
    expect(BigInt(taken.manifest.digest?.computed ?? 0)).toBe(native.digest?.computed)
    await native.reader.close()
  })

  test('with another digest than the leader’s is none', async () => {
    const entries = (await entriesUpTo(0x153n)).map((entry) => ({ zxid: entry.zxid, bytes: bytesOf(entry) }))
    const last = entries.at(-1)!.bytes
    last[last.length - 1]! ^= 1
    await expect(play(entries)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' })
    expect(await readdir(store)).toEqual([])
  })

  test('without digests is proved by a whole history, and in a quiet moment by that', async () => {
    const create = (await entriesUpTo(0x153n)).filter(({ type }) => type === TXN_TYPE.create).slice(0, 1)
    const bare = create.map((entry) => {
      const bytes = bytesOf(entry).subarray(0, entry.end - entry.start - DIGEST_BYTES)
      bytes.writeBigInt64BE(base.zxid + 1n, 12)
      return { zxid: base.zxid + 1n, bytes }
    })
    expect(bare[0]!.bytes.length).toBeGreaterThan(TXN_HEADER_BYTES)
    const replayed = await play(bare)
    expect(replayed.manifest.consistency).toMatchObject({ class: 'exact', proof: 'replay', to: '0x101' })
    await leader?.stop()
    const quiet = await play([])
    expect(quiet.manifest.consistency).toMatchObject({ class: 'exact', proof: 'quiet', to: '0x100' })
  })

  test('in which nothing changes is proved by the digest of what came before, even where that was an error', async () => {
    const all: TxnEntry[] = []
    for await (const batch of new HistoryReader(logsOf(SET), { after: 0n, to: base.zxid }).readEntries())
      all.push(...batch)
    const error = encodeEntry({ type: TXN_TYPE.error, zxid: base.zxid + 1n, record: (writer) => writer.int32(-101) })
    const taken = await play([{ zxid: base.zxid + 1n, bytes: error }], all)
    expect(taken.manifest.consistency).toMatchObject({ class: 'exact', proof: 'digest', to: '0x101' })
    expect(leader?.connections.map(({ heard }) => heard[1]?.zxid)).toEqual([0n, base.zxid - 16n])
  })
})

test('a beginning without end is left', async () => {
  const body = bodyOf(await readFile(base.file))
  const entries = await entriesUpTo(0x153n)
  leader = await startScriptedLeader(async (connection: LeaderConnection) => {
    await welcome(connection, 0n)
    connection.send(PACKET.snapshot, base.zxid)
    connection.sendRaw(Buffer.concat([body, SIGNATURE]))
    for (const entry of entries) connection.send(PACKET.inform, entry.zxid, bytesOf(entry))
  })
  const quorum = { servers: [{ host: leader.host, port: leader.port }] }
  const endless = receiveTree(context, { quorum, dir: store, inOrder: true, windowBytesMax: 2048 })
  await expect(endless).rejects.toMatchObject({
    code: 'BAD_SOURCE',
    message: expect.stringContaining('2.0 KiB of transactions behind it, and never said that its beginning is over'),
  })
  await leader.connections[0]!.closed
})

describe('a tree that is none', () => {
  const text = (value: string) => Buffer.concat([int(value.length), Buffer.from(value, 'latin1')])
  const int = (value: number) => {
    const bytes = Buffer.alloc(4)
    bytes.writeInt32BE(value)
    return bytes
  }
  const long = (value: bigint) => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64BE(value)
    return bytes
  }
  const node = (path: string, acl = 1n) => Buffer.concat([text(path), int(-1), long(acl), Buffer.alloc(60)])
  const table = Buffer.concat([int(1), long(1n), int(1), int(31), text('world'), text('anyone')])
  const system = ['', '/zookeeper', '/zookeeper/quota', '/zookeeper/config'].map((path) => node(path))

  async function take(...nodes: readonly Buffer[]) {
    leader = await startScriptedLeader(async (connection: LeaderConnection) => {
      const known = await welcome(connection)
      const at = (1n << 32n) + 5n
      if (known?.zxid === 0n) {
        connection.send(PACKET.snapshot, at)
        connection.sendRaw(Buffer.concat([int(0), table, ...system, ...nodes, text('/'), SIGNATURE]))
      } else connection.send(PACKET.diff, at)
      await settle(connection)
    })
    const servers = [{ host: leader.host, port: leader.port }]
    return takeObserverBackup(context, {
      quorum: { servers },
      target: null,
      clusterName: 'test',
      paths: [],
      parentDir: store,
    })
  }

  test('is told apart from one that is', async () => {
    expect((await take(node('/a'), node('/a/b'))).manifest).toMatchObject({ status: 'complete', znodes: 6 })
  })

  test.each<[string, string, Buffer[]]>([
    ['a znode twice', '/a comes twice', [node('/a'), node('/b'), node('/a')]],
    ['a znode without its parent', '/a/b', [node('/a/b')]],
    ['a znode of the system twice', '/zookeeper comes twice', [node('/zookeeper')]],
    ['a path without a slash', 'no slash in front', [node('aa')]],
    ['a path that ends with one', 'slash at the end', [node('/a/')]],
    ['a path with nothing in it', 'an empty name', [node('/a'), node('/a//b')]],
    ['a list of ACLs that is not there', 'a znode has an ACL', [node('/a', 77n)]],
  ])('%s: no archive is made of it, and it is named', async (_what, named, nodes) => {
    await expect(take(...nodes)).rejects.toMatchObject({
      code: 'BAD_SOURCE',
      message: expect.stringMatching(new RegExp(`What 127.0.0.1:\\d+ sent is not the tree of a server: .*${named}`)),
      unaffected: expect.stringContaining('the ensemble was not touched'),
    })
    expect(await readdir(store)).toEqual([])
  })
})
