import { type ChildProcess, spawn } from 'node:child_process'
import { dirname } from 'node:path'
import { ScratchError } from '../errors.ts'
import { killGroup } from './scratch-folder.ts'

const OUTPUT_CHARS = 20_000
/** Of a JVM with ExitOnOutOfMemoryError. */
const OUT_OF_MEMORY_STATUS = 3

/**
 * The server replaces the shell, so that its number is the child's. The watcher reads a pipe whose other end only we hold: when this process
 * is gone, however it went, the pipe ends and the watcher kills the group that both are in.
 */
const WITH_WATCHER = 'exec 3<&0; (read -r _ <&3; kill -9 0) & exec 3<&-; exec "$@" </dev/null'

/** A Java process of our own group that does not outlive us. */
export class JavaProcess {
  readonly pid: number
  readonly #child: ChildProcess
  readonly #ended = new AbortController()
  readonly #gone: Promise<void>
  #output = ''
  #line = ''
  #wasKilled = false

  private constructor(child: ChildProcess, pid: number, onLine: (line: string) => void) {
    this.#child = child
    this.pid = pid
    const collect = (chunk: Buffer) => {
      const text = chunk.toString('utf8')
      this.#output = (this.#output + text).slice(-OUTPUT_CHARS)
      const lines = (this.#line + text).split('\n')
      this.#line = lines.pop() ?? ''
      for (const line of lines) onLine(line)
    }
    child.stdout?.on('data', collect)
    child.stderr?.on('data', collect)
    child.stdin?.on('error', () => undefined)
    this.#gone = new Promise((resolve) => {
      child.once('exit', (status) => {
        // The watcher, which waits on our pipe, is of the group.
        killGroup(pid)
        if (!this.#wasKilled) this.#ended.abort(this.#toError(status))
      })
      child.once('close', () => resolve())
    })
  }

  static start(
    command: readonly string[],
    options: { readonly cwd: string; readonly searchPath: string; readonly onLine: (line: string) => void },
  ): Promise<JavaProcess> {
    const java = command[0] ?? ''
    // Not our environment, which holds keys. The server hashes paths in the charset of its locale, and must do so in UTF-8.
    const env: NodeJS.ProcessEnv = {
      NODE_ENV: 'production',
      PATH: `${dirname(java)}:${options.searchPath}`,
      LANG: 'C.UTF-8',
      LC_ALL: 'C.UTF-8',
    }
    const child = spawn('/bin/sh', ['-c', WITH_WATCHER, 'sh', ...command], {
      cwd: options.cwd,
      env,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    return new Promise((resolve, reject) => {
      child.once('error', (cause) =>
        reject(new ScratchError('SCRATCH_NOT_STARTED', `${java} cannot be started: ${cause.message}`, { cause })),
      )
      child.once('spawn', () => resolve(new JavaProcess(child, child.pid ?? 0, options.onLine)))
    })
  }

  get output(): string {
    return this.#output
  }

  /** Aborted, with a ScratchError, when it ended without being killed by us. */
  get ended(): AbortSignal {
    return this.#ended.signal
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#wasKilled = true
      killGroup(this.pid)
    }
    await this.#gone
    this.#child.stdin?.destroy()
  }

  #toError(status: number | null): ScratchError {
    const output = this.#output
    if (status === OUT_OF_MEMORY_STATUS || output.includes('OutOfMemoryError')) {
      return new ScratchError('SCRATCH_OUT_OF_MEMORY', 'the scratch server ran out of memory', { details: { output } })
    }
    return new ScratchError('SCRATCH_ENDED', `the scratch server ended: ${lastWords(output)}`, { details: { output } })
  }
}

/** The line that tells most: the last one that names an error, else the last one. */
function lastWords(output: string): string {
  const lines = output.split('\n').map((line) => line.trim())
  const telling = lines.filter((line) => /^(\S*\.)?\w*(Exception|Error)\b.*:|^Caused by: | ERROR /.test(line))
  const line = telling.at(-1) ?? lines.filter(Boolean).at(-1) ?? 'it printed nothing'
  return line.length > 300 ? `${line.slice(0, 300)}…` : line
}
