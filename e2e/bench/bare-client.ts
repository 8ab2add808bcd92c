import net from 'node:net'

/**
 * The yardstick of the benchmarks: a ZooKeeper client that does as little as can be done. It asks the same questions as a backup
 * (data and stat of every znode, every ACL, children where there are any) and throws the answers away; or writes ready-made multi
 * frames. Nothing of Arkeeper is in it, so that a ratio to it means something. Layouts: ZooKeeper 3.8 client protocol.
 */
const OP = { getChildren: 8, getAcl: 6, getData: 4, multi: 14, multiRead: 22, closeSession: -11 } as const
const OK_HEADER_BYTES = 9
const STAT_BYTES = 68
const NUM_CHILDREN_OFFSET = 56

export class FrameBuilder {
  private buffer: Buffer = Buffer.allocUnsafe(256)
  private length = 4

  private grow(bytes: number): void {
    if (this.length + bytes <= this.buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.length + bytes))
    this.buffer.copy(larger, 0, 0, this.length)
    this.buffer = larger
  }
  int(value: number): this {
    this.grow(4)
    this.length = this.buffer.writeInt32BE(value, this.length)
    return this
  }
  bool(value: boolean): this {
    this.grow(1)
    this.length = this.buffer.writeUInt8(value ? 1 : 0, this.length)
    return this
  }
  text(value: string): this {
    const bytes = Buffer.byteLength(value)
    this.int(bytes).grow(bytes)
    this.length += this.buffer.write(value, this.length)
    return this
  }
  bytes(value: Uint8Array): this {
    this.int(value.length).grow(value.length)
    this.buffer.set(value, this.length)
    this.length += value.length
    return this
  }
  get size(): number {
    return this.length
  }
  frame(): Buffer {
    const frame = Buffer.from(this.buffer.subarray(0, this.length))
    frame.writeInt32BE(frame.length - 4, 0)
    return frame
  }
}

/** One session. Replies come in request order; each handler gets the payload behind the 16-byte reply header. */
export class BareSession {
  private readonly handlers: ((payload: Buffer, error: number) => void)[] = []
  private head = 0
  private pending: Buffer[] = []
  private pendingBytes = 0
  private xid = 1
  private constructor(private readonly socket: net.Socket) {}

  static async open(port: number): Promise<BareSession> {
    const socket = net.connect({ host: '127.0.0.1', port, noDelay: true })
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    const session = new BareSession(socket)
    socket.on('close', () => {
      if (!session.closing) throw new Error('the server closed the connection of the bare client')
    })
    const handshake = Buffer.alloc(4 + 45)
    handshake.writeInt32BE(45, 0)
    handshake.writeInt32BE(40_000, 16)
    handshake.writeInt32BE(16, 28)
    socket.write(handshake)
    await new Promise<void>((resolve) => {
      session.handlers.push(() => resolve())
      socket.on('data', (chunk) => session.receive(chunk))
    })
    return session
  }

  /** `build` writes the request body; xid and op are already there. */
  send(op: number, build: (frame: FrameBuilder) => void, onReply: (payload: Buffer, error: number) => void): void {
    const frame = new FrameBuilder().int(this.xid++).int(op)
    build(frame)
    this.handlers.push(onReply)
    // One system call for all frames of a turn: per-request cost is what is measured, not the kernel's.
    if (this.outgoing.length === 0) queueMicrotask(() => this.flush())
    this.outgoing.push(frame.frame())
  }
  private outgoing: Buffer[] = []

  private flush(): void {
    this.socket.write(this.outgoing.length === 1 && this.outgoing[0] ? this.outgoing[0] : Buffer.concat(this.outgoing))
    this.outgoing = []
  }

  private closing = false
  /** Ends the session at the server, too: one left to expire would write into the next measurement. */
  async close(): Promise<void> {
    this.closing = true
    const closed = new Promise<void>((resolve) => this.socket.once('close', () => resolve()))
    this.send(
      OP.closeSession,
      () => undefined,
      () => this.socket.end(),
    )
    await closed
  }

  private receive(chunk: Buffer): void {
    this.pending.push(chunk)
    this.pendingBytes += chunk.length
    let data = this.pending.length === 1 ? chunk : this.pendingBytes >= this.needed ? Buffer.concat(this.pending) : null
    if (data === null) return
    let at = 0
    while (data.length - at >= 4) {
      const length = data.readInt32BE(at)
      if (data.length - at - 4 < length) {
        this.needed = length + 4
        break
      }
      const handler = this.handlers[this.head++]
      if (this.head > 4096) {
        this.handlers.splice(0, this.head)
        this.head = 0
      }
      const isHandshake = this.first
      this.first = false
      handler?.(
        isHandshake ? data.subarray(at + 4, at + 4 + length) : data.subarray(at + 20, at + 4 + length),
        isHandshake ? 0 : data.readInt32BE(at + 16),
      )
      at += 4 + length
    }
    data = at < data.length ? data.subarray(at) : null
    this.pending = data ? [data] : []
    this.pendingBytes = data?.length ?? 0
    if (!data || data.length < 4) this.needed = 4
  }
  private needed = 4
  private first = true
}

/** Reads every znode below `/` (data, stat, ACL, children) over several sessions; gives the number of znodes read. */
export async function bareRead(
  port: number,
  options: { sessions: number; batch: number; inFlight: number },
): Promise<{ znodes: number; bytes: number }> {
  const sessions = await Promise.all(Array.from({ length: options.sessions }, () => BareSession.open(port)))
  const toRead: string[] = ['/']
  const toList: string[] = []
  let [flying, znodes, bytes, turn] = [0, 0, 0, 0]
  await new Promise<void>((resolve) => {
    const pump = () => {
      while (flying < options.inFlight) {
        const session = sessions[turn++ % sessions.length]
        if (!session) return
        const lists = toList.splice(-options.batch)
        const reads = lists.length === 0 ? toRead.splice(-options.batch) : []
        if (lists.length === 0 && reads.length === 0) break
        if (lists.length > 0) list(session, lists)
        else read(session, reads)
      }
      if (flying === 0 && toRead.length === 0 && toList.length === 0) resolve()
    }
    const multiRead = (session: BareSession, op: number, paths: string[], onReply: (payload: Buffer) => void) => {
      flying++
      session.send(
        OP.multiRead,
        (frame) => {
          for (const path of paths) frame.int(op).bool(false).int(-1).text(path).bool(false)
          frame.int(-1).bool(true).int(-1)
        },
        (payload) => {
          flying--
          onReply(payload)
          pump()
        },
      )
    }
    const list = (session: BareSession, paths: string[]) =>
      multiRead(session, OP.getChildren, paths, (payload) => {
        let at = 0
        for (const path of paths) {
          const type = payload.readInt32BE(at)
          at += OK_HEADER_BYTES
          if (type === -1) {
            at += 4
            continue
          }
          const count = payload.readInt32BE(at)
          at += 4
          for (let i = 0; i < count; i++) {
            const length = payload.readInt32BE(at)
            toRead.push(`${path === '/' ? '' : path}/${payload.toString('utf8', at + 4, at + 4 + length)}`)
            at += 4 + length
          }
        }
      })
    const read = (session: BareSession, paths: string[]) => {
      multiRead(session, OP.getData, paths, (payload) => {
        let at = 0
        for (const path of paths) {
          const type = payload.readInt32BE(at)
          at += OK_HEADER_BYTES
          if (type === -1) {
            at += 4
            continue
          }
          const length = Math.max(0, payload.readInt32BE(at))
          at += 4 + length
          if (payload.readInt32BE(at + NUM_CHILDREN_OFFSET) > 0) toList.push(path)
          at += STAT_BYTES
          znodes++
          bytes += length
        }
      })
      for (const path of paths) {
        flying++
        session.send(
          OP.getAcl,
          (frame) => frame.text(path),
          () => {
            flying--
            if (flying < options.inFlight) pump()
          },
        )
      }
    }
    pump()
  })
  await Promise.all(sessions.map((session) => session.close()))
  return { znodes, bytes }
}

export interface BareCreate {
  path: string
  data: Uint8Array
}

/** Writes creates in the order given as pipelined multi frames over one session, `window` in flight; gives the znodes written. */
export async function bareWrite(
  port: number,
  creates: Iterable<BareCreate>,
  limits: { opsMax: number; bytesMax: number; window: number },
): Promise<number> {
  const session = await BareSession.open(port)
  const batches = batchCreates(creates, limits)
  let [flying, znodes] = [0, 0]
  await new Promise<void>((resolve, reject) => {
    const pump = () => {
      while (flying < limits.window) {
        const batch = batches.next()
        if (batch.done) {
          if (flying === 0) resolve()
          return
        }
        flying++
        session.send(
          OP.multi,
          (frame) => {
            for (const create of batch.value) {
              frame.int(1).bool(false).int(-1).text(create.path).bytes(create.data)
              frame.int(1).int(31).text('world').text('anyone').int(0)
            }
            frame.int(-1).bool(true).int(-1)
          },
          (payload, error) => {
            flying--
            if (error !== 0 || payload.readInt32BE(0) === -1)
              return reject(new Error(`the bare multi was refused: ${payload.readInt32BE(9)}`))
            znodes += batch.value.length
            pump()
          },
        )
      }
    }
    pump()
  })
  await session.close()
  return znodes
}

function* batchCreates(
  creates: Iterable<BareCreate>,
  limits: { opsMax: number; bytesMax: number },
): Generator<BareCreate[], undefined> {
  let batch: BareCreate[] = []
  let bytes = 0
  for (const create of creates) {
    const size = create.data.length + create.path.length + 50
    if (batch.length > 0 && (batch.length >= limits.opsMax || bytes + size > limits.bytesMax)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(create)
    bytes += size
  }
  if (batch.length > 0) yield batch
  return undefined
}
