import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { CancelledError } from '../../base/errors.ts'
import type { WriteOperation } from '../../domain/restore/ports.ts'
import { OPEN_ACL } from '../../domain/znode/acl.ts'
import { startZooKeeperProxy, type ZooKeeperProxy } from '../../testing/zookeeper-proxy.ts'
import { startEnsemble, startZooKeeper, type ZooKeeperServer } from '../../testing/zookeeper-server.ts'
import type { ClusterConnection } from './connection.ts'
import { OP } from './internal/protocol.ts'
import { createZooKeeper } from './zookeeper.ts'

const zooKeeper = createZooKeeper()
const PATHS = Array.from({ length: 1_000 }, (_, i) => `/n${i}`)
const bytes = (text: string) => Buffer.from(text)

async function createAll(connection: ClusterConnection): Promise<void> {
  const operations = PATHS.map(
    (path): WriteOperation => ({
      op: 'create',
      path,
      data: bytes(path),
      acl: OPEN_ACL,
      kind: 'persistent',
      ttlMs: null,
    }),
  )
  expect(await connection.multi(operations)).toMatchObject({ kind: 'done' })
}

async function expectAll(connection: ClusterConnection): Promise<void> {
  const readings = await connection.readMany(PATHS)
  expect(readings.map((reading) => reading.kind === 'found' && reading.znode.path)).toEqual(PATHS)
  expect(readings.map((reading) => reading.kind === 'found' && reading.znode.data?.toString())).toEqual(PATHS)
}

describe('many places at once', () => {
  let server: ZooKeeperServer
  let proxy: ZooKeeperProxy
  let connection: ClusterConnection

  beforeAll(async () => {
    server = await startZooKeeper()
    proxy = await startZooKeeperProxy(server.port)
    connection = await zooKeeper.connect({ connectString: proxy.connectString, requestTimeoutMs: 5_000 })
    await createAll(connection)
  })
  afterAll(async () => {
    await connection.close()
    await proxy.stop()
    await server.stop()
  })

  test('are read as they are one by one', async () => {
    const asked = PATHS.flatMap((path, i) => (i % 5 === 0 ? [path, `${path}-missing`] : [path]))
    const one = await Promise.all(asked.map((path) => connection.get(path)))
    expect(await connection.readMany(asked)).toEqual(one)
  })

  test('are read without a write of our own once the sessions are open', async () => {
    await connection.prepareReads?.()
    const before = await connection.sync('/')
    await expectAll(connection)
    await expectAll(connection)
    expect(await connection.sync('/')).toBe(before)
  })

  test('are asked again when the connections are cut under them', async () => {
    let batches = 0
    proxy.onRequest((frame) => {
      if (frame.readInt32BE(4) === OP.multiRead && ++batches === 5) proxy.cut()
    })
    try {
      await expectAll(connection)
      expect(batches).toBeGreaterThan(5)
    } finally {
      proxy.onRequest(null)
    }
  })

  test('can be cancelled while the server gives no answer, and be read again later', async () => {
    const abort = new AbortController()
    server.kill('SIGSTOP')
    try {
      const reading = connection.readMany(PATHS, { signal: abort.signal })
      abort.abort()
      await expect(reading).rejects.toBeInstanceOf(CancelledError)
    } finally {
      server.kill('SIGCONT')
    }
    await expectAll(connection)
  })
})

test('a server that allows no second connection is read over the first', async () => {
  const narrow = await startZooKeeper({ config: { maxClientCnxns: '1' } })
  // The server still counts the connection over which its start was seen.
  const connection = await vi.waitFor(() => zooKeeper.connect({ connectString: narrow.connectString }), {
    timeout: 60_000,
  })
  try {
    await createAll(connection)
    await expectAll(connection)
  } finally {
    await connection.close()
    await narrow.stop()
  }
})

test('what this connection wrote is part of what it reads, whichever server answers', async () => {
  const ensemble = await startEnsemble(3)
  const connection = await zooKeeper.connect({ connectString: ensemble.connectString, requestTimeoutMs: 20_000 })
  try {
    await createAll(connection)
    const changed = PATHS.slice(0, 300)
    for (let round = 0; round < 30; round++) {
      const data = bytes(`round ${round}`)
      const outcome = await connection.multi(changed.map((path) => ({ op: 'setData', path, data, version: round })))
      expect(outcome).toMatchObject({ kind: 'done' })
      const readings = await connection.readMany(changed)
      const versions = new Set(readings.map((reading) => reading.kind === 'found' && reading.znode.stat.version))
      expect([...versions]).toEqual([round + 1])
    }
  } finally {
    await connection.close()
    await ensemble.stop()
  }
})
