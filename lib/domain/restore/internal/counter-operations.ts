import { OPEN_ACL } from '../../znode/acl.ts'
import { joinPath } from '../../znode/path.ts'
import type { WriteOperation } from '../ports.ts'

const NAME = 'arkeeper-counter-'

/**
 * One step of a counter: a sequential child gets the parent's counter as its number, and is removed by the name that it has only if the
 * counter was `at`. In one multi, which is all or nothing, that is a guard: a counter that others have moved makes the whole multi fail.
 */
export function counterPair(parent: string, at: number): [WriteOperation, WriteOperation] {
  const path = joinPath(parent, NAME)
  return [
    { op: 'create', path, data: null, acl: OPEN_ACL, kind: 'persistent', ttlMs: null, sequential: true },
    { op: 'delete', path: path + formatSequence(at), version: 0 },
  ]
}

/** As servers write it: ten digits (`%010d`). */
export function formatSequence(counter: number): string {
  return String(counter).padStart(10, '0')
}
