/** A broken assumption of ours (a bug), never bad input. Input and outside failures raise an ArkeeperError instead. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError'
}

export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message)
}
