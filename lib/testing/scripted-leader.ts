import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { PACKET, PacketReader, type QuorumPacket } from '../adapters/zookeeper/internal/quorum/packet-reader.ts'
import { ByteWriter } from '../base/bytes.ts'

/** What an observer said, in order. */
export interface Heard {
  readonly type: number
  readonly zxid: bigint
  /** Hex; null where there was none. */
  readonly data: string | null
}

export interface LeaderConnection {
  send(type: number, zxid: bigint, data?: Uint8Array | null): void
  sendRaw(bytes: Uint8Array): void
  /** The next packet of the observer; undefined once it is gone. */
  next(): Promise<Heard | undefined>
  /** All that came on this connection so far. */
  readonly heard: readonly Heard[]
  readonly closed: Promise<void>
  end(): void
}

export interface ScriptedLeader {
  readonly host: string
  readonly port: number
  readonly connections: readonly LeaderConnection[]
  stop(): Promise<void>
}

/** A peer that speaks the quorum protocol as a test wants it: for what no real leader does, or not at will. */
export async function startScriptedLeader(
  script: (connection: LeaderConnection) => Promise<unknown> | unknown,
  tls?: TlsOptions,
): Promise<ScriptedLeader> {
  const connections: LeaderConnection[] = []
  const sockets = new Set<Socket>()
  const onSocket = (socket: Socket) => {
    sockets.add(socket)
    const connection = serve(socket)
    connections.push(connection)
    void script(connection)
  }
  const server: Server = tls ? createTlsServer(tls, onSocket) : createServer(onSocket)
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(address !== null && typeof address === 'object' ? address.port : 0)
    })
  })
  return {
    host: '127.0.0.1',
    port,
    connections,
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}

function serve(socket: Socket): LeaderConnection {
  socket.setNoDelay(true)
  const reader = new PacketReader()
  const heard: Heard[] = []
  let read = 0
  let isClosed = false
  let wake: () => void = () => undefined
  socket.on('data', (chunk) => {
    let at = 0
    try {
      while (at < chunk.length) {
        at = reader.push(chunk, at)
        const packet = reader.take()
        if (packet) heard.push(toHeard(packet))
      }
    } catch {
      // A TLS handshake where none is spoken: the real one closes, too.
      socket.destroy()
    }
    wake()
  })
  const closed = new Promise<void>((resolve) => {
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      isClosed = true
      wake()
      resolve()
    })
  })
  return {
    heard,
    closed,
    send: (type, zxid, data = null) => {
      const writer = new ByteWriter()
      writer.int32(type)
      writer.int64(zxid)
      writer.buffer(data)
      writer.int32(-1)
      socket.write(Buffer.from(writer.bytes()))
    },
    sendRaw: (bytes) => socket.write(bytes),
    next: async () => {
      while (read === heard.length && !isClosed) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      return heard[read++]
    },
    end: () => socket.end(),
  }
}

function toHeard({ type, zxid, data }: QuorumPacket): Heard {
  return { type, zxid, data: data?.toString('hex') ?? null }
}

/** LEADERINFO and the wait for what the observer has. */
export async function welcome(connection: LeaderConnection, epoch = 1n): Promise<Heard | undefined> {
  await connection.next()
  connection.send(PACKET.leaderInfo, epoch << 32n, Buffer.from([0, 1, 0, 0]))
  return connection.next()
}

/** NEWLEADER, its acknowledgement, UPTODATE and its. */
export async function settle(connection: LeaderConnection, epoch = 1n): Promise<void> {
  connection.send(PACKET.newLeader, epoch << 32n, Buffer.from('version=0'))
  await connection.next()
  connection.send(PACKET.upToDate, -1n)
  await connection.next()
}
