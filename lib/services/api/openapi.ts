import { z } from 'zod'
import { API_ROOT, OPERATION_LIST } from './contract.ts'
import { type AnswerShape, leastRoleOf, type OperationShape, scopesOf, TAGS } from './operation.ts'
import { inputOf } from './run-operation.ts'
import { problem } from './shapes.ts'

type Json = Record<string, unknown>

/** OpenAPI 3.1, made from the operations: what is described is what is checked. */
export function makeOpenApi(version: string): Json {
  const schemas: Record<string, unknown> = {}
  const paths: Record<string, Record<string, unknown>> = {}
  const refer = (schema: z.ZodType, io: 'input' | 'output') => toJsonSchema(schema, io, schemas)
  const problemAnswer = (description: string) => ({
    description,
    content: { 'application/json': { schema: refer(problem, 'output') } },
  })
  for (const [id, operation] of OPERATION_LIST) {
    const input = inputOf(operation)
    const at = paths[operation.path] ?? {}
    paths[operation.path] = at
    const scopes = scopesOf(operation)
    at[operation.method.toLowerCase()] = {
      operationId: id,
      tags: [operation.tag],
      summary: operation.summary,
      description: [
        operation.description,
        `Needs a token with the scope ${scopes.join(' or ')}, of somebody who is ${leastRoleOf(operation)} or more.`,
      ]
        .filter(Boolean)
        .join(' '),
      'x-scopes': scopes,
      'x-least-role': leastRoleOf(operation),
      parameters: [
        ...parametersOf('path', refer(input.shape.params, 'input')),
        ...parametersOf('query', refer(input.shape.query, 'input')),
        ...(operation.method === 'POST' && operation.answer.kind === 'json' ? [IDEMPOTENCY_KEY] : []),
      ],
      ...(operation.body === null
        ? {}
        : {
            requestBody: {
              required: isNeeded(operation),
              content: { 'application/json': { schema: refer(input.shape.body, 'input') } },
            },
          }),
      responses: {
        [operation.answer.status]: describeAnswer(operation.answer, refer),
        401: problemAnswer('There is no token, or none that works'),
        403: problemAnswer('The scope of the token, or the role of its owner, is not enough'),
        default: problemAnswer('It came to nothing, for the reason given'),
      },
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Arkeeper',
      version,
      summary: 'Back up, prove, compare and restore ZooKeeper data',
      description:
        'Bearer tokens only: make one on your account page. zxids are hex strings, times milliseconds since 1970, values base64 or null.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: API_ROOT }],
    security: [{ token: [] }],
    tags: TAGS.map((name) => ({ name })),
    paths,
    components: {
      schemas,
      securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'ark_…' } },
    },
  }
}

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'The same key gets the first answer again, for a day, and starts nothing a second time',
  schema: { type: 'string', maxLength: 200 },
}

/** Whether a body without fields would be refused. */
function isNeeded({ body }: OperationShape): boolean {
  return body !== null && !body.safeParse({}).success
}

function describeAnswer(answer: AnswerShape, refer: (schema: z.ZodType, io: 'output') => unknown): Json {
  if (answer.kind === 'none') return { description: 'Done' }
  if (answer.kind === 'json') {
    return { description: 'Done', content: { 'application/json': { schema: refer(answer.schema, 'output') } } }
  }
  const line = answer.line && refer(answer.line, 'output')
  return {
    description: line === undefined ? 'The content' : 'JSON Lines',
    content: Object.fromEntries(
      answer.contentTypes.map((type) => [
        type,
        line === undefined ? { schema: { type: 'string' } } : { schema: { type: 'string' }, 'x-line': line },
      ]),
    ),
  }
}

function parametersOf(place: 'path' | 'query', schema: Json): Json[] {
  const required = Array.isArray(schema.required) ? schema.required : []
  return Object.entries(toObject(schema.properties)).map(([name, property]) => {
    const { description, ...rest } = toObject(property)
    return {
      name,
      in: place,
      required: place === 'path' || required.includes(name),
      ...(description === undefined ? {} : { description }),
      schema: rest,
    }
  })
}

/** A schema for the document; what has a name is put beside the others and referred to. */
function toJsonSchema(schema: z.ZodType, io: 'input' | 'output', named: Record<string, unknown>): Json {
  // Inside of an object, so that a schema that is named itself is referred to as well.
  const { properties, $defs = {} } = z.toJSONSchema(z.object({ it: schema }), { io })
  for (const [name, { id: _id, ...definition }] of Object.entries($defs)) named[name] = moveReferences(definition)
  return toObject(moveReferences(properties?.it))
}

function toObject(value: unknown): Json {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}
}

function moveReferences(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(moveReferences)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, part]): [string, unknown][] => {
      if (key === '$ref') return [[key, String(part).replace('#/$defs/', '#/components/schemas/')]]
      // Of our types, not of the data.
      return key === 'readOnly' ? [] : [[key, moveReferences(part)]]
    }),
  )
}
