import { kindFromOwner } from '../znode/stat.ts'

/** Which ephemerals each session owns: closing one removes them, listed in the log or not. */
export class EphemeralBook {
  readonly #paths = new Map<bigint, Set<string>>()
  readonly #only: boolean

  /** Of these sessions; absent: of all. */
  constructor(only?: Iterable<bigint>) {
    this.#only = only !== undefined
    for (const session of only ?? []) this.#paths.set(session, new Set())
  }

  /** `owner` as a stat has it: one that is no session is passed over. */
  add(owner: bigint, path: string): void {
    if (owner === 0n) return
    const known = this.#paths.get(owner)
    if (known) known.add(path)
    else if (!this.#only && kindFromOwner(owner).kind === 'ephemeral') this.#paths.set(owner, new Set([path]))
  }

  remove(owner: bigint, path: string): void {
    if (owner === 0n) return
    const known = this.#paths.get(owner)
    if (known?.delete(path) && known.size === 0 && !this.#only) this.#paths.delete(owner)
  }

  /** A list of its own: it may be gone through while they are removed. */
  listOf(session: bigint): string[] {
    return [...(this.#paths.get(session) ?? [])]
  }

  /** Sessions that own some. */
  *owners(): Generator<bigint> {
    for (const [owner, paths] of this.#paths) if (paths.size > 0) yield owner
  }
}
