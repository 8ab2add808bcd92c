import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { parseHex64 } from '../../lib/base/hex64.ts'
import type { Following } from './followers.ts'

const children = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

/** `arkeeper follow` as people run it. */
export class Follower implements Following {
  zxid: bigint | null = null
  isHealthy = true
  err = ''
  readonly #child: ChildProcess
  #isWanted = true
  #hasGivenUp = false
  #ended: Promise<unknown> = Promise.resolve()

  constructor(script: string, quorum: string, out: string) {
    const args = ['--enable-source-maps', script, 'follow', '--quorum', quorum, '--out', out, '--json']
    this.#child = this.#start(args)
  }

  get pid(): number | null {
    return this.#child.pid ?? null
  }

  /** It has ended by itself. */
  get hasGivenUp(): boolean {
    return this.#hasGivenUp
  }

  async reached(zxid: bigint, timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs
    while (this.zxid === null || this.zxid < zxid) {
      if (this.#hasGivenUp) throw new Error(`the follow ended: ${this.err}`)
      if (Date.now() > deadline) throw new Error(`the follow is at ${this.zxid}, not at ${zxid}: ${this.err}`)
      await pause(50)
    }
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    this.#isWanted = false
    this.#child.kill(signal)
    await this.#ended
  }

  #start(args: readonly string[]): ChildProcess {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    children.add(child)
    this.#ended = once(child, 'close').then(() => {
      children.delete(child)
      if (this.#isWanted) this.#hasGivenUp = true
    })
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { zxid, digestOk } = JSON.parse(line)
      this.zxid = zxid === null ? null : parseHex64(zxid)
      if (!digestOk) this.isHealthy = false
    })
    child.stderr.on('data', (chunk: Buffer) => {
      this.err = (this.err + chunk.toString()).slice(-20_000)
    })
    return child
  }
}

/** One command of ours that answers in JSON. */
export async function askCommand(script: string, ...args: string[]): Promise<Record<string, unknown>> {
  const child = spawn(process.execPath, [script, ...args, '--json', '--quiet'], { stdio: ['ignore', 'pipe', 'pipe'] })
  children.add(child)
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString()
  })
  await once(child, 'close')
  children.delete(child)
  if (out === '') throw new Error(`${args[0]}: ${err}`)
  return JSON.parse(out)
}
