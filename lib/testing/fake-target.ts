import type { RefusalCode, RestoreTarget, WriteOperation, WriteOutcome, WrittenStat } from '../domain/restore/ports.ts'
import { type Acl, OPEN_ACL, PERM } from '../domain/znode/acl.ts'
import { ZnodeError } from '../domain/znode/errors.ts'
import { compareNames, comparePaths } from '../domain/znode/order.ts'
import { findPathFault, isSystemPath, isWithin, nameOf, parentPath, ROOT } from '../domain/znode/path.ts'
import type { ChildrenPage, SubtreeOptions, TreeReader, ZnodeReading } from '../domain/znode/ports.ts'
import { CONTAINER_OWNER, ownerFromTtl } from '../domain/znode/stat.ts'
import type { UnreadableZnode, Znode, ZnodeBatch, ZnodeKind } from '../domain/znode/znode.ts'

interface FakeNode {
  data: Uint8Array | null
  acl: Acl
  kind: Exclude<ZnodeKind, 'unknown'>
  ttlMs: number | null
  czxid: bigint
  mzxid: bigint
  pzxid: bigint
  ctime: number
  mtime: number
  version: number
  /** Persisted form: creates of children. */
  cversion: number
  aversion: number
  owner: bigint
  children: Set<string>
}

export interface FakeIdentity {
  readonly scheme: string
  readonly id: string
}

export interface FakeCommit {
  readonly zxid: bigint
  readonly op: WriteOperation['op'] | 'setAcl'
  readonly path: string
}

class Refusal extends Error {
  readonly code: RefusalCode
  constructor(code: RefusalCode) {
    super(code)
    this.code = code
  }
}

const SUPER: readonly FakeIdentity[] = [{ scheme: 'super', id: '' }]

/**
 * A ZooKeeper tree in memory, for unit tests of the domain: zxids, versions, counters, permissions and refusals as
 * PrepRequestProcessor and DataTree decide them. It is a model; what real servers do is tested against real servers.
 */
export class FakeTree {
  private readonly nodes = new Map<string, FakeNode>()
  private zxid = 0n
  private timeMs = 1_700_000_000_000
  /** Every committed write in order: what was done, and whether anything was done twice. */
  readonly commits: FakeCommit[] = []

  constructor(znodes: readonly Znode[] = []) {
    this.nodes.set(ROOT, this.newNode({ data: null, acl: OPEN_ACL, kind: 'persistent', ttlMs: null }, 0n, 0n))
    for (const znode of [...znodes].sort((a, b) => comparePaths(a.path, b.path))) {
      if (znode.path === ROOT) Object.assign(this.nodes.get(ROOT)!, { data: znode.data, acl: znode.acl })
      else this.create(znode.path, { ...znode, kind: znode.kind === 'unknown' ? 'persistent' : znode.kind })
    }
    this.commits.length = 0
  }

  get lastZxid(): bigint {
    return this.zxid
  }

  /** A write by another client with every right. Throws what the server would refuse. */
  create(
    path: string,
    znode: {
      data?: Uint8Array | string | null
      acl?: Acl
      kind?: Exclude<ZnodeKind, 'unknown'>
      ttlMs?: number | null
    } = {},
  ): void {
    const data = typeof znode.data === 'string' ? Buffer.from(znode.data) : (znode.data ?? null)
    const content = { data, acl: znode.acl ?? OPEN_ACL, kind: znode.kind ?? 'persistent', ttlMs: znode.ttlMs ?? null }
    const zxid = ++this.zxid
    this.insert(path, content, SUPER, zxid, [])
    this.commits.push({ zxid, op: 'create', path })
  }

  setData(path: string, data: Uint8Array | string | null): void {
    this.mustCommit({ op: 'setData', path, data: typeof data === 'string' ? Buffer.from(data) : data, version: -1 })
  }

  delete(path: string): void {
    this.mustCommit({ op: 'delete', path, version: -1 })
  }

  setAclAs(path: string, acl: Acl): void {
    const outcome = this.commitAcl(path, acl, -1, SUPER)
    if (outcome.kind !== 'done') throw new Error(`setAcl ${path}: ${JSON.stringify(outcome)}`)
  }

  has(path: string): boolean {
    return this.nodes.has(path)
  }

  /** As a native source shows it, in path order. */
  znodes(): Znode[] {
    return [...this.nodes.entries()]
      .map(([path, node]) => this.toZnode(path, node, true))
      .sort((a, b) => comparePaths(a.path, b.path))
  }

  /** Existence, data, ACL and kind of everything, as text: two trees with equal dumps hold the same. */
  dump(): string[] {
    return this.znodes().map((znode) => {
      const acl = znode.acl.map((entry) => `${entry.perms}:${entry.scheme}:${entry.id}`).sort()
      const data = znode.data === null ? 'null' : `"${Buffer.from(znode.data).toString('base64')}"`
      return `${znode.path} ${data} [${acl.join(' ')}] ${znode.kind} ${znode.ttlMs}`
    })
  }

  /** All or nothing, one zxid, each operation seeing the ones before it. */
  commit(
    operations: readonly WriteOperation[],
    identities: readonly FakeIdentity[],
  ): WriteOutcome<{ readonly stats: readonly (WrittenStat | null)[] }> {
    const zxid = this.zxid + 1n
    const rollback: (() => void)[] = []
    const stats: (WrittenStat | null)[] = []
    for (const [index, operation] of operations.entries()) {
      try {
        stats.push(this.applyOne(operation, identities, zxid, rollback))
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        for (const undo of rollback.reverse()) undo()
        // A failed multi is a logged transaction too, and takes a zxid.
        this.zxid = zxid
        return { kind: 'refused', index, code: error.code, message: `${error.code} ${operation.path}` }
      }
    }
    this.zxid = zxid
    for (const { op, path } of operations) if (op !== 'check') this.commits.push({ zxid, op, path })
    return { kind: 'done', zxid, stats }
  }

  commitAcl(
    path: string,
    acl: Acl,
    aversion: number,
    identities: readonly FakeIdentity[],
  ): WriteOutcome<{ readonly stat: WrittenStat }> {
    const refuse = (code: RefusalCode) => ({ kind: 'refused', index: 0, code, message: `${code} ${path}` }) as const
    const node = this.nodes.get(path)
    const zxid = ++this.zxid
    if (!isValidAcl(acl)) return refuse('INVALID_ACL')
    if (!node) return refuse('NO_NODE')
    if (!isAllowed(node.acl, PERM.admin, identities)) return refuse('NO_AUTH')
    if (aversion !== -1 && aversion !== node.aversion) return refuse('BAD_VERSION')
    node.acl = acl
    node.aversion++
    this.commits.push({ zxid, op: 'setAcl', path })
    return { kind: 'done', zxid, stat: { czxid: node.czxid, mzxid: node.mzxid, version: node.version } }
  }

  /** What a client with these identities gets; kinds hidden as the client protocol hides them. */
  read(path: string, identities: readonly FakeIdentity[], showKinds: boolean): ZnodeReading {
    const node = this.nodes.get(path)
    if (!node) return { kind: 'missing' }
    if (!isAllowed(node.acl, PERM.read, identities))
      return { kind: 'unreadable', reason: 'no-auth', message: `no read right on ${path}` }
    const znode = this.toZnode(path, node, showKinds)
    const masked = isAllowed(node.acl, PERM.admin, identities) ? znode : { ...znode, acl: maskAcl(znode.acl) }
    return { kind: 'found', znode: masked, numChildren: node.children.size }
  }

  childNames(path: string): string[] {
    return [...(this.nodes.get(path)?.children ?? [])].sort(compareNames)
  }

  private mustCommit(operation: WriteOperation): void {
    const outcome = this.commit([operation], SUPER)
    if (outcome.kind !== 'done') throw new Error(`${operation.op} ${operation.path}: ${JSON.stringify(outcome)}`)
  }

  private applyOne(
    operation: WriteOperation,
    identities: readonly FakeIdentity[],
    zxid: bigint,
    rollback: (() => void)[],
  ): WrittenStat | null {
    const { path } = operation
    if (operation.op === 'create') {
      const suffix = operation.sequential ? this.sequenceOf(parentPath(path)) : ''
      this.insert(path + suffix, operation, identities, zxid, rollback)
      return null
    }
    const parent = this.nodes.get(parentPath(path))
    if (!parent) throw new Refusal('NO_NODE')
    if (operation.op === 'delete') {
      if (path === ROOT) throw new Refusal('BAD_ARGUMENTS')
      // Asked before it is known whether the znode exists.
      if (!isAllowed(parent.acl, PERM.delete, identities)) throw new Refusal('NO_AUTH')
    }
    const node = this.nodes.get(path)
    if (!node) throw new Refusal('NO_NODE')
    const needed = operation.op === 'setData' ? PERM.write : PERM.read
    if (operation.op !== 'delete' && !isAllowed(node.acl, needed, identities)) throw new Refusal('NO_AUTH')
    if (operation.version !== -1 && operation.version !== node.version) throw new Refusal('BAD_VERSION')
    if (operation.op === 'check') return null
    if (operation.op === 'delete') {
      if (node.children.size > 0) throw new Refusal('NOT_EMPTY')
      const before = parent.pzxid
      this.nodes.delete(path)
      parent.children.delete(nameOf(path))
      parent.pzxid = zxid
      rollback.push(() => {
        this.nodes.set(path, node)
        parent.children.add(nameOf(path))
        parent.pzxid = before
      })
      return null
    }
    const before = { ...node }
    rollback.push(() => Object.assign(node, before))
    node.data = operation.data
    node.version++
    node.mzxid = zxid
    node.mtime = ++this.timeMs
    return { czxid: node.czxid, mzxid: zxid, version: node.version }
  }

  private sequenceOf(parent: string): string {
    return String(this.nodes.get(parent)?.cversion ?? 0).padStart(10, '0')
  }

  private insert(
    path: string,
    content: Pick<FakeNode, 'data' | 'acl' | 'kind' | 'ttlMs'>,
    identities: readonly FakeIdentity[],
    zxid: bigint,
    rollback: (() => void)[],
  ): void {
    if (findPathFault(path) !== null) throw new Refusal('BAD_ARGUMENTS')
    if (content.kind === 'ttl' && !(content.ttlMs !== null && content.ttlMs > 0)) throw new Refusal('BAD_ARGUMENTS')
    if (!isValidAcl(content.acl)) throw new Refusal('INVALID_ACL')
    const parent = this.nodes.get(parentPath(path))
    if (!parent) throw new Refusal('NO_NODE')
    if (!isAllowed(parent.acl, PERM.create, identities)) throw new Refusal('NO_AUTH')
    if (this.nodes.has(path)) throw new Refusal('NODE_EXISTS')
    if (parent.kind === 'ephemeral') throw new Refusal('NO_CHILDREN_FOR_EPHEMERALS')
    const before = { pzxid: parent.pzxid, cversion: parent.cversion }
    const owner = content.kind === 'ephemeral' ? 0x10001n : ownerOf(content)
    this.nodes.set(path, this.newNode(content, owner, zxid))
    parent.children.add(nameOf(path))
    parent.pzxid = zxid
    parent.cversion++
    rollback.push(() => {
      this.nodes.delete(path)
      parent.children.delete(nameOf(path))
      Object.assign(parent, before)
    })
  }

  private newNode(content: Pick<FakeNode, 'data' | 'acl' | 'kind' | 'ttlMs'>, owner: bigint, zxid: bigint): FakeNode {
    const time = ++this.timeMs
    return {
      data: content.data,
      acl: content.acl,
      kind: content.kind,
      ttlMs: content.kind === 'ttl' ? content.ttlMs : null,
      czxid: zxid,
      mzxid: zxid,
      pzxid: zxid,
      ctime: time,
      mtime: time,
      version: 0,
      cversion: 0,
      aversion: 0,
      owner,
      children: new Set(),
    }
  }

  private toZnode(path: string, node: FakeNode, showKinds: boolean): Znode {
    const shown = showKinds || node.kind === 'ephemeral'
    const { czxid, mzxid, pzxid, ctime, mtime, version, cversion, aversion } = node
    return {
      path,
      data: node.data,
      acl: node.acl,
      kind: shown ? node.kind : 'unknown',
      ttlMs: shown ? node.ttlMs : null,
      stat: {
        czxid,
        mzxid,
        pzxid,
        ctime,
        mtime,
        version,
        cversion,
        aversion,
        ephemeralOwner: shown ? node.owner : 0n,
      },
    }
  }
}

/** What happens to one call: nothing special, or one of the ways in which a connection or a server fails. */
export type FakeFault =
  /** The client is gone before the request was sent: this call and every later one throws. */
  | 'crash-before'
  /** The request was carried out, the client died before it could see the answer. */
  | 'crash-after'
  /** Connection lost, request not carried out. */
  | 'unknown-lost'
  /** Connection lost, request carried out. */
  | 'unknown-applied'
  /** Connection lost, request carried out just before the next write. */
  | 'unknown-late'
  | { readonly refuse: RefusalCode; readonly index: number }

export interface FakeCall {
  /** 1-based over all calls of this target. */
  readonly n: number
  /** 1-based over calls of this kind. */
  readonly nOfKind: number
  readonly kind: 'read' | 'multi' | 'setAcl'
  readonly paths: readonly string[]
}

export class FakeCrash extends Error {
  override readonly name = 'FakeCrash'
}

export interface FakeTargetOptions {
  /** Who the client is, besides world:anyone. `super` may do everything. */
  readonly identities?: readonly FakeIdentity[]
  readonly requestBytesMax?: number
  /** Show container and TTL kinds, which the client protocol hides. Default false. */
  readonly showKinds?: boolean
  /** Asked before each call is carried out; may also write to the tree, as another client would. */
  readonly onCall?: (call: FakeCall) => FakeFault | null | undefined
}

/** One client's session on a FakeTree. Calls are carried out in the order in which they were made, as in one session. */
export class FakeTarget implements RestoreTarget, TreeReader {
  readonly requestBytesMax: number
  readonly aloneBytesMax: number
  readonly tree: FakeTree
  private readonly options: FakeTargetOptions
  private readonly identities: readonly FakeIdentity[]
  private queue: Promise<unknown> = Promise.resolve()
  private late: (() => void)[] = []
  private dead = false
  private calls = 0
  private readonly callsOfKind = { read: 0, multi: 0, setAcl: 0 }
  /** Multis in flight at once, at most so far. */
  inFlightMax = 0
  private inFlight = 0
  /** Sizes of the multis sent: operations and encoded bytes. */
  readonly multis: { operations: number; bytes: number }[] = []

  constructor(tree: FakeTree, options: FakeTargetOptions = {}) {
    this.tree = tree
    this.options = options
    this.identities = [{ scheme: 'world', id: 'anyone' }, ...(options.identities ?? [])]
    this.requestBytesMax = options.requestBytesMax ?? 1_048_575
    this.aloneBytesMax = this.requestBytesMax - 17
  }

  /** Jute: header 9, path, then by operation; see the layout of a multi request. */
  encodedSizeOf(operation: WriteOperation): number {
    const path = 9 + 4 + Buffer.byteLength(operation.path)
    if (operation.op === 'delete' || operation.op === 'check') return path + 4
    const data = path + 4 + (operation.data?.length ?? 0)
    if (operation.op === 'setData') return data + 4
    const acl = operation.acl.reduce(
      (sum, entry) => sum + 12 + Buffer.byteLength(entry.scheme) + Buffer.byteLength(entry.id),
      4,
    )
    return data + acl + 4 + (operation.kind === 'ttl' ? 8 : 0)
  }

  readMany(paths: readonly string[]): Promise<readonly ZnodeReading[]> {
    return this.enqueue('read', paths, () =>
      paths.map((path) => this.tree.read(path, this.identities, this.options.showKinds ?? false)),
    )
  }

  async multi(
    operations: readonly WriteOperation[],
  ): Promise<WriteOutcome<{ readonly stats: readonly (WrittenStat | null)[] }>> {
    const bytes = operations.reduce((sum, operation) => sum + this.encodedSizeOf(operation), 8 + 9)
    this.multis.push({ operations: operations.length, bytes })
    this.inFlightMax = Math.max(this.inFlightMax, ++this.inFlight)
    const paths = operations.map((operation) => operation.path)
    try {
      return await this.enqueueWrite('multi', paths, () =>
        bytes > this.requestBytesMax
          ? { kind: 'refused', index: 0, code: 'TOO_LARGE', message: `${bytes} bytes` }
          : this.tree.commit(operations, this.identities),
      )
    } finally {
      this.inFlight--
    }
  }

  setAcl(path: string, acl: Acl, aversion: number): Promise<WriteOutcome<{ readonly stat: WrittenStat }>> {
    return this.enqueueWrite('setAcl', [path], () => this.tree.commitAcl(path, acl, aversion, this.identities))
  }

  lastZxidSeen(): bigint {
    return this.tree.lastZxid
  }

  async get(path: string): Promise<ZnodeReading> {
    return this.tree.read(path, this.identities, this.options.showKinds ?? false)
  }

  async listChildren(path: string, page: { after?: string; limit: number }): Promise<ChildrenPage> {
    const reading = await this.get(path)
    if (reading.kind !== 'found') return reading
    const names = this.tree.childNames(path)
    const from = page.after === undefined ? names : names.filter((name) => compareNames(name, page.after!) > 0)
    const shown = from.slice(0, page.limit)
    const children = shown.map((name) => {
      const child = this.tree.read(
        path === ROOT ? `/${name}` : `${path}/${name}`,
        SUPER,
        this.options.showKinds ?? false,
      )
      if (child.kind !== 'found') throw new Error(`${path} lists ${name}, which is not there`)
      const { kind, data, stat } = child.znode
      const { mtime, mzxid, pzxid } = stat
      return { name, kind, numChildren: child.numChildren, dataLength: data?.length ?? 0, mtime, mzxid, pzxid }
    })
    const next = shown.length < from.length ? shown.at(-1)! : null
    return { kind: 'page', children, total: names.length, next }
  }

  async *readSubtree(root: string, options: SubtreeOptions = {}): AsyncGenerator<ZnodeBatch, void, void> {
    if (!this.tree.has(root)) throw new ZnodeError('NO_NODE', `${root} does not exist`)
    const paths = this.tree
      .znodes()
      .map((znode) => znode.path)
      .filter(
        (path) =>
          isWithin(path, root) && (options.includeSystem || isWithin(root, '/zookeeper') || !isSystemPath(path)),
      )
    let hidden: string | null = null
    for (let at = 0; at < paths.length; at += 7) {
      const znodes: Znode[] = []
      const unreadable: UnreadableZnode[] = []
      for (const path of paths.slice(at, at + 7)) {
        if (hidden !== null && isWithin(path, hidden)) continue
        const reading = await this.get(path)
        if (reading.kind === 'found') znodes.push(reading.znode)
        else if (reading.kind === 'unreadable') {
          unreadable.push({ path, reason: reading.reason, message: reading.message })
          hidden = path
        }
      }
      yield { znodes, unreadable }
    }
  }

  async close(): Promise<void> {
    await this.queue
  }

  private enqueueWrite<T>(
    kind: 'multi' | 'setAcl',
    paths: readonly string[],
    work: () => WriteOutcome<T>,
  ): Promise<WriteOutcome<T>> {
    return this.enqueue<WriteOutcome<T>>(kind, paths, work, (fault) => {
      if (fault === 'unknown-applied') work()
      if (fault === 'unknown-late') this.late.push(() => work())
      if (typeof fault === 'object') {
        return { kind: 'refused', index: fault.index, code: fault.refuse, message: `told to refuse: ${fault.refuse}` }
      }
      return { kind: 'unknown', message: 'connection lost' }
    })
  }

  private enqueue<T>(
    kind: FakeCall['kind'],
    paths: readonly string[],
    work: () => T,
    onFault?: (fault: FakeFault) => T,
  ): Promise<T> {
    const run = async (): Promise<T> => {
      // An answer takes a turn of the event loop, so that several calls can be in flight.
      await new Promise((resolve) => setImmediate(resolve))
      if (this.dead) throw new FakeCrash('the client is gone')
      if (kind !== 'read') for (const write of this.late.splice(0)) write()
      const call = { n: ++this.calls, nOfKind: ++this.callsOfKind[kind], kind, paths }
      const fault = this.options.onCall?.(call)
      if (!fault) return work()
      if (fault === 'crash-before' || fault === 'crash-after') {
        this.dead = true
        if (fault === 'crash-after') work()
        throw new FakeCrash(`the client died at call ${call.n}`)
      }
      if (!onFault) throw new Error(`a ${kind} cannot end as ${JSON.stringify(fault)}`)
      return onFault(fault)
    }
    const answer = this.queue.then(run)
    this.queue = answer.catch(() => undefined)
    return answer
  }
}

function ownerOf(content: { kind: ZnodeKind; ttlMs: number | null }): bigint {
  if (content.kind === 'container') return CONTAINER_OWNER
  return content.kind === 'ttl' ? ownerFromTtl(content.ttlMs ?? 1) : 0n
}

function isValidAcl(acl: Acl): boolean {
  return acl.length > 0 && acl.every((entry) => ['world', 'digest', 'ip', 'x509', 'sasl'].includes(entry.scheme))
}

function isAllowed(acl: Acl, perm: number, identities: readonly FakeIdentity[]): boolean {
  if (acl.length === 0 || identities.some((identity) => identity.scheme === 'super')) return true
  return acl.some(
    (entry) =>
      (entry.perms & perm) !== 0 &&
      identities.some((identity) => identity.scheme === entry.scheme && identity.id === entry.id),
  )
}

/** FinalRequestProcessor hides digest hashes from readers without admin rights. */
function maskAcl(acl: Acl): Acl {
  if (!acl.some((entry) => entry.scheme === 'digest')) return acl
  return acl.map((entry) => (entry.scheme === 'digest' ? { ...entry, id: `${entry.id.split(':')[0]}:x` } : entry))
}
