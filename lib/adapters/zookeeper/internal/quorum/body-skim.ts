import { DEFAULT_LIMITS, STAT_BYTES } from '../../../../domain/snapshot/record.ts'
import { protocolFault } from './faults.ts'

const SIGNATURE = Buffer.from('\0\0\0\nBenWasHere', 'latin1')
const SLASH = 47
/** Whoever reads the tree holds its table of ACLs in memory; servers hold each list once, and have few. */
const ACL_BYTES_MAX = 64 << 20
/** About what a text of an entry costs beside its bytes. */
const ACL_ENTRY_BYTES = 32
const SESSION_BYTES = 12
const ID_BYTES = 8

type Step =
  | 'sessions'
  | 'acl-table'
  | 'acl-list'
  | 'acl-scheme'
  | 'acl-id'
  | 'path'
  | 'one-byte path'
  | 'data'
  | 'signature'
  | 'done'

/**
 * Finds where a tree that a leader sends ends: it has no length, and what ends it may stand in a znode's data as well, so its lengths are
 * followed: sessions, ACL table, nodes up to the path `/`, the text `BenWasHere`. Nothing is kept or looked into; that is for whoever reads
 * the file.
 */
export class BodySkim {
  #step: Step = 'sessions'
  /** Bytes to pass over before the next number. */
  #skip = 0
  #value = 0
  #valueBytes = 0
  #lists = 0
  #aclBytes = 0
  #entries = 0
  #nodes = 0
  #signed = 0
  /** Where the body ends in the chunk of the last push, or that chunk's end: what follows is its signature, which no snapshot has. */
  bodyEnd = 0

  get isDone(): boolean {
    return this.#step === 'done'
  }

  /** Znodes so far. */
  get nodes(): number {
    return this.#nodes
  }

  /** Reads on at `at`; gives where it stopped: the end of the chunk, or behind the signature. */
  push(chunk: Buffer, from: number): number {
    const end = chunk.length
    let at = from
    this.bodyEnd = this.#step === 'signature' ? from : end
    while (at < end && this.#step !== 'done') {
      if (this.#skip > 0) {
        const passed = Math.min(this.#skip, end - at)
        this.#skip -= passed
        at += passed
      } else if (this.#step === 'one-byte path') {
        // Only the end of nodes has a path of one byte.
        if (chunk[at] !== SLASH) throw protocolFault('a znode whose path is no path')
        at++
        this.bodyEnd = at
        this.#step = 'signature'
      } else if (this.#step === 'signature') {
        if (chunk[at] !== SIGNATURE[this.#signed]) throw protocolFault('a tree that does not end as one does')
        at++
        if (++this.#signed === SIGNATURE.length) this.#step = 'done'
      } else if (this.#valueBytes === 0 && end - at >= 4) {
        const value = chunk.readInt32BE(at)
        at += 4
        this.#next(value)
      } else {
        this.#value = (this.#value << 8) | chunk[at++]!
        if (++this.#valueBytes < 4) continue
        const value = this.#value
        this.#value = 0
        this.#valueBytes = 0
        this.#next(value)
      }
    }
    return at
  }

  #next(value: number): void {
    switch (this.#step) {
      case 'sessions':
        this.#skip = check(value, DEFAULT_LIMITS.sessionsMax, 'sessions') * SESSION_BYTES
        this.#step = 'acl-table'
        return
      case 'acl-table':
        this.#lists = check(value, DEFAULT_LIMITS.aclTableMax, 'lists of ACLs')
        this.#nextList()
        return
      case 'acl-list':
        this.#entries = check(value, DEFAULT_LIMITS.aclEntriesMax, 'entries of an ACL')
        this.#nextEntry()
        return
      case 'acl-scheme':
        this.#skip = this.#ofAcls(check(value, DEFAULT_LIMITS.textBytesMax, 'bytes of a scheme'))
        this.#step = 'acl-id'
        return
      case 'acl-id':
        this.#skip = this.#ofAcls(check(value, DEFAULT_LIMITS.textBytesMax, 'bytes of an identity'))
        this.#entries--
        this.#nextEntry()
        return
      case 'path':
        if (this.#nodes === 0 && value !== 0) throw protocolFault('a tree that does not begin with its root')
        if (this.#nodes > 0 && value === 0) throw protocolFault('a tree with a second root')
        if (value === 1) {
          this.#step = 'one-byte path'
          return
        }
        this.#skip = check(value, DEFAULT_LIMITS.textBytesMax, 'bytes of a path')
        this.#nodes++
        this.#step = 'data'
        return
      default:
        this.#skip = check(value, DEFAULT_LIMITS.dataBytesMax, 'bytes of data') + ID_BYTES + STAT_BYTES
        this.#step = 'path'
    }
  }

  #ofAcls(bytes: number): number {
    this.#aclBytes += bytes + ACL_ENTRY_BYTES
    if (this.#aclBytes > ACL_BYTES_MAX) throw protocolFault(`a tree with more than ${ACL_BYTES_MAX} bytes of ACLs`)
    return bytes
  }

  #nextList(): void {
    if (this.#lists-- === 0) this.#step = 'path'
    else {
      this.#skip += ID_BYTES
      this.#step = 'acl-list'
    }
  }

  #nextEntry(): void {
    if (this.#entries <= 0) this.#nextList()
    else {
      // The permissions.
      this.#skip += 4
      this.#step = 'acl-scheme'
    }
  }
}

/** -1 is null, which takes no room. */
function check(value: number, max: number, what: string): number {
  if (value < -1 || value > max) throw protocolFault(`a tree with ${value} ${what}`)
  return Math.max(value, 0)
}
