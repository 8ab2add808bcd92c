import { connect, createServer } from 'node:net'

const ANSWER_TIMEOUT_MS = 1_000

/** A port of 127.0.0.1 that was free a moment ago. */
export function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => {
        if (address && typeof address === 'object') resolve(address.port)
        else reject(new Error('a listening socket has no address'))
      })
    })
  })
}

/** The answer to a four-letter word; empty when there is none within a second. */
export function askWord(port: number, word: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    let answer = ''
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy())
    socket.on('connect', () => socket.write(word))
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => resolve(answer))
  })
}
