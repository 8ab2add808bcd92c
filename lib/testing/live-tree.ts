import type { ClusterConnection } from '../adapters/zookeeper/connection.ts'
import { InvariantError } from '../base/invariant.ts'
import { type Acl, OPEN_ACL } from '../domain/znode/acl.ts'
import { comparePaths } from '../domain/znode/order.ts'
import { joinPath } from '../domain/znode/path.ts'
import type { Znode } from '../domain/znode/znode.ts'

/** What another client does to a cluster, in few words; whatever the server refuses fails the test. */
export class LiveTree {
  readonly #client: ClusterConnection

  constructor(client: ClusterConnection) {
    this.#client = client
  }

  async create(path: string, data: string | Uint8Array | null = '', acl: Acl = OPEN_ACL): Promise<void> {
    expectDone(
      await this.#client.create({ path, data: toBytes(data), acl, kind: 'persistent' }),
      `the creation of ${path}`,
    )
  }

  async set(path: string, data: string | Uint8Array | null): Promise<void> {
    expectDone(
      await this.#client.multi([{ op: 'setData', path, data: toBytes(data), version: -1 }]),
      `the change of ${path}`,
    )
  }

  async setAcl(path: string, acl: Acl): Promise<void> {
    expectDone(await this.#client.setAcl(path, acl, -1), `the ACL of ${path}`)
  }

  /** The znode and everything below it; nothing when it is not there. */
  async remove(path: string): Promise<void> {
    const paths: string[] = []
    for await (const batch of this.#client.readSubtree(path)) {
      for (const place of [...batch.znodes, ...batch.unreadable]) paths.push(place.path)
    }
    paths.sort((a, b) => comparePaths(b, a))
    for (let start = 0; start < paths.length; start += 500) {
      const operations = paths
        .slice(start, start + 500)
        .map((each) => ({ op: 'delete' as const, path: each, version: -1 }))
      expectDone(await this.#client.multi(operations), `the deletion of ${path}`)
    }
  }

  async namesOf(path: string): Promise<string[]> {
    const names: string[] = []
    for (let after: string | undefined; ; ) {
      const page = await this.#client.listChildren(path, { after, limit: 1000 })
      if (page.kind !== 'page') return names
      names.push(...page.children.map((child) => child.name))
      if (page.next === null) return names
      after = page.next
    }
  }

  async find(path: string): Promise<Znode | null> {
    const reading = await this.#client.get(path)
    return reading.kind === 'found' ? reading.znode : null
  }

  /** Data as text; undefined where there is no znode, null for null data. */
  async text(path: string): Promise<string | null | undefined> {
    const znode = await this.find(path)
    if (!znode) return undefined
    return znode.data === null ? null : Buffer.from(znode.data).toString()
  }

  /** `children` znodes of `bytes` bytes each below a new parent, by multis. */
  async fill(parent: string, children: number, bytes = 100): Promise<void> {
    await this.create(parent)
    const data = Buffer.alloc(bytes, 0x61)
    for (let start = 0; start < children; start += 500) {
      const operations = Array.from({ length: Math.min(500, children - start) }, (_, i) => ({
        op: 'create' as const,
        path: joinPath(parent, `n${String(start + i).padStart(6, '0')}`),
        data,
        acl: OPEN_ACL,
        kind: 'persistent' as const,
        ttlMs: null,
      }))
      expectDone(await this.#client.multi(operations), `filling ${parent}`)
    }
  }

  /** Everything below the root but /zookeeper. */
  async clear(): Promise<void> {
    for (const name of await this.namesOf('/')) if (name !== 'zookeeper') await this.remove(`/${name}`)
  }
}

function toBytes(data: string | Uint8Array | null): Uint8Array | null {
  return typeof data === 'string' ? Buffer.from(data) : data
}

function expectDone(outcome: { readonly kind: string }, what: string): void {
  if (outcome.kind !== 'done') throw new InvariantError(`${what} was not done: ${JSON.stringify(outcome)}`)
}
