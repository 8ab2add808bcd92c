/** An error as pages, jobs and the API show it: what failed, what was not affected, what to do. `id` finds it in the log. */
export interface ErrorView {
  readonly code: string
  readonly message: string
  readonly unaffected?: string
  readonly remedy?: string
  readonly fields?: Readonly<Record<string, string>>
  readonly id?: string
}

export type ActionResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: ErrorView }
