import { decodeJuteText } from '../../base/bytes.ts'
import { throwIfAborted } from '../../base/errors.ts'
import type { Acl, AclEntry } from '../znode/acl.ts'
import { comparePaths } from '../znode/order.ts'
import type { ZnodeBatch } from '../znode/znode.ts'
import { ByteWindow } from './byte-window.ts'
import { TreeDigest } from './digest.ts'
import { SnapshotError, snapshotFault } from './errors.ts'
import { PathHashSet } from './path-hash-set.ts'
import { PathOrder } from './path-order.ts'
import { AclTable, DEFAULT_LIMITS, RecordCursor, type SnapshotLimits } from './record.ts'

export const SNAPSHOT_MAGIC = 0x5a4b534e
export const SNAPSHOT_VERSION = 2
export const DIGEST_VERSION = 2
export const HEADER_BYTES = 16
/** Adler-32 as a long, and the text `/`. */
export const SEAL_BYTES = 13
const DIGEST_BLOCK_BYTES = 20
const LAST_ZXID_BYTES = 8
const BATCH_ZNODES = 1000

export interface ReadSnapshotOptions {
  /** `path`: refuse a file that is not in path order. `any`: as a server does, only parents must come first. Default `any`. */
  readonly order?: 'path' | 'any'
  /** Compute the tree digest on the way (about a quarter of a microsecond per znode). Default false. */
  readonly digest?: boolean
  readonly limits?: Partial<SnapshotLimits>
  readonly signal?: AbortSignal
}

export interface SnapshotHead {
  readonly dbId: bigint
  /** Session id → timeout in milliseconds. */
  readonly sessions: ReadonlyMap<bigint, number>
  readonly acls: AclTable
}

export interface SnapshotTail {
  readonly checksum: { readonly stored: bigint; readonly computed: number }
  /** Written by 3.6+: the server's digest of the tree at `zxid`. Null when absent. */
  readonly digest: { readonly zxid: bigint; readonly version: number; readonly value: bigint } | null
  /** Written by 3.9+: last zxid applied when the writing ended. Null when absent. */
  readonly lastZxid: bigint | null
  /** Length of the uncompressed stream. */
  readonly bytes: number
}

/**
 * Reads one uncompressed snapshot front to back: `readHead`, then records or znodes in file order until they end, then `readTail`.
 * Constant memory in order `path`; 8 to 27 bytes per znode in order `any`. Every fault of the file is a SnapshotError with offset,
 * expected and found; what was yielded before a fault is not proven until `readTail` has returned.
 */
export class SnapshotReader {
  readonly #window: ByteWindow
  readonly #limits: SnapshotLimits
  readonly #cursor: RecordCursor
  readonly #signal: AbortSignal | undefined
  readonly #order: PathOrder | null
  readonly #seen: PathHashSet | null
  readonly #digest: TreeDigest | null
  #head: SnapshotHead | null = null
  #previousPath: string | null = null
  #inPathOrder = true
  #records = 0
  #ended = false

  constructor(source: AsyncIterable<Uint8Array>, options: ReadSnapshotOptions = {}) {
    this.#window = new ByteWindow(source)
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits }
    this.#cursor = new RecordCursor(this.#limits)
    this.#signal = options.signal
    this.#order = options.order === 'path' ? new PathOrder() : null
    this.#seen = options.order === 'path' ? null : new PathHashSet()
    this.#digest = options.digest ? new TreeDigest() : null
  }

  /** Records read so far. */
  get records(): number {
    return this.#records
  }

  /** False once a record came that breaks path order (only in order `any`). */
  get inPathOrder(): boolean {
    return this.#inPathOrder
  }

  /** The tree's digest over the records read so far; null when it was not asked for. */
  get digest(): TreeDigest | null {
    return this.#digest
  }

  async readHead(): Promise<SnapshotHead> {
    if (this.#head) return this.#head
    const window = this.#window
    await window.need(HEADER_BYTES, 'the header')
    const magic = window.bytes.readInt32BE(window.position)
    if (magic !== SNAPSHOT_MAGIC) {
      throw this.#fault('BAD_MAGIC', '5a4b534e ("ZKSN")', (magic >>> 0).toString(16).padStart(8, '0'))
    }
    const version = window.bytes.readInt32BE(window.position + 4)
    if (version !== SNAPSHOT_VERSION) throw this.#fault('BAD_VERSION', `version ${SNAPSHOT_VERSION}`, String(version))
    const dbId = window.bytes.readBigInt64BE(window.position + 8)
    window.position += HEADER_BYTES
    const sessions = await this.#readSessions()
    const acls = await this.#readAclTable()
    this.#head = { dbId, sessions, acls }
    return this.#head
  }

  /**
   * Calls `visit` for up to about a thousand records, each with the cursor on it (valid during the call) and its path; false at the end
   * of the nodes. A parent that comes later than its child, or never, is MISSING_PARENT, as for a server.
   */
  async visitRecords(visit: (record: RecordCursor, path: string) => void): Promise<boolean> {
    if (!this.#head) await this.readHead()
    if (this.#ended) return false
    const window = this.#window
    const cursor = this.#cursor
    for (let visited = 0; visited < BATCH_ZNODES; ) {
      cursor.base = window.base
      const reading = cursor.read(window.bytes, window.position, window.bytes.length)
      if (typeof reading === 'number') {
        if (visited > 0 && window.available < reading) return true
        throwIfAborted(this.#signal)
        await window.need(reading, 'a znode')
        continue
      }
      window.position = cursor.end
      if (reading === 'end') {
        if (this.#records === 0) {
          throw snapshotFault('MISSING_PARENT', {
            offset: cursor.offset,
            expected: 'the root znode',
            found: 'the end of the znodes',
          })
        }
        this.#ended = true
        return false
      }
      const path = cursor.path()
      this.#check(cursor, path)
      this.#digest?.add(cursor.bytes, cursor)
      this.#records++
      visited++
      visit(cursor, path)
    }
    throwIfAborted(this.#signal)
    return true
  }

  /** The znodes in file order; kinds told from the owner. Data and stats are views of the read buffers. */
  async *readZnodes(): AsyncGenerator<ZnodeBatch> {
    const { acls } = await this.readHead()
    for (let more = true; more; ) {
      const znodes: ZnodeBatch['znodes'][number][] = []
      more = await this.visitRecords((record, path) => znodes.push(record.znode(path, acls)))
      if (znodes.length > 0) yield { znodes, unreadable: [] }
    }
  }

  /** Seals and optional blocks, told by how many bytes are left. Reads what is left of the nodes first, when there is any. */
  async readTail(): Promise<SnapshotTail> {
    while (await this.visitRecords(() => undefined));
    const checksum = await this.#readSeal()
    const window = this.#window
    const whole = DIGEST_BLOCK_BYTES + SEAL_BYTES + LAST_ZXID_BYTES + SEAL_BYTES
    await window.fill(whole + 1)
    const left = window.available
    const hasDigest = left === DIGEST_BLOCK_BYTES + SEAL_BYTES || left === whole
    const hasLastZxid = left === LAST_ZXID_BYTES + SEAL_BYTES || left === whole
    if (left !== 0 && !hasDigest && !hasLastZxid) {
      throw this.#fault('BAD_TAIL', '0, 21, 33 or 54 bytes after the checksum', left > whole ? 'more' : String(left))
    }
    let digest: SnapshotTail['digest'] = null
    if (hasDigest) {
      const at = window.position
      const version = window.bytes.readInt32BE(at + 8)
      if (version !== DIGEST_VERSION) {
        throw this.#fault('BAD_TAIL', `digest version ${DIGEST_VERSION}`, `version ${version}`)
      }
      digest = {
        zxid: window.bytes.readBigInt64BE(at),
        version,
        value: BigInt.asUintN(64, window.bytes.readBigInt64BE(at + 12)),
      }
      window.position += DIGEST_BLOCK_BYTES
      await this.#readSeal()
    }
    let lastZxid: bigint | null = null
    if (hasLastZxid) {
      lastZxid = window.bytes.readBigInt64BE(window.position)
      window.position += LAST_ZXID_BYTES
      await this.#readSeal()
    }
    return { checksum, digest, lastZxid, bytes: window.offset }
  }

  /** Lets the source go. Call it whenever reading may have stopped before the end. */
  close(): Promise<void> {
    return this.#window.close()
  }

  #check(cursor: RecordCursor, path: string): void {
    if (this.#order) {
      try {
        this.#order.enter(path)
      } catch (error) {
        if (!(error instanceof SnapshotError)) throw error
        throw snapshotFault(error.code, {
          offset: cursor.offset,
          expected: 'znodes in path order, parents first',
          found: error.message,
          details: error.details,
        })
      }
      return
    }
    if (this.#inPathOrder) {
      this.#inPathOrder = this.#previousPath === null || comparePaths(this.#previousPath, path) < 0
      this.#previousPath = path
    }
    if (!this.#seen?.addAndHasParent(cursor.bytes, cursor.pathStart, cursor.pathEnd)) {
      throw snapshotFault('MISSING_PARENT', {
        offset: cursor.offset,
        expected: `the parent of ${path} earlier in the file`,
        found: path,
      })
    }
  }

  async #readSessions(): Promise<Map<bigint, number>> {
    const window = this.#window
    const count = await this.#readCount('sessions', this.#limits.sessionsMax)
    const sessions = new Map<bigint, number>()
    for (let i = 0; i < count; i++) {
      await window.need(12, 'the session table')
      sessions.set(window.bytes.readBigInt64BE(window.position), window.bytes.readInt32BE(window.position + 8))
      window.position += 12
    }
    return sessions
  }

  async #readAclTable(): Promise<AclTable> {
    const window = this.#window
    const count = await this.#readCount('ACL lists', this.#limits.aclTableMax)
    const table = new AclTable()
    const texts = new Map<string, string>()
    for (let i = 0; i < count; i++) {
      await window.need(8, 'the ACL table')
      const id = window.bytes.readBigInt64BE(window.position)
      window.position += 8
      const entries = await this.#readCount('entries of an ACL list', this.#limits.aclEntriesMax, -1)
      const acl: AclEntry[] = []
      for (let k = 0; k < entries; k++) {
        await window.need(4, 'the ACL table')
        const perms = window.bytes.readInt32BE(window.position)
        window.position += 4
        acl.push({ perms, scheme: await this.#readText(texts), id: await this.#readText(texts) })
      }
      table.set(id, acl satisfies Acl)
    }
    return table
  }

  async #readText(interned: Map<string, string>): Promise<string> {
    const window = this.#window
    const bytes = await this.#readCount('bytes of text', this.#limits.textBytesMax, -1)
    if (bytes <= 0) return ''
    await window.need(bytes, 'the ACL table')
    const text = decodeJuteText(window.bytes, window.position, window.position + bytes)
    window.position += bytes
    const known = interned.get(text)
    if (known !== undefined) return known
    interned.set(text, text)
    return text
  }

  async #readCount(what: string, max: number, min = 0): Promise<number> {
    const window = this.#window
    await window.need(4, `the number of ${what}`)
    const count = window.bytes.readInt32BE(window.position)
    if (count < min || count > max) throw this.#fault('BAD_LENGTH', `${min} to ${max} ${what}`, String(count))
    window.position += 4
    return count
  }

  async #readSeal(): Promise<SnapshotTail['checksum']> {
    const window = this.#window
    const computed = window.checksum()
    await window.need(SEAL_BYTES, 'the checksum')
    const at = window.position
    const stored = BigInt.asUintN(64, window.bytes.readBigInt64BE(at))
    if (stored !== BigInt(computed)) {
      const hex = (value: bigint) => `0x${value.toString(16).padStart(8, '0')}`
      throw snapshotFault('CHECKSUM_MISMATCH', {
        offset: window.offset,
        expected: `checksum ${hex(BigInt(computed))} (computed)`,
        found: `${hex(stored)} (stored)`,
        details: { stored, computed },
      })
    }
    if (window.bytes.readInt32BE(at + 8) !== 1 || window.bytes[at + 12] !== 0x2f) {
      throw this.#fault('BAD_SEAL', '000000012f after the checksum', window.bytes.toString('hex', at + 8, at + 13))
    }
    window.position += SEAL_BYTES
    return { stored, computed }
  }

  #fault(code: SnapshotError['code'], expected: string, found: string): SnapshotError {
    return snapshotFault(code, { offset: this.#window.offset, expected, found })
  }
}
