import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

/** What runs a worker: the bundle of a build, or the source through tsx. */
export interface WorkerCommand {
  readonly args: readonly string[]
}

const children = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

/** A real worker process of the product. */
export class WorkerProcess {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  static start(command: WorkerCommand, env: Readonly<Record<string, string>>, logFile: string): WorkerProcess {
    const log = openSync(logFile, 'a')
    const child = spawn(process.execPath, command.args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', log, log],
    })
    children.add(child)
    child.once('exit', () => children.delete(child))
    return new WorkerProcess(child)
  }

  get pid(): number {
    return this.#child.pid ?? -1
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** As a machine does that is switched off: no handler runs. */
  killNow(): void {
    this.#child.kill('SIGKILL')
  }

  freeze(): void {
    this.#child.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child.kill('SIGCONT')
  }

  async untilGone(): Promise<void> {
    if (this.isAlive) await once(this.#child, 'exit')
  }

  /** As whoever supervises it does, at the end of everything. */
  async stop(): Promise<void> {
    if (!this.isAlive) return
    this.thaw()
    this.#child.kill('SIGTERM')
    const gone = this.untilGone()
    const limit = new AbortController()
    await Promise.race([gone, pause(10_000, undefined, { signal: limit.signal }).catch(() => undefined)])
    limit.abort()
    this.killNow()
    await gone
  }
}
