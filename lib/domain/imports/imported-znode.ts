import type { Acl } from '../znode/acl.ts'
import { findPathFault } from '../znode/path.ts'
import { kindFromOwner, NO_STAT } from '../znode/stat.ts'
import type { Znode, ZnodeStat } from '../znode/znode.ts'
import { importFault } from './errors.ts'

/** Far beyond what servers take by default (1 MiB); bounds the memory of a reader. */
export const IMPORT_VALUE_BYTES_MAX = 16 << 20

/** An ACL that the source does not say. A snapshot holds it as an empty list, which a server never makes. */
export const NO_ACL: Acl = []

export interface ImportedZnode {
  readonly path: string
  /** Null with an empty ACL list: nothing is known but that it is there. */
  readonly data: Uint8Array | null
  readonly acl: Acl
  readonly stat?: ZnodeStat
  readonly kind?: Znode['kind']
  readonly ttlMs?: number | null
}

/** `at`: byte of the file; null where a path says enough. */
export function toImportedZnode(given: ImportedZnode, at: number | null): Znode {
  const { path, data, acl, stat = NO_STAT } = given
  const fault = findPathFault(path)
  if (fault !== null) {
    throw importFault('BAD_IMPORT_PATH', `${JSON.stringify(path.slice(0, 200))} is not a znode path: ${fault}`, at)
  }
  if (data !== null && data.length > IMPORT_VALUE_BYTES_MAX) throw tooLarge(path, data.length, at)
  const told = kindFromOwner(stat.ephemeralOwner)
  const kind = given.kind ?? (told.kind === 'persistent' ? 'unknown' : told.kind)
  return { path, data, acl, stat, kind, ttlMs: given.ttlMs ?? told.ttlMs }
}

export function tooLarge(path: string, bytes: number, at: number | null) {
  return importFault(
    'IMPORT_TOO_LARGE',
    `The value of ${path} has ${bytes} bytes; at most ${IMPORT_VALUE_BYTES_MAX} can be imported`,
    at,
  )
}
