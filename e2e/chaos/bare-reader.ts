import zookeeper, { type PackageClient } from 'node-zookeeper-client'

/**
 * The independent reader: node-zookeeper-client as anybody would use it, straight at the servers. Nothing of Arkeeper's adapter, walk or
 * verification is in it, so that what it finds is not what they believe.
 */
export interface SeenZnode {
  /** Null data and no bytes are told apart: `null` and ``. */
  readonly data: string | null
  readonly acl: string
  readonly version: number
  readonly cversion: number
  readonly aversion: number
}

export type SeenTree = ReadonlyMap<string, SeenZnode>

interface BareStat {
  readonly version: number
  readonly cversion: number
  readonly aversion: number
}
interface BareAcl {
  readonly permission: number
  readonly id: { readonly scheme: string; readonly id: string }
}
type Failure = { readonly code?: number } | null

interface BareClient extends PackageClient {
  getChildren(path: string, done: (error: Failure, names: string[]) => void): void
  getData(path: string, done: (error: Failure, data: Buffer | null | undefined, stat: BareStat) => void): void
  getACL(path: string, done: (error: Failure, acl: BareAcl[], stat: BareStat) => void): void
  setData(path: string, data: Buffer, version: number, done: (error: Failure) => void): void
  create(path: string, data: Buffer, done: (error: Failure) => void): void
}

const NO_NODE = -101
const NODE_EXISTS = -110
const ATTEMPT_MS = 15_000
const ATTEMPTS_MAX = 4
/** A write of our own, so that whatever server answers has caught up with all that was answered before. */
const MARK = '/arkeeper-chaos-mark'

/** All below `root`, itself included; a znode that goes away meanwhile is left out. */
export async function readBare(connectString: string, root: string): Promise<SeenTree> {
  for (let attempt = 1; ; attempt++) {
    // The package declares nothing of these calls; they are in its documentation.
    const client = zookeeper.createClient(connectString, { sessionTimeout: 10_000 }) as BareClient
    try {
      return await within(ATTEMPT_MS, readAll(client, root))
    } catch (error) {
      if (attempt >= ATTEMPTS_MAX) throw error
    } finally {
      client.close()
    }
  }
}

async function readAll(client: BareClient, root: string): Promise<SeenTree> {
  await new Promise<void>((resolve) => {
    client.once('connected', resolve)
    client.connect()
  })
  await call<void>((done) => client.create(MARK, Buffer.alloc(0), done), [NODE_EXISTS])
  await call<void>((done) => client.setData(MARK, Buffer.alloc(0), -1, done))
  const tree = new Map<string, SeenZnode>()
  let level = [root]
  while (level.length > 0) {
    const read = await Promise.all(level.map(async (path) => ({ path, ...(await readOne(client, path)) })))
    level = []
    for (const { path, znode, names } of read) {
      if (znode === null) continue
      tree.set(path, znode)
      for (const name of names) level.push(`${path === '/' ? '' : path}/${name}`)
    }
  }
  return tree
}

async function readOne(client: BareClient, path: string): Promise<{ znode: SeenZnode | null; names: string[] }> {
  const [names, data, acl] = await Promise.all([
    call<string[]>((done) => client.getChildren(path, done), [NO_NODE]),
    call<{ data: Buffer | null; stat: BareStat }>(
      (done) => client.getData(path, (error, bytes, stat) => done(error, { data: bytes ?? null, stat })),
      [NO_NODE],
    ),
    call<{ acl: BareAcl[]; stat: BareStat }>(
      (done) => client.getACL(path, (error, list, stat) => done(error, { acl: list, stat })),
      [NO_NODE],
    ),
  ])
  if (!names || !data || !acl) return { znode: null, names: [] }
  const { version, cversion } = data.stat
  const znode = {
    data: data.data?.toString('latin1') ?? null,
    acl: formatBareAcl(acl.acl.map(({ permission, id }) => ({ perms: permission, ...id }))),
    version,
    cversion,
    aversion: acl.stat.aversion,
  }
  return { znode, names }
}

/** One order for lists that mean the same. */
export function formatBareAcl(
  acl: readonly { readonly perms: number; readonly scheme: string; readonly id: string }[],
): string {
  return acl
    .map(({ perms, scheme, id }) => `${scheme}:${id}:${perms}`)
    .sort()
    .join(',')
}

/** Null for an error whose code is expected. */
function call<T>(
  start: (done: (error: Failure, value: T) => void) => void,
  expected: readonly number[] = [],
): Promise<T | null> {
  return new Promise((resolve, reject) => {
    start((error, value) => {
      if (!error) resolve(value)
      else if (error.code !== undefined && expected.includes(error.code)) resolve(null)
      else reject(error)
    })
  })
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`the independent reader had no answer within ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
