import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { HEADER_BYTES, SEAL_BYTES, SnapshotReader } from '../domain/snapshot/read-snapshot.ts'
import type { BaseTree, LogSource } from '../domain/txnlog/ports.ts'
import { parentPath, ROOT } from '../domain/znode/path.ts'
import { toClientStat } from '../domain/znode/stat.ts'
import type { Znode } from '../domain/znode/znode.ts'

const SNAPSHOTS = fileURLToPath(new URL('../domain/snapshot/corpus', import.meta.url))
const LOGS = fileURLToPath(new URL('../domain/txnlog/corpus', import.meta.url))

/** One data directory of a real server, its snapshots and logs and what a client read, gathered from both rooms. */
export interface CorpusSet {
  readonly snapshots: readonly { readonly file: string; readonly zxid: bigint }[]
  readonly logs: readonly { readonly file: string; readonly zxid: bigint }[]
  readonly expected: readonly string[]
}

export function findCorpusSet(name: string): CorpusSet {
  const files = [SNAPSHOTS, LOGS].flatMap((dir) => readdirSync(join(dir, name)).map((file) => join(dir, name, file)))
  const named = (prefix: string) =>
    files
      .filter((file) => basename(file).startsWith(prefix))
      .map((file) => ({ file, zxid: BigInt(`0x${basename(file).split('.')[1]}`) }))
      .sort((a, b) => (a.zxid < b.zxid ? -1 : 1))
  return {
    snapshots: named('snapshot.'),
    logs: named('log.'),
    expected: files.filter((file) => basename(file).startsWith('expected')).sort(),
  }
}

async function* once(bytes: Uint8Array) {
  yield bytes
}

export function logOf(bytes: Uint8Array, name: string): LogSource {
  return { name, zxid: BigInt(`0x${name.split('.')[1]}`), open: () => once(bytes) }
}

export const logsOf = (set: CorpusSet): LogSource[] =>
  set.logs.map(({ file }) => logOf(readFileSync(file), basename(file)))

/** A snapshot's bytes as the tree that logs are replayed over. */
export async function baseOf(bytes: Uint8Array, zxid: bigint): Promise<BaseTree> {
  const reader = new SnapshotReader(once(bytes))
  const head = await reader.readHead()
  const tail = await reader.readTail()
  const digest = tail.digest && tail.digest.zxid !== 0n ? tail.digest : null
  const ends = [zxid, tail.lastZxid ?? 0n, digest?.zxid ?? 0n]
  return {
    zxid,
    windowEnd: ends.reduce((a, b) => (b > a ? b : a)),
    digest,
    sessions: head.sessions,
    acls: head.acls,
    visit: async (visitor) => {
      const again = new SnapshotReader(once(bytes))
      while (await again.visitRecords(visitor));
    },
  }
}

export function readCorpusSnapshot(file: string): Buffer {
  const bytes = readFileSync(file)
  return file.endsWith('.gz') ? gunzipSync(bytes) : bytes
}

export interface ExpectedTree {
  readonly zxid: bigint
  readonly nodes: unknown[]
  readonly digest: bigint
  readonly createdAs: Record<string, string>
}

interface ExpectedNode {
  path: string
  data: string | null
  stat: Record<string, bigint>
  acl: unknown
  createdAs?: string
}

/** 64-bit numbers of the twin are beyond what JSON numbers carry: every integer is read as a bigint. */
export function parseExpected(text: string): ExpectedTree {
  const quoted = text.replace(/: (-?\d+)(?=[,\n])/g, ': "#$1"')
  const json = JSON.parse(quoted, (_, value) =>
    typeof value === 'string' && value.startsWith('#') && /^#-?\d+$/.test(value) ? BigInt(value.slice(1)) : value,
  )
  const createdAs: Record<string, string> = {}
  const nodes = (json.nodes ?? []).map(({ createdAs: kind, ...node }: ExpectedNode) => {
    if (kind) createdAs[node.path] = kind
    return node
  })
  return { zxid: BigInt(json.zxid), nodes, digest: json.digest, createdAs }
}

export function toExpectedNodes(znodes: readonly Znode[]) {
  const children = new Map<string, number>()
  for (const { path } of znodes) {
    if (path !== ROOT) children.set(parentPath(path), (children.get(parentPath(path)) ?? 0) + 1)
  }
  return [...znodes]
    .sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)))
    .map((znode) => {
      const stat = toClientStat(znode.stat, znode.kind, {
        dataLength: znode.data?.length ?? 0,
        numChildren: children.get(znode.path) ?? 0,
      })
      return {
        path: znode.path,
        data: znode.data === null ? null : Buffer.from(znode.data).toString('base64'),
        stat: Object.fromEntries(Object.entries(stat).map(([key, value]) => [key, BigInt(value)])),
        acl: znode.acl.map((entry) => ({ ...entry, perms: BigInt(entry.perms) })),
      }
    })
}

/** Digest and lastZxid block with a seal each, as 3.9 writes them by default. */
const BLOCKS_BYTES = 54

/** A snapshot of 3.9 without what stands behind its first seal. */
export const withoutBlocks = (snapshot: Buffer): Buffer => snapshot.subarray(0, snapshot.length - BLOCKS_BYTES)

/** What a leader of 3.9 would send of it: sessions, ACL table, nodes. */
export const bodyOf = (snapshot: Buffer): Buffer =>
  withoutBlocks(snapshot).subarray(HEADER_BYTES, snapshot.length - BLOCKS_BYTES - SEAL_BYTES)
