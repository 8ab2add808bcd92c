import type { Socket } from 'node:net'
import { formatServer, type ServerAddress } from '../connect-string.ts'
import type { ServerStatus } from '../connection.ts'
import { ZooKeeperError } from '../errors.ts'
import { reach } from './dial.ts'
import { tlsFaultOf, type WireTls } from './tls.ts'

/** No status of a server is longer. */
const ANSWER_BYTES_MAX = 64 * 1024

/** The text that the server sends until it closes, or some more than `bytesMax` bytes of it. Throws what `dial` throws, and NOT_SERVING when there is no answer in time. */
export async function askFourLetterWord(
  server: ServerAddress,
  word: string,
  limit: {
    timeoutMs: number
    bytesMax?: number
    signal?: AbortSignal
    tls: WireTls | null
    onSocket?: (socket: Socket) => void
  },
): Promise<string> {
  const deadline = Date.now() + limit.timeoutMs
  const bytesMax = limit.bytesMax ?? ANSWER_BYTES_MAX
  const socket = await reach(server, limit.tls, limit)
  limit.onSocket?.(socket)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const settle = (finish: () => void) => {
      clearTimeout(timer)
      socket.destroy()
      finish()
    }
    const timer = setTimeout(
      () =>
        settle(() =>
          reject(
            new ZooKeeperError(
              'NOT_SERVING',
              `${formatServer(server)} gave no answer to ${word} in ${limit.timeoutMs} ms`,
            ),
          ),
        ),
      Math.max(1, deadline - Date.now()),
    )
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes > bytesMax) socket.destroy()
    })
    socket.on('close', () =>
      settle(() => {
        const fault = bytes === 0 ? tlsFaultOf(socket) : null
        if (fault) reject(fault)
        else resolve(Buffer.concat(chunks).toString('utf8'))
      }),
    )
    socket.write(word)
  })
}

/** Null for an answer that is no `srvr` answer: the word is refused, or the server does not serve. */
export function parseServerStatus(text: string): ServerStatus | null {
  const fields = new Map<string, string>()
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':')
    if (colon > 0) fields.set(line.slice(0, colon).trim(), line.slice(colon + 1).trim())
  }
  const version = fields.get('Zookeeper version') ?? null
  const mode = fields.get('Mode') ?? null
  if (version === null && mode === null) return null
  const zxid = /^0x([0-9a-f]{1,16})$/i.exec(fields.get('Zxid') ?? '')
  const nodeCount = toInteger(fields.get('Node count'))
  const latency = Number((fields.get('Latency min/avg/max') ?? '').split('/')[1])
  return {
    mode,
    version: version === null ? null : (/^\d+(\.\d+)*/.exec(version)?.[0] ?? version),
    zxid: zxid ? BigInt(`0x${zxid[1]}`) : null,
    // The server counts its root twice.
    znodeCount: nodeCount === null ? null : nodeCount - 1,
    connections: toInteger(fields.get('Connections')),
    latencyMs: Number.isFinite(latency) ? latency : null,
  }
}

function toInteger(text: string | undefined): number | null {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : null
}

/** Why a text is no status, in words for people. */
export function explainRefusedStatus(text: string): string {
  if (text.includes('not in the whitelist'))
    return 'the server does not allow the command srvr (4lw.commands.whitelist)'
  if (text.includes('not currently serving')) return 'the server runs but does not serve requests: it has no quorum'
  return text.trim() === '' ? 'the server closed the connection without an answer' : 'the answer is not understood'
}
