import { ServiceError } from '../errors.ts'

/** A cursor that is a place in a file; absent: its beginning. */
export function readIndex(cursor: string | undefined): number | undefined {
  if (cursor === undefined) return undefined
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor)
  throw new ServiceError('INVALID_INPUT', `"${cursor}" is not a place in the list`)
}
