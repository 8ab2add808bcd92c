import { API_ROOT, OPERATION_LIST, type OperationId } from './contract.ts'
import { curlOf } from './curl.ts'
import { makeOpenApi } from './openapi.ts'
import { type Method, TAGS, type Tag } from './operation.ts'

export interface DescribedInput {
  readonly name: string
  readonly place: 'path' | 'query' | 'body'
  readonly type: string
  readonly needed: boolean
  readonly description: string | null
}

export interface DescribedOperation {
  readonly id: OperationId
  readonly method: Method
  readonly path: string
  readonly summary: string
  readonly description: string
  readonly inputs: readonly DescribedInput[]
  readonly curl: string
}

/** The OpenAPI document as people read it, by tag. */
export function describeOperations(): readonly { readonly tag: Tag; readonly operations: DescribedOperation[] }[] {
  const paths = toObject(makeOpenApi('').paths)
  const described = OPERATION_LIST.map(([id, { method, path, tag }]) => {
    const facts = toObject(toObject(paths[path])[method.toLowerCase()])
    return {
      tag,
      operation: {
        id,
        method,
        path: API_ROOT + path,
        summary: String(facts.summary),
        description: String(facts.description),
        inputs: [...parametersOf(facts.parameters), ...fieldsOf(facts.requestBody)],
        curl: curlOf(id),
      },
    }
  })
  return TAGS.map((tag) => ({
    tag,
    operations: described.filter((each) => each.tag === tag).map(({ operation }) => operation),
  }))
}

function parametersOf(parameters: unknown): DescribedInput[] {
  if (!Array.isArray(parameters)) return []
  return parameters.map(toObject).flatMap(({ name, in: place, schema, required, description }) =>
    place === 'path' || place === 'query'
      ? [
          {
            ...{ name: String(name), place, type: typeOf(schema) },
            needed: required === true,
            description: toText(description),
          },
        ]
      : [],
  )
}

function fieldsOf(body: unknown): DescribedInput[] {
  const schema = toObject(toObject(toObject(toObject(body).content)['application/json']).schema)
  const required = Array.isArray(schema.required) ? schema.required : []
  return Object.entries(toObject(schema.properties)).map(([name, field]) => ({
    ...{ name, place: 'body', type: typeOf(field), needed: required.includes(name) },
    description: toText(toObject(field).description),
  }))
}

function typeOf(schema: unknown): string {
  const { type, enum: values, anyOf, oneOf } = toObject(schema)
  if (Array.isArray(values)) return values.join(' | ')
  const alternatives = [anyOf, oneOf].find(Array.isArray)
  if (alternatives) return [...new Set(alternatives.map(typeOf))].join(' or ')
  return toText(type) ?? 'object'
}

function toText(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

function toObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}
}
