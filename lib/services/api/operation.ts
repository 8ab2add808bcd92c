import type { z } from 'zod'
import type { Role } from '../context.ts'
import { type Action, LEAST_ROLE } from '../policy.ts'
import { TOKEN_SCOPES, type TokenScope } from '../tokens/schemas.ts'
import { SCOPE_OF } from '../tokens/token-scopes.ts'

export type Method = 'GET' | 'POST' | 'DELETE'

/** What a handler answers: JSON of a schema, or a stream that is saved or read line by line. */
export type AnswerShape<Schema extends z.ZodType = z.ZodType> =
  | { readonly kind: 'json'; readonly status: 200 | 202; readonly schema: Schema }
  | { readonly kind: 'none'; readonly status: 204 }
  | {
      readonly kind: 'stream'
      readonly status: 200
      readonly contentTypes: readonly string[]
      readonly line?: z.ZodType
    }

export interface OperationShape {
  readonly method: Method
  /** Below /api/v1, with `{name}` for each of `params`. */
  readonly path: `/${string}`
  readonly tag: Tag
  readonly summary: string
  readonly description?: string
  /** What the gate asks for; null: only reads, and whoever sees the cluster may. */
  readonly action: Action | null
  /** Of a read: any of these will do. What an action needs stands in the table of scopes. */
  readonly scopes?: readonly TokenScope[]
  readonly params: z.ZodObject
  readonly query: z.ZodObject
  readonly body: z.ZodObject | null
  readonly answer: AnswerShape
}

export const TAGS = [
  'clusters',
  'trees',
  'backups',
  'stores',
  'encryption',
  'schedules',
  'diffs',
  'restores',
  'searches',
  'jobs',
  'alerts',
  'audit',
] as const
export type Tag = (typeof TAGS)[number]

/** One route of the API. Everything else (dispatch, OpenAPI, client, documentation, the tests of doors) is made from it. */
export function operation<const Shape extends OperationShape>(shape: Shape): Shape {
  return shape
}

export function leastRoleOf({ action }: OperationShape): Role {
  return action === null ? 'viewer' : LEAST_ROLE[action]
}

/** A token needs one of these. */
export function scopesOf({ action, scopes }: OperationShape): readonly TokenScope[] {
  if (action === null) return scopes ?? ['read']
  const needed: TokenScope | 'any' | null = SCOPE_OF[action]
  if (needed === null) return []
  return needed === 'any' ? TOKEN_SCOPES : [needed]
}
