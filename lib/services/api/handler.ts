import type { z } from 'zod'
import type { ServiceContext } from '../context.ts'
import type { OperationId, Operations } from './contract.ts'

/** A body that is made as fast as it is read. Its first piece is made before the answer begins, so that its errors have a status. */
export interface Stream {
  readonly pieces: AsyncIterable<string | Uint8Array>
  readonly contentType: string
  readonly name: string
  readonly bytes?: number
}

type BodyOf<Shape> = Shape extends z.ZodType ? z.output<Shape> : null
type AnswerOf<Answer> = Answer extends { readonly kind: 'json'; readonly schema: infer Schema extends z.ZodType }
  ? z.input<Schema>
  : Answer extends { readonly kind: 'none' }
    ? null
    : Stream

/** One service call, or little more, with what was asked for already parsed. */
export type Handler<Id extends OperationId> = (
  context: ServiceContext,
  input: {
    readonly params: z.output<Operations[Id]['params']>
    readonly query: z.output<Operations[Id]['query']>
    readonly body: BodyOf<Operations[Id]['body']>
  },
) => Promise<AnswerOf<Operations[Id]['answer']>>

export type Handlers<Contract> = { readonly [Id in Extract<keyof Contract, OperationId>]: Handler<Id> }

export const JSON_LINES = 'application/x-ndjson; charset=utf-8'
export const CSV = 'text/csv; charset=utf-8'
