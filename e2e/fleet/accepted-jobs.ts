/** What was asked for and promised: each of these jobs must come to one end. */
export class AcceptedJobs {
  readonly #kinds = new Map<string, string>()
  /** Requests of which nobody knows whether they were taken, because the web process died while it answered. */
  inDoubt = 0

  add(kind: string, jobId: unknown): string {
    if (typeof jobId !== 'string') throw new Error(`an accepted ${kind} has no job: ${JSON.stringify(jobId)}`)
    this.#kinds.set(jobId, kind)
    return jobId
  }

  get all(): ReadonlyMap<string, string> {
    return this.#kinds
  }
}
