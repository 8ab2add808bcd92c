import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ClusterConnection } from '../adapters/zookeeper/connection.ts'
import { createZooKeeper } from '../adapters/zookeeper/zookeeper.ts'
import type { WriteOperation, WriteOutcome, WrittenStat } from '../domain/restore/ports.ts'
import { type Acl, OPEN_ACL } from '../domain/znode/acl.ts'
import { FakeTarget, FakeTree } from './fake-target.ts'
import { SeededRandom } from './seeded-random.ts'
import { startZooKeeper, type ZooKeeperServer } from './zookeeper-server.ts'

const PATHS = ['/f/a', '/f/b', '/f/a/x', '/f/a/y', '/f/b/x', '/f/b/x/z', '/f/c', '/f/c/d']
const ACLS: readonly Acl[] = [
  [{ perms: 1, scheme: 'world', id: 'anyone' }],
  [{ perms: 13, scheme: 'world', id: 'anyone' }],
  [{ perms: 31, scheme: 'digest', id: 'a:b=' }],
  [],
]

function randomOperation(random: SeededRandom): WriteOperation {
  const path = random.pick(PATHS)
  const version = random.pick([-1, 0, 0, 1, 2])
  const dice = random.below(10)
  if (dice >= 8) return { op: 'check', path, version }
  if (dice >= 6) return { op: 'delete', path, version }
  if (dice >= 4) return { op: 'setData', path, data: random.bytes(3), version }
  const kind = random.pick(['persistent', 'container', 'ttl'] as const)
  const data = random.pick([null, Buffer.alloc(0), Buffer.from('x')])
  const acl = random.chance(0.8) ? OPEN_ACL : random.pick(ACLS)
  return { op: 'create', path, data, acl, kind, ttlMs: kind === 'ttl' ? 100_000_000 : null }
}

/** What both must agree on: refusal code and index, or the versions that setData answered with. */
function brief(
  operations: readonly WriteOperation[],
  outcome: WriteOutcome<{ readonly stats: readonly (WrittenStat | null)[] }>,
): string {
  if (outcome.kind !== 'done') return outcome.kind === 'refused' ? `${outcome.code} at ${outcome.index}` : outcome.kind
  return `done ${operations.map(({ op }, at) => (op === 'setData' ? outcome.stats[at]?.version : '-')).join(' ')}`
}

describe('FakeTree', () => {
  let server: ZooKeeperServer
  let connection: ClusterConnection

  beforeAll(async () => {
    server = await startZooKeeper({ javaProperties: { 'zookeeper.extendedTypesEnabled': 'true' } })
    connection = await createZooKeeper().connect({ connectString: server.connectString })
  })

  afterAll(async () => {
    await connection?.close()
    await server?.stop()
  })

  it('answers any multi as a real server does', async () => {
    const random = new SeededRandom(7)
    const tree = new FakeTree()
    const fake = new FakeTarget(tree)
    const clear: WriteOperation = {
      op: 'create',
      path: '/f',
      data: null,
      acl: OPEN_ACL,
      kind: 'persistent',
      ttlMs: null,
    }
    expect((await connection.multi([clear])).kind).toBe('done')
    tree.create('/f')
    const seen = new Set<string>()
    for (let round = 0; round < 1500; round++) {
      if (round % 100 === 99) {
        // Znodes that nobody may write would fill the tree up: deleting asks the parent's right only.
        for (const path of [...PATHS].reverse()) {
          const wipe = [{ op: 'delete', path, version: -1 }] as const
          await fake.multi(wipe)
          await connection.multi(wipe)
        }
      }
      const operations = Array.from({ length: 1 + random.below(4) }, () => randomOperation(random))
      const modelled = await fake.multi(operations)
      const real = await connection.multi(operations)
      const context = { seed: random.seed, round, operations }
      expect({ ...context, outcome: brief(operations, modelled) }).toEqual({
        ...context,
        outcome: brief(operations, real),
      })
      seen.add(real.kind === 'refused' ? real.code : real.kind)
    }
    expect([...seen].sort()).toEqual([
      'BAD_VERSION',
      'INVALID_ACL',
      'NODE_EXISTS',
      'NOT_EMPTY',
      'NO_AUTH',
      'NO_NODE',
      'done',
    ])
    const modelled = await fake.readMany(PATHS)
    const real = await connection.readMany(PATHS)
    expect(real.map(({ kind }) => kind)).toEqual(modelled.map(({ kind }) => kind))
  })
})
