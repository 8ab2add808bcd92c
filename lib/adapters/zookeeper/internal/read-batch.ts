import { ZooKeeperError } from '../errors.ts'
import { type BulkBatch, encodeRequest } from './bulk-session.ts'
import type { JuteReader, JuteWriter } from './jute.ts'
import { ERR, OP, readMultiHeader, writeMultiEnd, writeMultiHeader } from './protocol.ts'

/** What a batch asks for: data and ACL of the entries, children of the lists. */
interface BatchWork<Item> {
  readonly entries: readonly Item[]
  readonly lists: readonly Item[]
}

export interface ReadBatchInput<Item extends { readonly path: string }> {
  readonly work: BatchWork<Item>
  readonly multiRead: boolean
  readonly serverPath: (path: string) => string
  readonly onResult: {
    data(item: Item, err: number, body: JuteReader): void
    acl(item: Item, err: number, body: JuteReader): void
    list(item: Item, err: number, body: JuteReader): void
    zxid(zxid: bigint): void
    size(reads: number, bytes: number): void
    unsupported(): void
    done(): void
    failed(error: Error): void
  }
}

/**
 * One round of reads on one session. With multiRead: one reply with all data and lists, then one reply per ACL. Without: one reply
 * per data, per list and per ACL, in this order.
 */
export class ReadBatch<Item extends { readonly path: string }> implements BulkBatch {
  readonly replies: number
  private readonly input: ReadBatchInput<Item>
  private readonly first: number
  private buffered: { index: number; err: number; body: JuteReader }[] = []
  private abandoned = false

  constructor(input: ReadBatchInput<Item>) {
    this.input = input
    const { entries, lists } = input.work
    this.first = input.multiRead ? 1 : entries.length + lists.length
    this.replies = this.first + entries.length
  }

  encode(writer: JuteWriter, firstXid: number): void {
    const { work, multiRead, serverPath } = this.input
    let xid = firstXid
    if (multiRead) {
      encodeRequest(writer, xid++, OP.multiRead, (body) => {
        for (const item of work.entries) {
          writeMultiHeader(body, OP.getData)
          body.string(serverPath(item.path)).bool(false)
        }
        for (const item of work.lists) {
          writeMultiHeader(body, OP.getChildren)
          body.string(serverPath(item.path)).bool(false)
        }
        writeMultiEnd(body)
      })
    } else {
      for (const item of work.entries) encodePathRead(writer, xid++, OP.getData, serverPath(item.path))
      for (const item of work.lists) encodePathRead(writer, xid++, OP.getChildren, serverPath(item.path))
    }
    for (const item of work.entries) {
      encodeRequest(writer, xid++, OP.getAcl, (body) => body.string(serverPath(item.path)))
    }
  }

  /** Nothing is handed on before the last reply has come, so that a lost connection can start the batch over. */
  onReply(index: number, err: number, body: JuteReader, zxid: bigint): void {
    this.input.onResult.zxid(zxid)
    this.buffered.push({ index, err, body })
    if (this.buffered.length === this.replies) this.finish()
  }

  onRestart(): void {
    this.buffered = []
  }

  onFailure(error: Error): void {
    if (this.abandoned) return
    this.abandoned = true
    this.input.onResult.failed(error)
  }

  private finish(): void {
    const { work, multiRead, onResult } = this.input
    const { entries, lists } = work
    const replies = this.buffered
    this.buffered = []
    const head = replies[0]
    if (multiRead && head && head.err !== ERR.ok) {
      onResult.unsupported()
      onResult.done()
      return
    }
    if (multiRead && head) {
      const bytes = head.body.remaining
      for (const item of entries) this.readResult(head.body, OP.getData, (err) => onResult.data(item, err, head.body))
      if (lists.length === 0) onResult.size(entries.length, bytes)
      for (const item of lists) this.readResult(head.body, OP.getChildren, (err) => onResult.list(item, err, head.body))
    } else {
      let bytes = 0
      entries.forEach((item, i) => {
        const reply = replies[i]
        if (!reply) return
        bytes += reply.body.remaining
        onResult.data(item, reply.err, reply.body)
      })
      onResult.size(entries.length, bytes)
      lists.forEach((item, i) => {
        const reply = replies[entries.length + i]
        if (reply) onResult.list(item, reply.err, reply.body)
      })
    }
    for (let i = 0; i < entries.length; i++) {
      const item = entries[i]
      const reply = replies[this.first + i]
      if (item && reply) onResult.acl(item, reply.err, reply.body)
    }
    onResult.done()
  }

  private readResult(body: JuteReader, expected: number, handle: (err: number) => void): void {
    const header = readMultiHeader(body)
    if (header === null || (header.type !== expected && header.type !== -1)) {
      throw new ZooKeeperError('REPLY_MALFORMED', 'The answer to a batch of reads does not match what was asked')
    }
    handle(header.err)
  }
}

function encodePathRead(writer: JuteWriter, xid: number, op: number, path: string): void {
  encodeRequest(writer, xid, op, (body) => body.string(path).bool(false))
}
