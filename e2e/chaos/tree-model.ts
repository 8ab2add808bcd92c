import { type Acl, OPEN_ACL } from '../../lib/domain/znode/acl.ts'
import type { SeededRandom } from '../../lib/testing/seeded-random.ts'
import { formatBareAcl, type SeenTree } from './bare-reader.ts'

/** What is to be at a path; the whole of it is known here, not asked of anything that Arkeeper has written. */
export interface Content {
  readonly data: string
  readonly acl: Acl
}

export type Model = ReadonlyMap<string, Content>

export const ROOT = '/chaos'
const FOLDERS = 9
const LEAVES = 22
const PERMS_READ = 1

/** Lists that lock nobody out: everybody may do everything, and one address may read besides. */
const ACLS: readonly Acl[] = [
  OPEN_ACL,
  [...OPEN_ACL, { perms: PERMS_READ, scheme: 'ip', id: '192.0.2.1' }],
  [...OPEN_ACL, { perms: PERMS_READ, scheme: 'ip', id: '192.0.2.2' }],
]

/** Some two hundred znodes, three deep, every value different from every other. */
export function makeSource(random: SeededRandom): Model {
  const model = new Map<string, Content>([[ROOT, { data: 'the root', acl: OPEN_ACL }]])
  for (let folder = 0; folder < FOLDERS; folder++) {
    const parent = `${ROOT}/folder-${folder}`
    model.set(parent, { data: `folder ${folder}`, acl: random.pick(ACLS) })
    for (let leaf = 0; leaf < LEAVES; leaf++) {
      const path = leaf % 7 === 6 ? `${parent}/leaf-${leaf - 1}/below` : `${parent}/leaf-${leaf}`
      const data = leaf % 5 === 4 ? '' : `source ${path} ${'x'.repeat(random.below(200))}`
      model.set(path, { data, acl: random.pick(ACLS) })
    }
  }
  return model
}

export type Change =
  | { readonly kind: 'create' | 'set'; readonly path: string; readonly data: string }
  | { readonly kind: 'acl'; readonly path: string; readonly acl: Acl }
  | { readonly kind: 'delete'; readonly path: string }

/** Damage for a restore to mend: some deleted, some with other data, some with other ACLs, some that nobody knows. */
export function breakTree(random: SeededRandom, live: SeenTree, round: number): Change[] {
  const changes: Change[] = []
  const gone = new Set<string>()
  const wholeFolder = random.chance(0.4) ? `${ROOT}/folder-${random.below(FOLDERS)}` : null
  for (const path of [...live.keys()].sort().reverse()) {
    if (path === ROOT) continue
    const isEmpty = ![...live.keys()].some((other) => other.startsWith(`${path}/`) && !gone.has(other))
    const isInFolder = wholeFolder !== null && `${path}/`.startsWith(`${wholeFolder}/`)
    if (isEmpty && (isInFolder || random.chance(0.3))) {
      changes.push({ kind: 'delete', path })
      gone.add(path)
      continue
    }
    if (random.chance(0.35)) changes.push({ kind: 'set', path, data: `broken in round ${round}: ${path}` })
    if (random.chance(0.2)) changes.push({ kind: 'acl', path, acl: random.pick(ACLS) })
  }
  for (let extra = 0; extra < 12; extra++) {
    const parent = `${ROOT}/folder-${random.below(FOLDERS)}`
    if (!live.has(parent) || gone.has(parent)) continue
    const path = `${parent}/extra-${round}-${extra}`
    changes.push({ kind: 'create', path, data: `nobody knows ${path}` })
  }
  return changes
}

/** State that a path may be in: at the end, or on the way there. */
export interface Expected {
  readonly data: string | null
  readonly acl: string
  readonly version: number
  readonly aversion: number
}

export interface Expectation {
  readonly before: Expected | null
  readonly after: Expected | null
  readonly cversionBefore: number
  readonly cversionAfter: number
}

/**
 * From the tree as it was and the source, what each path is to be: a value that is written once has its version one up, a created znode
 * starts at nought, and a parent counts each child that came or went.
 */
export function expectRestored(
  before: SeenTree,
  source: ReadonlyMap<string, { readonly data: string; readonly acl: string }>,
  mode: 'update' | 'mirror',
): Map<string, Expectation> {
  const expected = new Map<string, Expectation>()
  const moves = new Map<string, number>()
  const count = (path: string) => {
    const parent = path.slice(0, path.lastIndexOf('/')) || '/'
    moves.set(parent, (moves.get(parent) ?? 0) + 1)
  }
  for (const path of new Set([...before.keys(), ...source.keys()])) {
    const old = before.get(path)
    const wanted = source.get(path)
    const isKept = wanted !== undefined || mode === 'update'
    if (old === undefined || !isKept) count(path)
    const from = old ? { data: old.data, acl: old.acl, version: old.version, aversion: old.aversion } : null
    expected.set(path, {
      before: from,
      after: wanted === undefined ? (isKept ? from : null) : rewritten(from, wanted),
      cversionBefore: old?.cversion ?? 0,
      cversionAfter: old?.cversion ?? 0,
    })
  }
  for (const [path, times] of moves) {
    const at = expected.get(path)
    if (at) expected.set(path, { ...at, cversionAfter: at.cversionBefore + times })
  }
  return expected
}

function rewritten(from: Expected | null, wanted: { readonly data: string; readonly acl: string }): Expected {
  if (from === null) return { ...wanted, version: 0, aversion: 0 }
  return {
    ...wanted,
    version: from.version + (from.data === wanted.data ? 0 : 1),
    aversion: from.aversion + (from.acl === wanted.acl ? 0 : 1),
  }
}

export function plain(model: Model): Map<string, { readonly data: string; readonly acl: string }> {
  return new Map([...model].map(([path, { data, acl }]) => [path, { data, acl: formatBareAcl(acl) }]))
}
