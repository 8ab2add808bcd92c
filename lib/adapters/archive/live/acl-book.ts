import { SnapshotError } from '../../../domain/snapshot/errors.ts'
import { LATER_ACL } from '../../../domain/snapshot/record.ts'
import { type Acl, OPEN_ACL } from '../../../domain/znode/acl.ts'

/**
 * The ACL lists of a tree by the ids that its records hold. Ids are kept from one base to the next, so that records can be copied as they lie;
 * a new one is above all that any record was seen to hold.
 */
export class AclBook {
  #lists: Map<bigint, Acl>
  #ids: Map<string, bigint>
  #idOf = new WeakMap<Acl, bigint>()
  #next: bigint

  /** `highest`: of all ids that records refer to, in the table or not. */
  constructor(lists: Iterable<readonly [bigint, Acl]>, highest: bigint) {
    this.#lists = new Map(lists)
    this.#ids = new Map()
    this.#next = highest > 0n ? highest : 0n
    for (const [id, acl] of this.#lists) {
      this.#ids.set(keyOf(acl), id)
      if (id > this.#next) this.#next = id
    }
  }

  /** Id -1 is open to everyone, in the table or not. */
  has(id: bigint): boolean {
    return id === -1n || this.#lists.has(id)
  }

  /** The list of the id stored at this place. */
  at(bytes: Buffer, position: number): Acl | undefined {
    const id = bytes.readBigInt64BE(position)
    return this.#lists.get(id) ?? (id === -1n ? OPEN_ACL : undefined)
  }

  idOf(acl: Acl): bigint {
    const known = this.#idOf.get(acl)
    if (known !== undefined) return known
    if (acl === LATER_ACL) {
      throw new SnapshotError('UNKNOWN_ACL', 'a znode has an ACL that neither snapshot nor transactions tell')
    }
    const key = keyOf(acl)
    let id = this.#ids.get(key)
    if (id === undefined) {
      id = ++this.#next
      this.#lists.set(id, acl)
      this.#ids.set(key, id)
    }
    this.#idOf.set(acl, id)
    return id
  }

  /** Those that are used, in order of their ids. */
  entries(used: ReadonlySet<bigint>): [bigint, Acl][] {
    return [...this.#lists].filter(([id]) => used.has(id)).sort(([a], [b]) => (a < b ? -1 : 1))
  }

  /** Forgets what is not used. */
  keepOnly(used: ReadonlySet<bigint>): void {
    this.#lists = new Map(this.entries(used))
    this.#ids = new Map([...this.#lists].map(([id, acl]) => [keyOf(acl), id]))
    this.#idOf = new WeakMap()
  }
}

const keyOf = (acl: Acl) => acl.map((entry) => `${entry.perms}\u0000${entry.scheme}\u0000${entry.id}`).join('\u0001')
