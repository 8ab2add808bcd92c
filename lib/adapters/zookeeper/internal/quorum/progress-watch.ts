/** So many bytes of something long are a step of it; fewer are what somebody sends who wants to keep us waiting. */
const STEP_BYTES = 16 << 10

export interface ProgressWatchInput {
  /** Longest time between two steps, of what is waited for now. */
  limitMs(): number
  /** While we make the other side wait nobody is to blame for silence. */
  isPaused(): boolean
  onSilent(limitMs: number): void
}

/** Gives up who does not go on: a byte now and then is no going on. */
export class ProgressWatch {
  readonly #input: ProgressWatchInput
  #at = Date.now()
  #bytes = 0
  #timer: NodeJS.Timeout | null = null
  #isOver = false

  constructor(input: ProgressWatchInput) {
    this.#input = input
  }

  /** Of the last step. */
  get at(): number {
    return this.#at
  }

  step(): void {
    this.#at = Date.now()
    this.#bytes = 0
  }

  /** Of what is not whole yet. */
  received(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes >= STEP_BYTES) this.step()
  }

  start(): void {
    const limitMs = this.#input.limitMs()
    const leftMs = this.#input.isPaused() ? limitMs : this.#at + limitMs - Date.now()
    if (leftMs <= 0) {
      this.#input.onSilent(limitMs)
      return
    }
    this.#timer = setTimeout(() => {
      // What came while this process was busy with other things is looked at first.
      setImmediate(() => {
        if (!this.#isOver) this.start()
      })
    }, leftMs)
  }

  stop(): void {
    this.#isOver = true
    if (this.#timer) clearTimeout(this.#timer)
  }
}
