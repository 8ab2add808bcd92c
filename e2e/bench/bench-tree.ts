import { createHash } from 'node:crypto'
import { OPEN_ACL } from '../../lib/domain/znode/acl.ts'
import type { Znode, ZnodeBatch, ZnodeStream } from '../../lib/domain/znode/znode.ts'

/**
 * The tree of the benchmarks, in path order: groups of at most 1,000 znodes with 100 B to 1 KB of data each, and one wide
 * parent with 50,000 children (never more than a third of the whole). Deterministic; half of each value is incompressible.
 */
export function benchTree(total: number, options: { root?: string; edits?: number } = {}): ZnodeStream {
  return batches(benchZnodes(total, options), 1000)
}

const FAN_OUT = 1000
const POOL = Buffer.concat(Array.from({ length: 2048 }, (_, i) => createHash('sha256').update(`pool ${i}`).digest()))
const TEXT = Buffer.from('{"version":1,"state":"online","replicas":[1,2,3],"leader":2,"epoch":17} '.repeat(16))

function* benchZnodes(total: number, { root = '', edits = 0 }: { root?: string; edits?: number }): Generator<Znode> {
  const wide = Math.min(50_000, Math.floor(total / 3))
  const groups = Math.max(1, Math.ceil((total - wide - 2) / (FAN_OUT + 1)))
  let zxid = 1n
  const make = (path: string, data: Buffer, children: number): Znode => ({
    path,
    data,
    acl: OPEN_ACL,
    kind: 'persistent',
    ttlMs: null,
    stat: {
      czxid: ++zxid,
      mzxid: zxid,
      pzxid: zxid,
      ctime: 1_764_000_000_000,
      mtime: 1_764_000_000_000,
      version: 0,
      cversion: children,
      aversion: 0,
      ephemeralOwner: 0n,
    },
  })
  let made = 2
  let ordinal = 0
  const everyNth = edits > 0 ? Math.max(1, Math.floor(total / edits)) : 0
  const value = () => {
    ordinal++
    return sampleValue(ordinal, everyNth > 0 && ordinal % everyNth === 0)
  }
  if (root === '') yield make('/', Buffer.alloc(0), 2)
  else yield make(root, Buffer.alloc(0), 2)
  yield make(`${root}/bench`, Buffer.alloc(0), groups)
  for (let g = 0; g < groups && made < total - wide; g++) {
    const size = Math.min(FAN_OUT, total - wide - made - 1)
    const group = `${root}/bench/group-${String(g).padStart(5, '0')}`
    yield make(group, value(), size)
    made++
    for (let i = 0; i < size; i++, made++) yield make(`${group}/znode-${String(i).padStart(4, '0')}`, value(), 0)
  }
  yield make(`${root}/wide`, Buffer.alloc(0), wide)
  for (let i = 0; i < wide; i++) yield make(`${root}/wide/child-${String(i).padStart(6, '0')}`, value(), 0)
}

function sampleValue(ordinal: number, edited: boolean): Buffer {
  const length = 100 + ((ordinal * 7919) % 925)
  const data = Buffer.allocUnsafe(length)
  const half = length >> 1
  const offset = (ordinal * 104_729) % (POOL.length - 1024)
  POOL.copy(data, 0, offset, offset + half)
  TEXT.copy(data, half, 0, length - half)
  data.writeUInt32BE(edited ? ordinal ^ 0xffff : ordinal, 0)
  return data
}

async function* batches(znodes: Iterable<Znode>, size: number): AsyncGenerator<ZnodeBatch> {
  let batch: Znode[] = []
  for (const znode of znodes) {
    batch.push(znode)
    if (batch.length >= size) {
      yield { znodes: batch, unreadable: [] }
      batch = []
    }
  }
  if (batch.length > 0) yield { znodes: batch, unreadable: [] }
}
