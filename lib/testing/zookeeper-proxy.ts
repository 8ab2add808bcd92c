import { connect, createServer, type Server, type Socket } from 'node:net'

interface Pair {
  readonly client: Socket
  readonly upstream: Socket
}

export interface ZooKeeperProxy {
  readonly port: number
  readonly connectString: string
  /** Connections open now. */
  readonly connections: number
  /** Connections accepted since the start. */
  readonly accepted: number
  /** Nothing passes any more, in either direction, and nothing is closed: a frozen network. New connections are accepted and stay silent. */
  freeze(): void
  /** Answers of the server are kept back; requests still reach it. */
  holdAnswers(): void
  /** What was kept back goes on. */
  resume(): void
  /** Closes every connection. */
  cut(): void
  /** Sees every frame from the client (without its length) and may change it in place. */
  onRequest(change: ((frame: Buffer) => void) | null): void
  stop(): Promise<void>
}

/** A TCP proxy on 127.0.0.1 in front of a real server, to bring about what networks do. */
export async function startZooKeeperProxy(targetPort: number): Promise<ZooKeeperProxy> {
  const pairs = new Set<Pair>()
  let passesRequests = true
  let passesAnswers = true
  let accepted = 0
  let change: ((frame: Buffer) => void) | null = null

  const server: Server = createServer((client) => {
    accepted++
    const upstream = connect({ host: '127.0.0.1', port: targetPort, noDelay: true })
    const pair = { client, upstream }
    pairs.add(pair)
    const close = () => {
      client.destroy()
      upstream.destroy()
      pairs.delete(pair)
    }
    const frames = new RequestFrames((frame) => change?.(frame))
    client.setNoDelay()
    client.on('data', (chunk) => upstream.write(frames.pass(chunk)))
    upstream.on('data', (chunk) => client.write(chunk))
    for (const socket of [client, upstream]) {
      socket.on('error', close)
      socket.on('close', close)
    }
    setFlow(pair)
  })
  const setFlow = ({ client, upstream }: Pair) => {
    if (passesRequests) client.resume()
    else client.pause()
    if (passesAnswers) upstream.resume()
    else upstream.pause()
  }
  const setFlows = () => {
    for (const pair of pairs) setFlow(pair)
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  const port = address && typeof address === 'object' ? address.port : 0
  const cut = () => {
    for (const { client, upstream } of [...pairs]) {
      client.destroy()
      upstream.destroy()
    }
    pairs.clear()
  }
  return {
    port,
    connectString: `127.0.0.1:${port}`,
    get connections() {
      return pairs.size
    },
    get accepted() {
      return accepted
    },
    freeze() {
      passesRequests = passesAnswers = false
      setFlows()
    },
    holdAnswers() {
      passesAnswers = false
      setFlows()
    },
    resume() {
      passesRequests = passesAnswers = true
      setFlows()
    },
    cut,
    onRequest(next) {
      change = next
    },
    async stop() {
      cut()
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
      })
    },
  }
}

const MULTI = 14
/** The head of a check within a multi: its code, not the last, no error yet. */
const CHECK_HEAD = Buffer.from('0000000d00ffffffff', 'hex')

/** Whether a request is a batch of writes; a multi that only asks ends with a check. */
export function isBatch(frame: Buffer): boolean {
  return frame.length >= 8 && frame.readInt32BE(4) === MULTI && !frame.includes(CHECK_HEAD)
}

/** Freezes the network when the n-th batch of writes has come, until `resume`: the middle of what writes in batches. */
export function freezeAtMulti(proxy: ZooKeeperProxy, n: number): Promise<void> {
  return new Promise((resolve) => {
    let seen = 0
    proxy.onRequest((frame) => {
      if (!isBatch(frame) || ++seen !== n) return
      proxy.freeze()
      resolve()
    })
  })
}

/** Longer than any request: the four letters of a word that is asked without a frame. */
const WORD_MIN = 0x20_00_00_00

/**
 * Finds the frames in the client's byte stream; only whole frames are passed on. From its beginning, also while nobody looks at them:
 * who begins to look, or stops, may do so in the middle of one.
 */
class RequestFrames {
  private held: Buffer = Buffer.alloc(0)
  private isWord = false
  private readonly onFrame: (frame: Buffer) => void

  constructor(onFrame: (frame: Buffer) => void) {
    this.onFrame = onFrame
  }

  pass(chunk: Buffer): Buffer {
    const bytes = Buffer.concat([this.held, chunk])
    this.isWord ||= bytes.length >= 4 && bytes.readInt32BE(0) >= WORD_MIN
    if (this.isWord) {
      this.held = Buffer.alloc(0)
      return bytes
    }
    let at = 0
    while (bytes.length - at >= 4) {
      const end = at + 4 + bytes.readInt32BE(at)
      if (end > bytes.length) break
      this.onFrame(bytes.subarray(at + 4, end))
      at = end
    }
    this.held = bytes.subarray(at)
    return bytes.subarray(0, at)
  }
}
