import { once } from 'node:events'
import type { EngineProgress } from '../services/engine/progress.ts'

const REDRAW_MS = 200
const BAR_CELLS = 24

/** Where a command writes. Answers go to standard output and nothing else does, so that they can be piped. */
export class Terminal {
  readonly #out: NodeJS.WriteStream
  readonly #err: NodeJS.WriteStream
  readonly #quiet: boolean
  #drawnAt = 0
  #isDrawn = false
  #stage = ''

  constructor(
    options: { readonly out?: NodeJS.WriteStream; readonly err?: NodeJS.WriteStream; readonly quiet?: boolean } = {},
  ) {
    this.#out = options.out ?? process.stdout
    this.#err = options.err ?? process.stderr
    this.#quiet = options.quiet ?? false
  }

  /** Waits while whoever reads is slower. */
  async print(text: string | Uint8Array): Promise<void> {
    if (!this.#out.write(text)) await once(this.#out, 'drain')
  }

  async line(text: string): Promise<void> {
    await this.print(`${text}\n`)
  }

  /** One line on standard error. */
  complain(text: string): void {
    this.clear()
    this.#err.write(`${text}\n`)
  }

  /** A bar on a terminal; elsewhere one line a stage, so that logs stay short. */
  progress(progress: EngineProgress): void {
    if (this.#quiet) return
    if (!this.#err.isTTY) {
      if (progress.stage !== this.#stage) this.#err.write(`${progress.stage}\n`)
      this.#stage = progress.stage
      return
    }
    const now = Date.now()
    if (progress.stage === this.#stage && now - this.#drawnAt < REDRAW_MS) return
    this.#stage = progress.stage
    this.#drawnAt = now
    this.#isDrawn = true
    this.#err.write(`\r\u001b[K${describe(progress)}`)
  }

  clear(): void {
    if (this.#isDrawn) this.#err.write('\r\u001b[K')
    this.#isDrawn = false
  }
}

function describe({ stage, done, total, ratePerSecond, etaMs }: EngineProgress): string {
  const rate = ratePerSecond > 0 ? `, ${ratePerSecond}/s` : ''
  if (total === null || total === 0) return `${stage} ${done}${rate}`
  const cells = Math.round((done / total) * BAR_CELLS)
  const left = etaMs === null ? '' : `, ${Math.ceil(etaMs / 1000)} s left`
  return `${stage} [${'='.repeat(cells)}${' '.repeat(BAR_CELLS - cells)}] ${done}/${total}${rate}${left}`
}
