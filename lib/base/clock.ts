/** Wall clock in milliseconds since 1970-01-01T00:00Z. Engines take one as an argument so that tests can set the time. */
export interface Clock {
  now(): number
}

export const systemClock: Clock = { now: () => Date.now() }
