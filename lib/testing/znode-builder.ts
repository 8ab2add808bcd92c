import { type Acl, OPEN_ACL } from '../domain/znode/acl.ts'
import { comparePaths } from '../domain/znode/order.ts'
import { ancestorsOf, joinPath, ROOT } from '../domain/znode/path.ts'
import { CONTAINER_OWNER, ownerFromTtl } from '../domain/znode/stat.ts'
import type { UnreadableZnode, Znode, ZnodeBatch, ZnodeKind, ZnodeStat, ZnodeStream } from '../domain/znode/znode.ts'
import type { SeededRandom } from './seeded-random.ts'

export interface ZnodeSketch {
  readonly path: string
  /** Text is taken as UTF-8. Default null. */
  readonly data?: string | Uint8Array | null
  readonly acl?: Acl
  readonly kind?: ZnodeKind
  readonly ttlMs?: number
  readonly stat?: Partial<ZnodeStat>
}

/** A znode from what a test cares about; everything else is plain and valid. */
export function buildZnode(sketch: ZnodeSketch | string): Znode {
  const given = typeof sketch === 'string' ? { path: sketch } : sketch
  const kind = given.kind ?? 'persistent'
  const ttlMs = kind === 'ttl' ? (given.ttlMs ?? 60_000) : null
  const owner =
    kind === 'ephemeral' ? 0x1001n : kind === 'container' ? CONTAINER_OWNER : ttlMs === null ? 0n : ownerFromTtl(ttlMs)
  return {
    path: given.path,
    data: typeof given.data === 'string' ? Buffer.from(given.data) : (given.data ?? null),
    acl: given.acl ?? OPEN_ACL,
    kind,
    ttlMs,
    stat: {
      czxid: 1n,
      mzxid: 1n,
      pzxid: 1n,
      ctime: 1_700_000_000_000,
      mtime: 1_700_000_000_000,
      version: 0,
      cversion: 0,
      aversion: 0,
      ephemeralOwner: owner,
      ...given.stat,
    },
  }
}

/** The sketches in path order, with the ancestors that they need (plain, null data). */
export function buildTree(sketches: readonly (ZnodeSketch | string)[]): Znode[] {
  const byPath = new Map<string, Znode>([[ROOT, buildZnode(ROOT)]])
  for (const sketch of sketches) {
    const znode = buildZnode(sketch)
    for (const ancestor of ancestorsOf(znode.path)) {
      if (!byPath.has(ancestor)) byPath.set(ancestor, buildZnode(ancestor))
    }
    byPath.set(znode.path, znode)
  }
  return [...byPath.values()].sort((a, b) => comparePaths(a.path, b.path))
}

/** A stream of the znodes as given (not sorted for you), in batches; unreadable places go to the batch that surrounds them. */
export async function* streamOf(
  znodes: readonly Znode[],
  options: { batchSize?: number; unreadable?: readonly UnreadableZnode[] } = {},
): AsyncGenerator<ZnodeBatch, void, void> {
  const batchSize = options.batchSize ?? 1000
  let places = [...(options.unreadable ?? [])].sort((a, b) => comparePaths(a.path, b.path))
  for (let at = 0; at < znodes.length; at += batchSize) {
    const batch = znodes.slice(at, at + batchSize)
    const end = znodes[at + batchSize]?.path
    const here = places.filter((place) => end === undefined || comparePaths(place.path, end) < 0)
    places = places.slice(here.length)
    yield { znodes: batch, unreadable: here }
  }
  if (places.length > 0) yield { znodes: [], unreadable: places }
}

export async function collectZnodes(stream: ZnodeStream): Promise<Znode[]> {
  const all: Znode[] = []
  for await (const batch of stream) all.push(...batch.znodes)
  return all
}

export function unreadablePlace(path: string): UnreadableZnode {
  return { path, reason: 'no-auth', message: `${path} may not be read` }
}

const NAMES = ['a', 'b', 'ab', 'a-b', 'a b', 'a.b', 'z', 'config', 'Ω', '日本', 'n0000000001', 'n0000000002']
const ACLS: readonly Acl[] = [
  OPEN_ACL,
  [{ perms: 1, scheme: 'world', id: 'anyone' }],
  [
    { perms: 31, scheme: 'digest', id: 'ops:aGFzaA==' },
    { perms: 1, scheme: 'world', id: 'anyone' },
  ],
]

export interface RandomTreeOptions {
  /** Znodes besides the root. */
  readonly size: number
  readonly ephemerals?: boolean
  readonly acls?: readonly Acl[]
  readonly kinds?: readonly ZnodeKind[]
}

/** A random tree in path order, root included. Names are chosen to catch prefix and ordering mistakes. */
export function randomTree(random: SeededRandom, options: RandomTreeOptions): Znode[] {
  const acls = options.acls ?? ACLS
  const kinds = options.kinds ?? ['persistent', 'persistent', 'persistent', 'container', 'ttl']
  const parents = [ROOT]
  const byPath = new Map<string, Znode>([[ROOT, buildZnode(ROOT)]])
  for (let tries = 0; byPath.size <= options.size && tries < options.size * 20; tries++) {
    const path = joinPath(random.pick(parents), random.pick(NAMES))
    if (byPath.has(path)) continue
    const kind = options.ephemerals && random.chance(0.15) ? 'ephemeral' : random.pick(kinds)
    if (kind !== 'ephemeral') parents.push(path)
    byPath.set(path, buildZnode({ path, kind, acl: random.pick(acls), data: randomData(random) }))
  }
  return [...byPath.values()].sort((a, b) => comparePaths(a.path, b.path))
}

/** Null, empty or up to 64 bytes. */
export function randomData(random: SeededRandom): Uint8Array | null {
  const dice = random.below(8)
  return dice === 0 ? null : random.bytes(dice === 1 ? 0 : 1 + random.below(64))
}

/** A tree a few edits away: some znodes changed in data or ACL, some subtrees gone, some new. */
export function mutateTree(random: SeededRandom, tree: readonly Znode[], options: { edits: number }): Znode[] {
  const byPath = new Map(tree.map((znode) => [znode.path, znode]))
  for (let edit = 0; edit < options.edits; edit++) {
    const path = random.pick([...byPath.keys()])
    const znode = byPath.get(path)!
    const dice = random.below(4)
    if (dice === 0) byPath.set(path, { ...znode, data: randomData(random) })
    else if (dice === 1) byPath.set(path, { ...znode, acl: random.pick(ACLS) })
    else if (dice === 2 && path !== ROOT) {
      for (const other of [...byPath.keys()]) if (other === path || other.startsWith(`${path}/`)) byPath.delete(other)
    } else if (znode.kind !== 'ephemeral') {
      const child = joinPath(path, `${random.pick(NAMES)}${random.below(3)}`)
      if (!byPath.has(child)) byPath.set(child, buildZnode({ path: child, data: randomData(random) }))
    }
  }
  return [...byPath.values()].sort((a, b) => comparePaths(a.path, b.path))
}
