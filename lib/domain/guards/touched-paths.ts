import { PathHashSet } from '../snapshot/path-hash-set.ts'
import { ROOT } from '../znode/path.ts'

const SLASH = 47

/**
 * Which paths a plan writes, and what lies above them, at 8 bytes a path: a million steps are asked of without being kept. A path that
 * is not there may be taken for one that is, with odds of about n²/2^65; never the other way round.
 */
export class TouchedPaths {
  readonly #written = new PathHashSet()
  readonly #above = new PathHashSet()
  readonly #encoder = new TextEncoder()
  #buffer = new Uint8Array(1024)
  #any = false

  get isEmpty(): boolean {
    return !this.#any
  }

  add(path: string): void {
    this.#any = true
    const end = this.#encode(path)
    this.#written.addAndHasParent(this.#buffer, 0, end)
    // Whoever is known has brought all of its own ancestors.
    for (let at = end - 1; at >= 0; at--) {
      if (this.#buffer[at] !== SLASH) continue
      if (this.#above.has(this.#buffer, at)) return
      this.#above.addAndHasParent(this.#buffer, 0, at)
    }
  }

  isWritten(path: string): boolean {
    return this.#written.has(this.#buffer, this.#encode(path))
  }

  /** True when something strictly below the path is written. */
  isAbove(path: string): boolean {
    return this.#above.has(this.#buffer, this.#encode(path))
  }

  /** The nearest written znode at or above the path, the root left out; null when there is none. */
  findWrittenAbove(path: string): string | null {
    const end = this.#encode(path)
    if (this.#written.has(this.#buffer, end) && path !== ROOT) return path
    for (let at = end - 1; at > 0; at--) {
      if (this.#buffer[at] === SLASH && this.#written.has(this.#buffer, at)) {
        return new TextDecoder().decode(this.#buffer.subarray(0, at))
      }
    }
    return null
  }

  #encode(path: string): number {
    if (path === ROOT) return 0
    if (path.length * 3 > this.#buffer.length) this.#buffer = new Uint8Array(path.length * 4)
    return this.#encoder.encodeInto(path, this.#buffer).written
  }
}
