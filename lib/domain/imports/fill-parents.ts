import { isWithin, parentPath, ROOT } from '../znode/path.ts'
import { NO_STAT } from '../znode/stat.ts'
import type { Znode } from '../znode/znode.ts'
import { ImportError, importFault } from './errors.ts'
import { NO_ACL } from './imported-znode.ts'

const LISTED_MAX = 100
const ROOTS_MAX = 10_000
/** Of the paths of all implied parents: a path of a few kilobytes, packed, can stand for gigabytes of them. */
const IMPLIED_CHARS_MAX = 256 << 20

/** What was met on the way of an import. Lists are cut at a hundred; totals go on counting. */
export interface ImportCounts {
  /** In the file itself, without implied parents. */
  readonly znodes: number
  readonly unknownAcls: number
  readonly unknownContents: number
  readonly impliedParents: number
  readonly impliedListed: readonly string[]
  readonly highestZxid: bigint
}

/**
 * Takes the znodes of a file in path order, and puts in the parents that it lacks: known to be there, and nothing more. Throws ImportError
 * DUPLICATE_IMPORT, and IMPORT_TOO_LARGE for a file of more separate parts than a scope may name, or more parents missing than fit.
 */
export class ParentFiller {
  #last: string | null = null
  #open: string[] = []
  readonly #roots: string[] = []
  #znodes = 0
  #unknownAcls = 0
  #unknownContents = 0
  #implied = 0
  #impliedChars = 0
  readonly #impliedListed: string[] = []
  #highestZxid = 0n

  /** The znode, behind the parents that are missing for it. */
  add(znode: Znode): Znode[] {
    const { path } = znode
    if (path === this.#last) {
      throw new ImportError('DUPLICATE_IMPORT', `${path} is in the file twice`, {
        unaffected: 'nothing was imported',
        remedy: 'take one of them out, or export the parts one by one',
      })
    }
    this.#last = path
    while (this.#open.length > 0 && !isWithin(path, this.#open.at(-1)!)) this.#open.pop()
    const missing: Znode[] = []
    for (let at = parentPath(path); path !== ROOT && this.#open.at(-1) !== at; at = parentPath(at)) {
      this.#impliedChars += at.length
      if (this.#impliedChars > IMPLIED_CHARS_MAX) {
        throw importFault(
          'IMPORT_TOO_LARGE',
          'The file lacks more parents of its znodes than can be put in',
          null,
          'export their parents as well',
        )
      }
      missing.push(impliedZnode(at))
      if (at === ROOT) break
    }
    missing.reverse()
    for (const parent of missing) this.#imply(parent.path)
    this.#open.push(path)
    this.#count(znode)
    this.#noteRoot(path)
    return [...missing, znode]
  }

  /** Subtrees that the file holds; outside of them absence means nothing. */
  get roots(): readonly string[] {
    return this.#roots
  }

  counts(): ImportCounts {
    return {
      znodes: this.#znodes,
      unknownAcls: this.#unknownAcls,
      unknownContents: this.#unknownContents,
      impliedParents: this.#implied,
      impliedListed: this.#impliedListed,
      highestZxid: this.#highestZxid,
    }
  }

  #imply(path: string): void {
    this.#open.push(path)
    this.#implied++
    if (this.#impliedListed.length < LISTED_MAX) this.#impliedListed.push(path)
  }

  #count(znode: Znode): void {
    this.#znodes++
    if (znode.acl.length === 0) {
      if (znode.data === null) this.#unknownContents++
      else this.#unknownAcls++
    }
    const { czxid, mzxid, pzxid } = znode.stat
    for (const zxid of [czxid, mzxid, pzxid]) if (zxid > this.#highestZxid) this.#highestZxid = zxid
  }

  /** In path order a root comes before all that lies within it. */
  #noteRoot(path: string): void {
    const last = this.#roots.at(-1)
    if (last !== undefined && isWithin(path, last)) return
    if (this.#roots.length >= ROOTS_MAX) {
      throw importFault(
        'IMPORT_TOO_LARGE',
        `The file holds more than ${ROOTS_MAX} znodes without their common parent`,
        null,
        'export their parent instead',
      )
    }
    this.#roots.push(path)
  }
}

function impliedZnode(path: string): Znode {
  return { path, data: null, acl: NO_ACL, stat: NO_STAT, kind: 'unknown', ttlMs: null }
}
