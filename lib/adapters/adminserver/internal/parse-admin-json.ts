import { AdminServerError } from '../errors.ts'

/** JSON as the AdminServer writes it. Whole numbers beyond 2^53 (session ids, digests) are bigint, all others number. */
export type AdminJson = null | boolean | number | bigint | string | readonly AdminJson[] | AdminObject
export interface AdminObject {
  readonly [key: string]: AdminJson
}

const WHOLE = /^-?\d+$/

/** The reviver's third argument holds the text of a number as it stood: ECMAScript's JSON.parse source text access, Node 21+. */
type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown

/** Throws ADMIN_MALFORMED for what is no JSON object: a proxy's page, for example. */
export function parseAdminJson(text: string, what: string): AdminObject {
  const keepWhole: Reviver = (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && !Number.isSafeInteger(value) && WHOLE.test(source)
      ? BigInt(source)
      : value
  let parsed: unknown
  try {
    // The compiler's library does not know the third argument yet.
    parsed = JSON.parse(text, keepWhole as (key: string, value: unknown) => unknown)
  } catch (cause) {
    throw notJson(text, what, cause)
  }
  if (!isAdminObject(parsed)) throw notJson(text, what)
  return parsed
}

export function isAdminObject(value: unknown): value is AdminObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function notJson(text: string, what: string, cause?: unknown): AdminServerError {
  const start = text.slice(0, 80).replaceAll(/\s+/g, ' ')
  return new AdminServerError('ADMIN_MALFORMED', `${what} answered with no JSON object but with “${start}”`, {
    remedy: 'check that the address is that of the AdminServer (admin.serverPort), not of a proxy or another service',
    cause,
  })
}
