import { parseHex64 } from '../../base/hex64.ts'
import { ServiceError } from '../errors.ts'
import type { MomentId } from './open-moment.ts'

/** Of a reference or a job's payload. Throws INVALID_INPUT for a zxid that is none. */
export function toMomentId({ clusterId, zxid: text }: { readonly clusterId: string; readonly zxid: string }): MomentId {
  const zxid = parseHex64(text)
  if (zxid === null) throw new ServiceError('INVALID_INPUT', `"${text}" is no zxid`)
  return { clusterId, zxid }
}
