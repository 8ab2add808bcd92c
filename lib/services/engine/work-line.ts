/** Work that is done in order, one after the other, while whoever brings it goes on: until so much waits that he has to. */
export class WorkLine {
  readonly #weightMax: number
  readonly #onFailure: () => void
  #tail: Promise<void> = Promise.resolve()
  #weight = 0
  #failure: { readonly error: unknown } | null = null

  /** `onFailure`: what waits behind a failure is not done. */
  constructor(weightMax: number, onFailure: () => void) {
    this.#weightMax = weightMax
    this.#onFailure = onFailure
  }

  /** Resolves when there is room for more. Throws what failed. */
  async push(weight: number, work: () => Promise<void>): Promise<void> {
    this.#weight += weight
    this.#tail = this.#tail.then(async () => {
      try {
        if (this.#failure === null) await work()
      } catch (error) {
        this.#failure = { error }
        this.#onFailure()
      } finally {
        this.#weight -= weight
      }
    })
    if (this.#weight > this.#weightMax) await this.#tail
    this.#assertSound()
  }

  /** All is done. Throws what failed. */
  async drain(): Promise<void> {
    await this.#tail
    this.#assertSound()
  }

  #assertSound(): void {
    if (this.#failure !== null) throw this.#failure.error
  }
}
