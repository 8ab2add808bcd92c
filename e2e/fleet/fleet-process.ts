import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'

export interface FleetProgram {
  readonly name: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly logFile: string
}

const children = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

/** A real process of the product, on what stands for a host of its own. */
export class FleetProcess {
  readonly name: string
  readonly #program: FleetProgram
  #child: ChildProcess

  constructor(program: FleetProgram) {
    this.name = program.name
    this.#program = program
    this.#child = launch(program)
  }

  get pid(): number {
    return this.#child.pid ?? -1
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** As a machine that is switched off: no handler runs. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  async stop(): Promise<void> {
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 20_000)
    await this.#end('SIGTERM')
    clearTimeout(late)
  }

  restart(): void {
    if (!this.isAlive) this.#child = launch(this.#program)
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (!this.isAlive) return
    const gone = once(this.#child, 'exit')
    this.#child.kill(signal)
    await gone
  }
}

function launch({ args, env, logFile }: FleetProgram): ChildProcess {
  const log = openSync(logFile, 'a')
  const child = spawn(process.execPath, args, { env: { ...process.env, ...env }, stdio: ['ignore', log, log] })
  children.add(child)
  child.once('exit', () => children.delete(child))
  return child
}
