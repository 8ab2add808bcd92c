import { describe, expect, it } from 'vitest'
import { comparePaths } from '../../../domain/znode/order.ts'
import type { Znode } from '../../../domain/znode/znode.ts'
import { SeededRandom } from '../../../testing/seeded-random.ts'
import { ZnodeSorter } from './znode-sorter.ts'

const znode = (path: string, i: number): Znode => ({
  path,
  data: i % 5 === 0 ? null : new Uint8Array(i % 40).fill(i),
  acl: i % 3 === 0 ? [] : [{ perms: i % 32, scheme: 'digest', id: `user-${i % 7}` }],
  stat: {
    czxid: BigInt(i),
    mzxid: BigInt(i) << 32n,
    pzxid: 3n,
    ctime: 1_700_000_000_000 + i,
    mtime: i,
    version: i,
    cversion: 7 - i,
    aversion: 2,
    ephemeralOwner: i % 11 === 0 ? 0x145aa1b2c3d0007n : 0n,
  },
  kind: i % 11 === 0 ? 'ephemeral' : 'unknown',
  ttlMs: null,
})

const plain = ({ path, data, acl, stat, kind, ttlMs }: Znode) => ({
  path,
  data: data && [...data],
  acl,
  stat: { ...('toJSON' in stat ? (stat as { toJSON(): Znode['stat'] }).toJSON() : stat) },
  kind,
  ttlMs,
})

describe('ZnodeSorter', () => {
  it.each([8000, 1 << 30])('gives back what it was given, in path order, in runs of %i bytes', async (runCostMax) => {
    const random = new SeededRandom(5)
    const given = Array.from({ length: 700 }, (_, i) =>
      znode(i === 0 ? '/' : `/${['a', 'a-b', 'a b', 'ü', 'z'][random.below(5)]}/${random.below(400)}/x${i}`, i),
    )
    const sorter = new ZnodeSorter({ runCostMax })
    for (const each of given) {
      sorter.add(each)
      await sorter.settle()
    }
    const found: unknown[] = []
    for await (const batch of sorter.read()) found.push(...batch.map(plain))
    await sorter.close()
    expect(found).toEqual(given.toSorted((a, b) => comparePaths(a.path, b.path)).map(plain))
  })

  it('refuses more different ACLs than memory should hold, and no number of like ones', () => {
    const withAcl = (i: number, id: string) => ({ ...znode(`/x${i}`, i), acl: [{ perms: 31, scheme: 'digest', id }] })
    const sorter = new ZnodeSorter({ aclsCostMax: 100_000 })
    for (let i = 0; i < 1000; i++) sorter.add(withAcl(i, 'a'.repeat(10_000)))
    const different = () => {
      for (let i = 0; i < 1000; i++) sorter.add(withAcl(i, `${i}${'a'.repeat(10_000)}`))
    }
    expect(different).toThrow(expect.objectContaining({ code: 'IMPORT_TOO_LARGE' }))
  })
})
