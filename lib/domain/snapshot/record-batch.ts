import type { Znode, ZnodeBatch } from '../znode/znode.ts'
import { type AclTable, RecordCursor } from './record.ts'

/**
 * A batch as records of a native snapshot, whose owner tells each kind: whoever passes them on as they are spares himself the znodes. For all
 * others it is a batch as any.
 */
export class RecordBatch implements ZnodeBatch {
  readonly unreadable = []
  readonly bytes: Buffer
  readonly acls: AclTable
  readonly #lastAt: number
  #znodes: Znode[] | null = null

  /** `bytes`: whole records, at least one, for this batch alone; the last of them begins at `lastAt`. */
  constructor(bytes: Buffer, lastAt: number, acls: AclTable) {
    this.bytes = bytes
    this.acls = acls
    this.#lastAt = lastAt
  }

  get znodes(): readonly Znode[] {
    if (this.#znodes === null) {
      const znodes: Znode[] = []
      this.visit((record) => znodes.push(record.znode(record.path(), this.acls)))
      this.#znodes = znodes
    }
    return this.#znodes
  }

  /** Nobody holds a view of the bytes. */
  get isUnseen(): boolean {
    return this.#znodes === null
  }

  get ends(): { readonly first: string; readonly last: string } {
    return { first: this.#pathAt(0), last: this.#pathAt(this.#lastAt) }
  }

  /** The cursor is valid during the call. */
  visit(visitor: (record: RecordCursor) => void): void {
    const { bytes } = this
    const cursor = new RecordCursor()
    for (let at = 0; cursor.read(bytes, at, bytes.length) === 'record'; at = cursor.end) visitor(cursor)
  }

  #pathAt(at: number): string {
    const cursor = new RecordCursor()
    cursor.read(this.bytes, at, this.bytes.length)
    return cursor.path()
  }
}
